/** lockstep dependents. Rule: the password never comes here; a line of a file is a template, as it stands in the file. */
import { Fault } from "../kernel/fault.ts";
import { act, example, type Register } from "./act.ts";
import { seg } from "./client.ts";
import { plain } from "./io.ts";
import { relative, table } from "./print.ts";
import type { When } from "./shapes.ts";

type Dependent = { readonly id: string; readonly account: string; readonly target: string; readonly phase: string; readonly no: number; readonly goOn: boolean; readonly says: string; readonly by: string; readonly accepted: { readonly by: string | null } | null };
type Run = { readonly id: string; readonly account: string; readonly target: string; readonly phase: string; readonly says: string; readonly state: string; readonly why: string | null; readonly held: string | null; readonly endedAt: When };
type Items<T> = { readonly items: readonly T[] };
type Tested = { readonly ok: boolean; readonly why: string | null };
const state = (d: Dependent): string => (d.accepted ? `accepted by ${d.accepted.by ?? "?"}` : "waits for another admin");
const added = (d: Dependent): string => `${d.id}: ${d.says} on ${d.target}, ${d.phase} the change of ${d.account}; ${state(d)}.`;
const runs = (now: Date) => ({ items }: Items<Run>): string =>
  table(["id", "account", "what", "on", "when", "state", "ended", "why"], items.map((r) => [r.id, r.account, r.says, r.target, r.phase, r.state, relative(r.endedAt, now), r.held ? `behind: ${r.held}` : r.why]), "Nothing.");

export const dependents: Register = (program, io) => {
  const group = program.command("dependents").description("services and files that follow each change of a password");
  example(group.command("list").description("of an account, in their order").argument("<account>", "such as app@db-1"), "lockstep dependents list app@db-1").action(act(io, (run, account) => run.show<Items<Dependent>>("GET", `/accounts/${seg(account!)}/dependents`, undefined, ({ items }) =>
    table(["id", "when", "no", "what", "on", "if it fails", "state"], items.map((d) => [d.id, d.phase, d.no, d.says, d.target, d.goOn ? "go on" : "stop", state(d)]), "Nothing depends on it."))));
  example(group.command("service").description("add a service to be restarted (or --action) after each change").argument("<account>").argument("<service>").requiredOption("--on <target>", "where it runs")
    .option("--action <action>", "restart, reload, stop or start", "restart").option("--before", "before the change").option("--go-on", "what comes after it is done even if it fails"), "lockstep dependents service app@db-1 billing --on web-1")
    .action(act(io, (run, account, unit) => run.show<Dependent>("POST", `/accounts/${seg(account!)}/dependents`, { target: run.text("on"), phase: run.flag("before") ? "before" : "after", goOn: run.flag("goOn"), what: { does: "service", unit, action: run.text("action") } }, added)));
  example(group.command("file").description("add a file that gets the new password after each change").argument("<account>").argument("<path>").requiredOption("--on <target>", "where it is").requiredOption("--line <template>", "the line as it stands there, with {{password}}")
    .option("--form <form>", "how it is written: plain, quoted, json, url, pgpass or xml", "plain").option("--go-on", "what comes after it is done even if it fails"), "lockstep dependents file app@db-1 /etc/app/app.conf --on web-1 --line 'password = {{password}}'")
    .action(act(io, (run, account, path) => run.show<Dependent>("POST", `/accounts/${seg(account!)}/dependents`, { target: run.text("on"), goOn: run.flag("goOn"), what: { does: "rewrite", path, line: run.text("line"), form: run.text("form") } }, added)));
  example(group.command("steps").description("add a list of a device's command set that is walked after each change").argument("<account>").argument("<list>", "its name under follow").requiredOption("--on <target>", "the device")
    .option("--go-on", "what comes after it is done even if it fails"), "lockstep dependents steps radius@db-1 radius-key --on switch-1")
    .action(act(io, (run, account, list) => run.show<Dependent>("POST", `/accounts/${seg(account!)}/dependents`, { target: run.text("on"), goOn: run.flag("goOn"), what: { does: "steps", list } }, added)));
  example(group.command("logon").description("give the new password to what logs on by itself on Windows as that account").argument("<account>").argument("<kind>", "service, task or pool").argument("<name>", "of a task its whole path").requiredOption("--on <target>", "the machine")
    .option("--go-on", "what comes after it is done even if it fails"), "lockstep dependents logon svc-app@dc-1 service Billing --on app-1", "lockstep dependents logon svc-app@dc-1 task '\\Backup\\Nightly' --on app-1")
    .action(act(io, (run, account, of, name) => run.show<Dependent>("POST", `/accounts/${seg(account!)}/dependents`, { target: run.text("on"), goOn: run.flag("goOn"), what: { does: "logon", of, name } }, added)));
  example(group.command("accept").description("one that another admin wrote").argument("<dependent>", "dep_…"), "lockstep dependents accept dep_…").action(act(io, (run, id) => run.show<Dependent>("POST", `/dependents/${seg(id!)}/accept`, {}, added)));
  for (const to of ["up", "down"] as const) example(group.command(to).description(`one place ${to}`).argument("<dependent>", "dep_…"), `lockstep dependents ${to} dep_…`).action(act(io, (run, id) => run.show<Dependent>("POST", `/dependents/${seg(id!)}/move`, { to }, (d) => `${d.says}: place ${d.no}`)));
  example(group.command("test").description("look at rights and place on the target; changes nothing").argument("<dependent>", "dep_…"), "lockstep dependents test dep_…").action(act(io, async (run, id) => {
    const t = await run.client.json<Tested>("POST", `/dependents/${seg(id!)}/test`, {});
    run.print(t, () => (t.ok ? "It can be done. Nothing was changed." : plain(`It cannot be done: ${t.why ?? ""}`)));
    if (!t.ok) throw new Fault("upstream", `It cannot be done: ${t.why ?? ""}`);
  }));
  example(group.command("remove").description("from the next change on it is not done").argument("<dependent>", "dep_…"), "lockstep dependents remove dep_…").action(act(io, (run, id) => run.show("DELETE", `/dependents/${seg(id!)}`, undefined, () => "Removed.")));
  example(group.command("runs").description("what came of them: of one change, or everywhere what failed or waits").argument("[rotation]", "rot_…"), "lockstep dependents runs", "lockstep dependents runs rot_…")
    .action(act(io, (run, id) => run.show<Items<Run>>("GET", id === undefined ? "/dependent-runs" : `/rotations/${seg(id)}/dependents`, undefined, runs(run.now))));
  for (const [word, says] of [["again", "one that failed or is unknown: do it again"], ["skip", "leave it out, because it was done by hand"]] as const)
    example(group.command(word).description(says).argument("<run>", "dpr_…"), `lockstep dependents ${word} dpr_…`).action(act(io, (run, id) => run.show<Items<Run>>("POST", `/dependent-runs/${seg(id!)}/${word}`, {}, runs(run.now))));
};
