/** lockstep policies, changes, confirm. Rule: a policy is a JSON file, read whole and put whole. */
import { readFileSync } from "node:fs";
import { Fault } from "../kernel/fault.ts";
import { sayIfAlone } from "./alone.ts";
import { act, example, type Register, type Run } from "./act.ts";
import { seg } from "./client.ts";
import { fromStdin } from "./prompt.ts";
import { facts, relative, table } from "./print.ts";
import type { List, Policy } from "./shapes.ts";

const read = async (run: Run, file: string): Promise<{ name?: string }> => {
  try { return JSON.parse(file === "-" ? await fromStdin(run.io) : readFileSync(file, "utf8")) as { name?: string }; } catch (cause) { throw new Fault("invalid", `${file} is not a policy in JSON: ${(cause as Error).message}`, { cause }); }
};
/** By its name: replaced where there is one, added where there is none. */
const put = async (run: Run, file: string): Promise<unknown> => {
  const policy = await read(run, file), known = (await run.client.json<List<Policy>>("GET", "/policies?limit=500")).items.find((p) => p.name === policy.name);
  return run.show<Policy>(known ? "PUT" : "POST", known ? `/policies/${seg(known.id)}` : "/policies", policy, (p) => `${p.name} ${known ? "replaced" : "added"} (${p.id}). It counts for your own requests when somebody else has confirmed it.`);
};

export const policies: Register = (program, io) => {
  const group = program.command("policies").description("who may ask for what, and how");
  example(group.command("list").description("all policies"), "lockstep policies list").action(act(io, (run) => run.show<List<Policy>>("GET", "/policies?limit=500", undefined, ({ items }) =>
    table(["policy", "id", "preset", "votes", "minutes", "active"], items.map((p) => [p.name, p.id, p.terms.preset, p.terms.approvals, p.terms.maxMinutes, p.active ? "yes" : "no"]), "No policies yet: nobody can ask for anything. Add one: lockstep policies put policy.json"))));
  example(group.command("show").description("one policy, as the JSON that `put` takes").argument("<policy>", "name or id"), "lockstep policies show web > web.json").action(act(io, (run, name) => run.show<Policy>("GET", `/policies/${seg(name!)}`, undefined, (p) => JSON.stringify(p, null, 2))));
  type Tried = { readonly askers: readonly string[]; readonly approvers: readonly string[]; readonly accounts: readonly string[]; readonly quorum: boolean };
  example(group.command("try").description("who could ask for what under a policy, without saving it").argument("<file>", "JSON, or - for stdin"), "lockstep policies try web.json")
    .action(act(io, async (run, file) => run.show<Tried>("POST", "/policies/try", await read(run, file!), (t) => facts([["may ask", t.askers.join(", ")], ["for", t.accounts.join(", ")], ["may approve", t.approvers.join(", ")], ["enough approvers", t.quorum ? "yes" : "no"]]))));
  example(group.command("put").description("add or replace a policy").argument("<file>", "JSON, or - for stdin"), "lockstep policies put web.json").action(act(io, (run, file) => put(run, file!)));
};

type Change = { readonly id: string; readonly author: string; readonly subject: string; readonly what: string; readonly at: string };
export const changes: Register = (program, io) => {
  example(program.command("changes").description("changes that wait for a second pair of eyes"), "lockstep changes").action(act(io, async (run) => {
    await run.show<List<Change>>("GET", "/changes?limit=500", undefined, ({ items }) =>
      table(["change", "when", "author", "of", "what"], items.map((c) => [c.id, relative(c.at, run.now), c.author, c.subject, c.what]), "Nothing waits for confirmation."));
    await sayIfAlone(run);
  }));
  example(program.command("confirm").description("confirm somebody else's change").argument("<change>", "evt_…"), "lockstep confirm evt_…").action(act(io, (run, id) => run.show("POST", `/changes/${seg(id!)}/confirm`, {}, () => "Confirmed.")));
};
