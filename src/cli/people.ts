/** lockstep people, groups. Rule: a password is typed twice without echo, or comes by stdin. */
import { readFileSync } from "node:fs";
import { act, collect, example, type Register, type Run } from "./act.ts";
import { seg, withQuery } from "./client.ts";
import { membersOf } from "./members.ts";
import { fromStdin, newSecret } from "./prompt.ts";
import { table } from "./print.ts";
import type { List, Person } from "./shapes.ts";

const said = (p: Person): string => `${p.name} (${p.roles.join(", ")})${p.disabled ? ", disabled" : ""}`;
const add = async (run: Run, name: string): Promise<unknown> => {
  const password = run.flag("passwordStdin") ? await fromStdin(run.io) : run.flag("password") ? await newSecret(run.io, `Password for ${name}`, "Give it with --password-stdin.") : undefined;
  const roles = run.many("role");
  return run.show<Person>("POST", "/people", { name, fullName: run.text("fullName") ?? name, mail: run.text("mail") ?? null, ...(roles.length > 0 ? { roles } : {}), ...(password === undefined ? {} : { password }) }, said);
};
const change = (run: Run, name: string): Promise<unknown> => {
  const roles = run.many("role"), disabled = run.flag("disable") ? true : run.flag("enable") ? false : undefined;
  return run.show<Person>("PATCH", `/people/${seg(name)}`, { ...(roles.length > 0 ? { roles } : {}), fullName: run.text("fullName"), mail: run.text("mail"), disabled }, said);
};
type Key = { readonly fingerprint: string; readonly label: string };

export const people: Register = (program, io) => {
  const group = program.command("people").description("who may log in");
  example(group.command("list").description("everybody"), "lockstep people list").action(act(io, (run) => run.show<List<Person>>("GET", "/people?limit=500", undefined, ({ items }) =>
    table(["name", "full name", "roles", "second factor", "disabled"], items.map((p) => [p.name, p.fullName, p.roles.join(", "), p.secondFactor ? "yes" : "no", p.disabled ? "yes" : "no"]), "Nobody yet."))));
  example(group.command("add").description("add a person").argument("<name>", "login name").option("--full-name <text>").option("--mail <address>").option("--role <name>", "user, approver, owner, admin, auditor; several times", collect, []).option("--password", "type a first password").option("--password-stdin", "read it from stdin"),
    "lockstep people add ada --full-name \"Ada L.\" --role user --role approver --password").action(act(io, (run, name) => add(run, name!)));
  example(group.command("change").description("change a person").argument("<name>").option("--full-name <text>").option("--mail <address>").option("--role <name>", "the roles from now on", collect, []).option("--disable", "and cut their sessions").option("--enable"), "lockstep people change ada --disable").action(act(io, (run, name) => change(run, name!)));
  example(group.command("reset-factor").description("a lost second factor: their logins end, and they set up another").argument("<name>"), "lockstep people reset-factor ada")
    .action(act(io, (run, name) => run.show("POST", `/people/${seg(name!)}/reset-second-factor`, {}, () => "Reset. Somebody else must confirm it where it helps you.")));
  const keys = group.command("keys").description("SSH keys; `me` for your own");
  example(keys.command("list").argument("[name]", "", "me"), "lockstep people keys list").action(act(io, (run, name) => run.show<{ items: readonly Key[] }>("GET", `/people/${seg(name!)}/keys`, undefined, ({ items }) => table(["fingerprint", "label"], items.map((k) => [k.fingerprint, k.label]), "No keys. Add your own in the portal; an admin adds another person's: lockstep people keys add ada key.pub"))));
  example(keys.command("add").argument("<name>").argument("<file>", "a .pub file").option("--label <text>", "", ""), "lockstep people keys add ada key.pub").action(act(io, (run, name, file) => run.show<Key>("POST", `/people/${seg(name!)}/keys`, { key: readFileSync(file!, "utf8").trim(), label: run.text("label") }, (k) => `${k.fingerprint} added.`)));
  example(keys.command("remove").argument("<name>").argument("<fingerprint>", "SHA256:…"), "lockstep people keys remove me SHA256:…").action(act(io, (run, name, fingerprint) => run.show("DELETE", withQuery(`/people/${seg(name!)}/keys`, { fingerprint }), undefined, () => "Removed.")));
};

type Group = { readonly id: string; readonly name: string; readonly members: readonly string[] };
const showGroup = async (run: Run, name: string): Promise<void> => {
  const g = await run.client.json<Group>("GET", `/groups/${seg(name)}`), names = new Map((await run.client.json<List<Person>>("GET", "/people?limit=500")).items.map((p) => [p.id, p]));
  run.print(g, () => table([g.name, "full name"], g.members.map((m) => [names.get(m)?.name ?? m, names.get(m)?.fullName ?? ""]), "It has no members."));
};
export const groups: Register = (program, io) => {
  const group = program.command("groups").description("groups of people, for policies");
  example(group.command("list").description("all groups"), "lockstep groups list").action(act(io, (run) => run.show<List<Group>>("GET", "/groups?limit=500", undefined, ({ items }) => table(["group", "id", "members"], items.map((g) => [g.name, g.id, g.members.length]), "No groups yet."))));
  example(group.command("show").description("one group's members").argument("<group>"), "lockstep groups show web-team").action(act(io, (run, name) => showGroup(run, name!)));
  example(group.command("add").description("add a group").argument("<group>").argument("[members...]", "login names"), "lockstep groups add web-team ada grace").action(act(io, (run, name, members) => run.show<Group>("POST", "/groups", { name, members }, (g) => `${g.name}: ${g.members.length} members (${g.id})`)));
  example(group.command("set").description("set its members, all of them").argument("<group>").argument("[members...]", "login names").option("--none", "no members from now on"), "lockstep groups set web-team ada").action(act(io, (run, name, members) => run.show<Group>("PUT", `/groups/${seg(name!)}`, { members: membersOf(run, members as unknown as string[]) }, (g) => `${g.name}: ${g.members.length} members`)));
};
