/** lockstep passwd, password-policies, violations. Rule: a password is typed twice without echo, or comes by stdin; never in the arguments. */
import { readFileSync } from "node:fs";
import { Fault } from "../kernel/fault.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { seg } from "./client.ts";
import { fromStdin, newSecret } from "./prompt.ts";
import { relative, table } from "./print.ts";
import { follow } from "./rotate.ts";
import type { List, Rotation } from "./shapes.ts";

type Opened = { readonly rotation: Rotation | null; readonly joined: boolean };
const typed = async (run: Run, name: string): Promise<string | undefined> => {
  if (run.flag("generate")) return undefined;
  return run.flag("passwordStdin") ? fromStdin(run.io) : newSecret(run.io, `New password of ${name}`, "Give it with --password-stdin, or let --generate make one.");
};
const change = async (run: Run, name: string): Promise<void> => {
  const password = await typed(run, name), remote = !run.flag("local");
  const r = await run.client.json<Opened>("POST", `/accounts/${seg(name)}/password`, {
    ...(password === undefined ? {} : { password }), remote, probe: run.flag("probe"), cut: run.flag("cut"), reason: run.text("reason") ?? "",
  });
  if (r.joined) run.say("A change was under way already: this is it. What you typed was not kept.");
  if (r.rotation && run.flag("wait")) return follow(run, r.rotation);
  run.print(r, () => (r.rotation ? `${r.rotation.id} ${r.rotation.state}. Follow it with: lockstep rotations show ${r.rotation.id} --wait` : `${name}: kept as declared; nobody was asked.`));
};
export const passwd: Register = (program, io) => {
  example(program.command("passwd").description("change a password: typed twice or generated, on the target or in the vault alone").argument("<account>", "such as root@web-1")
    .option("-g, --generate", "let the broker make one nobody sees").option("--password-stdin", "read it from stdin").option("--local", "the target has it already: the vault asks the target")
    .option("--probe", "with --local on an account nobody manages: ask the target too").option("--cut", "end what others hold of it first").option("-r, --reason <text>", "why", "").option("-w, --wait", "until it has ended"),
  "lockstep passwd root@web-1 --wait", "lockstep passwd root@web-1 --generate --cut --reason \"laptop stolen\"").action(act(io, (run, name) => change(run, name!)));
};

type Policy = { readonly name: string; readonly builtIn: boolean; readonly length: number; readonly history: number; readonly minAgeHours: number; readonly maxAgeDays: number; readonly uses: { readonly platforms: readonly string[]; readonly targets: readonly string[]; readonly accounts: number } };
const rulesIn = async (run: Run, file: string): Promise<Record<string, unknown>> => {
  try { return JSON.parse(file === "-" ? await fromStdin(run.io) : readFileSync(file, "utf8")) as Record<string, unknown>; } catch (cause) { throw new Fault("invalid", `${file} is no password policy in JSON: ${(cause as Error).message}`, { cause }); }
};
const put = async (run: Run, name: string, file: string): Promise<unknown> => {
  const { name: _name, builtIn: _builtIn, uses: _uses, ...rules } = await rulesIn(run, file);
  return run.show<Policy>("PUT", `/password-policies/${seg(name)}`, rules, (p) => `${p.name} saved. The next change of each account goes by it.`);
};
const subjectOf = (text: string, run: Run): { kind: string; subject: string } =>
  run.flag("platform") ? { kind: "platform", subject: text } : { kind: text.includes("@") ? "account" : "target", subject: text };

export const passwordPolicies: Register = (program, io) => {
  const group = program.command("password-policies").description("what passwords must be, and where that is bound");
  example(group.command("list").description("all of them"), "lockstep password-policies list").action(act(io, (run) => run.show<List<Policy>>("GET", "/password-policies?limit=500", undefined, ({ items }) =>
    table(["policy", "length", "history", "kept (h)", "changed after (d)", "bound to"], items.map((p) => [p.name, p.length, p.history, p.minAgeHours, p.maxAgeDays || "never", [...p.uses.platforms, ...p.uses.targets, p.uses.accounts > 0 ? `${p.uses.accounts} accounts` : ""].filter(Boolean).join(", ")]), "None."))));
  example(group.command("show").description("one, as the JSON that `put` takes").argument("<policy>", "its name"), "lockstep password-policies show strong > own.json").action(act(io, (run, name) => run.show<Policy>("GET", `/password-policies/${seg(name!)}`, undefined, (p) => JSON.stringify(p, null, 2))));
  example(group.command("put").description("add or replace one").argument("<policy>", "its name").argument("<file>", "JSON, or - for stdin"), "lockstep password-policies put own own.json").action(act(io, (run, name, file) => put(run, name!, file!)));
  example(group.command("remove").description("remove one that nothing is bound to").argument("<policy>", "its name"), "lockstep password-policies remove own").action(act(io, (run, name) => run.show("DELETE", `/password-policies/${seg(name!)}`, undefined, () => `${name!} removed.`)));
  example(group.command("bind").description("to an account (root@web-1), a target (web-1), or with --platform a platform").argument("<subject>", "what goes by it").argument("[policy]", "its name; none: unbind").option("--platform", "the subject is a platform"), "lockstep password-policies bind web-1 strong", "lockstep password-policies bind --platform linux-ssh medium")
    .action(act(io, (run, subject, policy) => run.show<{ policy: string | null }>("POST", "/password-policies/bind", { ...subjectOf(subject!, run), policy: policy ?? null }, (b) => `${subject!} ${b.policy ? `goes by ${b.policy}` : "has none of its own"} from its next change on.`)));
};

type Violation = { readonly account: string; readonly policy: string; readonly from: string; readonly broken: readonly string[]; readonly tooOldSince: string | null };
export const violations: Register = (program, io) => {
  example(program.command("violations").description("accounts whose password in force breaks its policy or is too old"), "lockstep violations").action(act(io, (run) => run.show<List<Violation>>("GET", "/password-violations?limit=500", undefined, ({ items }) =>
    table(["account", "policy", "needs", "too old"], items.map((v) => [v.account, `${v.policy} (${v.from})`, v.broken.join("; "), v.tooOldSince ? `since ${relative(v.tooOldSince, run.now)}` : ""]), "Every password in force keeps its policy."))));
};
