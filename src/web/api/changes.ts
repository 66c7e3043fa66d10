/** Changes that could help their author, waiting for a second pair of eyes. Rule: the author never confirms; the verb and the table both say so. */
import { confirmChange } from "../../flow/people.ts";
import { openChanges } from "../../identity/directory.ts";
import { Done, endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { ChangeOut, changeOut } from "./shapes.ts";

const tag = "changes";
export const changes: readonly Endpoint[] = [
  endpoint({
    method: "get", path: "/changes", tag, summary: "Changes nobody has confirmed yet", query: Paging, answer: pageOf(ChangeOut),
    run: async (deps, { caller, query }) => { const p = cut(await openChanges(deps.flow.db, caller.person), query, (x) => x.id); return { ...p, items: p.items.map(changeOut) }; },
  }),
  endpoint({
    method: "post", path: "/changes/{id}/confirm", tag, summary: "Confirm somebody else's change", params: Id, answer: Done,
    run: async (deps, { caller, params }) => { await confirmChange(deps.flow, caller, params.id); return { ok: true as const }; },
  }),
];
