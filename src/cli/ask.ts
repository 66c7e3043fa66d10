/** lockstep ask. Rule: --wait ends with the request's fate as the exit code: 0 approved, 3 denied, 5 anything else. */
import { Fault } from "../kernel/fault.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { seg } from "./client.ts";
import { relative } from "./print.ts";
import type { RequestDetail } from "./shapes.ts";
import { waitFor } from "./wait.ts";

const count = (text: string, what: string): number => {
  if (!/^\d{1,6}$/.test(text)) throw new Fault("invalid", `${what} is a whole number, not "${text}".`);
  return Number(text);
};
const lengthOf = (run: Run): { minutes: number; window?: { from: string; to: string } } => {
  const [from, to] = [run.text("from"), run.text("to")].map((t) => (t === undefined ? undefined : new Date(t)));
  if (!from && !to) return { minutes: count(run.text("minutes") ?? "", "--minutes") };
  if (!from || !to || Number.isNaN(from.getTime()) || Number.isNaN(to.getTime())) throw new Fault("invalid", "A window needs --from and --to, such as 2026-11-30T20:00:00Z.");
  return { minutes: Math.max(1, Math.ceil((to.getTime() - from.getTime()) / 60_000)), window: { from: from.toISOString(), to: to.toISOString() } };
};
export const waiting = (r: RequestDetail): string => `${r.id}: ${r.approvals.have} of ${r.approvals.need} votes${r.waitsForConfirmation ? ", and a change of yours waits for confirmation" : ""}; asked: ${r.approvers.join(", ")}`;
const approved = (r: RequestDetail, run: Run): string => `${r.id} approved: ${r.minutes ?? r.asked} minutes of ${r.account.name}, to be begun ${relative(r.startBy, run.now)}${r.queue && !r.queue.yours ? `. ${r.queue.says}` : ""}${r.preset === "release" ? `. See the password with: lockstep release ${r.id}` : ""}`;

export const fateOf = (r: RequestDetail): Fault | null => {
  if (r.state === "approved" || r.state === "checked_out") return null;
  const by = r.votes.find((v) => v.decision === "deny")?.by;
  return r.state === "denied" ? new Fault("forbidden", `Denied${by ? ` by ${by}` : ""}: ${r.endReason ?? ""}`) : new Fault("conflict", `The request is ${r.state}${r.endReason ? `: ${r.endReason}` : ""}.`);
};

export const ask: Register = (program, io) => {
  example(program.command("ask").description("ask for an account").argument("<account>", "such as root@web-1")
    .option("-m, --minutes <n>", "for how long, from first use").option("--from <time>", "a fixed window instead: its begin, ISO 8601").option("--to <time>", "its end").option("-r, --reason <text>", "why", "").option("-t, --ticket <text>", "ticket number", "").option("-p, --policy <name>", "by which policy, where several let you ask").option("--break-glass <share|cut>", "with a break-glass policy: beside who holds it, or in their place").option("-w, --wait", "wait for the votes"),
    "lockstep ask root@web-1 --minutes 30 --reason \"disk full\" --wait")
    .action(act(io, async (run, account) => {
      const body = { account, ...lengthOf(run), reason: run.text("reason"), ticket: run.text("ticket"), ...(run.text("policy") ? { policy: run.text("policy") } : {}), ...(run.text("breakGlass") ? { others: run.text("breakGlass") } : {}) };
      const r = await run.client.json<RequestDetail>("POST", "/requests", body);
      if (!run.flag("wait")) return run.print(r, () => (r.state === "checked_out" ? `${r.id}: the glass is broken, ${r.account.name} is yours until ${r.until ?? ""}. See the password with: lockstep release ${r.id}` : `${r.id} ${r.state}. Asked: ${r.approvers.join(", ")}.`));
      const end = await waitFor(io, () => run.client.json<RequestDetail>("GET", `/requests/${seg(r.id)}`), (x) => x.state !== "pending", waiting), fate = fateOf(end);
      if (run.json || fate === null) run.print(end, () => approved(end, run));
      if (fate) throw fate;
    }));
};
