/** Rotations, to follow and to look back at. Rule: the verbs that open one are on the account; here is what a person may do to one that does not end. */
import { z } from "@hono/zod-openapi";
import type { RotationId } from "../../kernel/ids.ts";
import { rotationBoard } from "../../flow/rotation-board.ts";
import { askAgainNow, keepOld, stopWaiting, tellPassword } from "../../flow/rotation-moves.ts";
import { accountCard } from "../../flow/look.ts";
import type { ApiDeps, Who } from "./deps.ts";
import { endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { AccountSecret } from "./people.ts";
import { RotationOut, rotationOut } from "./shapes.ts";

const tag = "rotations";
const after = async (deps: ApiDeps, { caller }: Who, id: string) => rotationOut(await deps.shelf.rotation(caller, id as RotationId));
type Verb = typeof askAgainNow;
const move = (word: string, summary: string, verb: Verb): Endpoint => endpoint({
  method: "post", path: `/rotations/{id}/${word}`, tag, summary, params: Id, answer: RotationOut,
  run: async (deps, a) => { await verb(deps.flow, a.caller, a.params.id as RotationId); return after(deps, a, a.params.id); },
});
const tell: Endpoint = endpoint({
  method: "post", path: "/rotations/{id}/tell", tag, summary: "Of one that gave up: the password in force, as somebody found out", says: "An exposure of whoever gives it. It proves itself at the target or counts for nothing.",
  params: Id, body: z.object({ password: AccountSecret }), answer: RotationOut,
  run: async (deps, a) => { using password = a.body.password; await tellPassword(deps.flow, a.caller, a.params.id as RotationId, password); return after(deps, a, a.params.id); },
});
export const rotations: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/rotations",
    tag,
    summary: "Rotations of accounts you manage or audit, newest first",
    query: Paging.extend({
      account: z.string().optional(),
      attention: z.enum(["true", "false"]).optional().openapi({ description: "only what failed or is in doubt, worst first" }),
    }),
    answer: pageOf(RotationOut),
    run: async (deps, { caller, query }) => {
      if (query.attention === "true") {
        const b = await rotationBoard(deps.flow.db, caller, deps.flow.clock.now()), p = cut([...b.dead, ...b.doubt, ...b.refused], query, (r) => r.rotation.id);
        return { ...p, items: p.items.map(rotationOut) };
      }
      const account = query.account === undefined ? undefined : (await accountCard(deps.flow.db, caller.person, query.account)).account.id;
      const p = cut(await deps.shelf.rotations(caller, account), query, (r) => r.rotation.id);
      return { ...p, items: p.items.map(rotationOut) };
    },
  }),
  endpoint({
    method: "get",
    path: "/rotations/{id}",
    tag,
    summary: "One rotation: poll it until `done`",
    params: Id,
    answer: RotationOut,
    run: async (deps, { caller, params }) => rotationOut(await deps.shelf.rotation(caller, params.id as RotationId)),
  }),
  move("again", "Of one that gave up: ask the target again, with the same new password", askAgainNow), move("keep", "Of one that gave up: keep the old password, which the target is asked to prove now", keepOld),
  move("stop", "Of one that waits with nothing sent: stop trying", stopWaiting), tell,
];
