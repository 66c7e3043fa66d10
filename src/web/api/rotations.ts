/** Rotations, to follow and to look back at. Rule: read only; the verbs that open one are on the account. */
import { z } from "@hono/zod-openapi";
import type { RotationId } from "../../kernel/ids.ts";
import { accountCard } from "../../flow/look.ts";
import { endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { RotationOut, rotationOut } from "./shapes.ts";

const tag = "rotations";
export const rotations: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/rotations",
    tag,
    summary: "Rotations of accounts you manage or audit, newest first",
    query: Paging.extend({ account: z.string().optional() }),
    answer: pageOf(RotationOut),
    run: async (deps, { caller, query }) => {
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
];
