/** lockstep collections: groups of targets and accounts, as the portal's Groups page has them. Rule: members are named as people know them; a name nobody has is refused. */
import { Fault } from "../kernel/fault.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { seg } from "./client.ts";
import { membersOf } from "./members.ts";
import { table } from "./print.ts";
import type { Account, List, Target } from "./shapes.ts";

type Collection = { readonly id: string; readonly name: string; readonly members: readonly string[] };
type Named = { readonly id: string; readonly name: string };

const all = async (run: Run): Promise<readonly Collection[]> => (await run.client.json<List<Collection>>("GET", "/collections?limit=500")).items;
const find = async (run: Run, text: string): Promise<Collection> => {
  const found = (await all(run)).find((c) => c.id === text || c.name === text);
  if (!found) throw new Fault("not_found", `There is no group "${text}". See them with: lockstep collections list`);
  return found;
};
const idsOf = (run: Run, members: readonly string[]): Promise<string[]> =>
  Promise.all(members.map(async (m) => (await run.client.json<Named>("GET", m.includes("@") ? `/accounts/${seg(m)}` : `/targets/${seg(m)}`)).id));

const list = (run: Run) => run.show<List<Collection>>("GET", "/collections?limit=500", undefined, ({ items }) => table(["group", "id", "members"], items.map((c) => [c.name, c.id, c.members.length]), "No groups yet. Add one: lockstep collections add web-servers web-1 web-2"));
const show = async (run: Run, name: string): Promise<void> => {
  const c = await find(run, name), names = new Map<string, string>();
  for (const t of (await run.client.json<List<Target>>("GET", "/targets?limit=500")).items) names.set(t.id, t.name);
  for (const a of (await run.client.json<List<Account>>("GET", "/accounts?limit=500")).items) names.set(a.id, a.name);
  run.print(c, () => table([c.name], c.members.map((m) => [names.get(m) ?? m]), "It has no members."));
};
const set = async (run: Run, name: string, named: readonly string[]): Promise<unknown> => {
  const c = await find(run, name), rename = run.text("rename"), title = rename ?? c.name;
  const members = rename !== undefined && named.length === 0 && !run.flag("none") ? c.members : await idsOf(run, membersOf(run, named));
  return run.show("PUT", `/collections/${c.id}`, { name: title, members }, () => `${title}: ${members.length} members`);
};

export const collections: Register = (program, io) => {
  const group = program.command("collections").description("groups of targets and accounts, to filter and to choose by");
  example(group.command("list").description("all groups"), "lockstep collections list").action(act(io, list));
  example(group.command("show").description("one group's members").argument("<group>"), "lockstep collections show web-servers").action(act(io, (run, name) => show(run, name!)));
  example(group.command("add").description("add a group").argument("<group>").argument("[members...]", "web-1 for a target with every account on it, root@web-1 for an account"), "lockstep collections add web-servers web-1 root@db-1")
    .action(act(io, async (run, name, members) => run.show<{ id: string }>("POST", "/collections", { name, members: await idsOf(run, members as unknown as string[]) }, (c) => `${name!}: ${members!.length} members (${c.id})`)));
  example(group.command("set").description("set its members, all of them").argument("<group>").argument("[members...]").option("--rename <name>", "alone it keeps the members").option("--none", "no members from now on"), "lockstep collections set web-servers web-1 web-2", "lockstep collections set web-servers --rename web").action(act(io, (run, name, members) => set(run, name!, members as unknown as string[])));
  example(group.command("remove").description("remove a group; its members stay").argument("<group>"), "lockstep collections remove web-servers")
    .action(act(io, async (run, name) => { const c = await find(run, name!); return run.show("DELETE", `/collections/${c.id}`, undefined, () => `${c.name} removed; its members stay.`); }));
};
