/** lockstep rotate, verify. Rule: the exit code is the truth: 0 only when the new password was proven, or the old one is in force. */
import { Fault } from "../kernel/fault.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { seg } from "./client.ts";
import { relative } from "./print.ts";
import type { Rotation } from "./shapes.ts";
import { waitFor } from "./wait.ts";

const say = (run: Run) => (r: Rotation): string => `${r.account}: ${r.state}${r.attempt > 1 ? `, attempt ${r.attempt}` : ""}${r.why ? `, ${r.why}` : ""}${r.nextAt && new Date(r.nextAt) > run.io.clock.now() ? `, again ${relative(r.nextAt, run.io.clock.now())}` : ""}`;

/** A dead letter stays open, but goes on only when a person decides: it ends the waiting too. */
export const follow = async (run: Run, opened: Rotation): Promise<void> => {
  const end = await waitFor(run.io, () => run.client.json<Rotation>("GET", `/rotations/${seg(opened.id)}`), (r) => r.done || r.state === "dead_letter", say(run));
  run.print(end, () => (end.state === "committed" ? `${end.account}: the new password is in force and proven.` : `${end.account}: ${end.state}.`));
  if (end.state === "refused") throw new Fault("upstream", `${end.account} was not changed: ${end.why ?? "the target refused"}.`);
  if (end.state === "dead_letter") throw new Fault("upstream", `${end.account}: the broker could not settle which password is in force (${end.why ?? "no answer"}). A person must look at it.`);
};

export const rotate: Register = (program, io) => {
  example(program.command("rotate").description("change the password of an account now").argument("<account>", "such as root@web-1").option("-r, --reason <text>", "why", "").option("-w, --wait", "until it is proven"), "lockstep rotate root@web-1 --wait")
    .action(act(io, async (run, account) => {
      const r = await run.client.json<Rotation>("POST", `/accounts/${seg(account!)}/rotate`, { reason: run.text("reason") });
      return run.flag("wait") ? follow(run, r) : run.print(r, () => `${r.id} ${r.state}. Follow it with: lockstep rotations show ${r.id} --wait`);
    }));
};

type Preflight = { readonly policy: string; readonly rules: Readonly<Record<string, number>> | null; readonly why: string | null; readonly conflicts: readonly { readonly stops: boolean; readonly says: string }[] };
export const preflight: Register = (program, io) => {
  example(program.command("preflight").description("the target's own rules for a password, beside our policy; changes nothing").argument("<account>", "such as root@web-1"), "lockstep preflight root@web-1")
    .action(act(io, async (run, account) => {
      const p = await run.show<Preflight>("POST", `/accounts/${seg(account!)}/preflight`, {}, (x) => (x.rules === null ? `The target did not tell its rules: ${x.why ?? ""}`
        : x.conflicts.length === 0 ? `Nothing the target says stands against policy ${x.policy}.` : x.conflicts.map((c) => `${c.stops ? "stops changes" : "worth knowing"}: ${c.says}`).join("\n")));
      if (p.conflicts.some((c) => c.stops)) throw new Fault("upstream", "The target's own rules would stop or undo changes.");
    }));
};

type Verdict = { readonly verdict: string; readonly by: string; readonly why: string };
export const verify: Register = (program, io) => {
  example(program.command("verify").description("does the vault's password still open the target?").argument("<account>", "such as root@web-1"), "lockstep verify root@web-1")
    .action(act(io, async (run, account) => {
      const v = await run.show<Verdict>("POST", `/accounts/${seg(account!)}/verify`, {}, (x) => `${x.verdict.replaceAll("_", " ")} (by ${x.by}): ${x.why}`);
      if (v.verdict !== "in_force") throw new Fault("upstream", v.verdict === "unknown" ? `Nobody knows: ${v.why}` : v.why);
    }));
};
