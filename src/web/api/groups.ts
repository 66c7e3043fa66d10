/** Groups of people. Rule: members may be named by id or login name; a name nobody has is refused, not dropped. */
import { z } from "@hono/zod-openapi";
import { Fault } from "../../kernel/fault.ts";
import type { GroupId, PersonId } from "../../kernel/ids.ts";
import { putGroup } from "../../flow/people.ts";
import { directory } from "../../identity/directory.ts";
import type { ApiDeps, Who } from "./deps.ts";
import { endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { GroupOut } from "./shapes.ts";

const tag = "groups",
  Members = z.array(z.string().min(1).max(80)).max(5_000).default([]);
type Given = z.output<typeof Members>;

const idsOf = async (deps: ApiDeps, { caller }: Who, given: Given): Promise<PersonId[]> => {
  const everyone = (await directory(deps.flow.db, caller.person)).people,
    unknown: string[] = [],
    ids = new Set<PersonId>();
  for (const text of given) {
    const p = everyone.find((x) => x.id === text || x.name === text);
    if (p) ids.add(p.id);
    else unknown.push(text);
  }
  if (unknown.length > 0) throw new Fault("invalid", `members: there is nobody named ${unknown.join(", ")}.`);
  return [...ids];
};
const find = async (deps: ApiDeps, { caller }: Who, text: string) => {
  const found = (await directory(deps.flow.db, caller.person)).groups.find((g) => g.id === text || g.name === text);
  if (!found) throw new Fault("not_found", "No such group.");
  return { ...found, members: [...found.members] };
};

export const groups: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/groups",
    tag,
    summary: "Groups and their members",
    query: Paging,
    answer: pageOf(GroupOut),
    run: async (deps, { caller, query }) => {
      const p = cut((await directory(deps.flow.db, caller.person)).groups, query, (g) => g.id);
      return { ...p, items: p.items.map((g) => ({ ...g, members: [...g.members] })) };
    },
  }),
  endpoint({
    method: "get",
    path: "/groups/{id}",
    tag,
    summary: "One group, by id or name",
    params: Id,
    answer: GroupOut,
    run: (deps, a) => find(deps, a, a.params.id),
  }),
  endpoint({
    method: "post",
    path: "/groups",
    tag,
    summary: "Add a group",
    body: z.object({ name: z.string().trim(), members: Members }),
    answer: GroupOut,
    status: 201,
    run: async (deps, a) => find(deps, a, await putGroup(deps.flow, a.caller, a.body.name, await idsOf(deps, a, a.body.members))),
  }),
  endpoint({
    method: "put",
    path: "/groups/{id}",
    tag,
    summary: "Set a group's members",
    params: Id,
    body: z.object({ members: Members }),
    answer: GroupOut,
    run: async (deps, a) => {
      const group = await find(deps, a, a.params.id);
      return find(deps, a, await putGroup(deps.flow, a.caller, group.name, await idsOf(deps, a, a.body.members), group.id as GroupId));
    },
  }),
];
