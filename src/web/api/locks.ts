/** Locks: seen by admins and auditors, set and lifted by admins. Rule: `subject` is a name or an id; a lock on the broker needs none. */
import { z } from "@hono/zod-openapi";
import type { LockId } from "../../kernel/ids.ts";
import { LOCK_KINDS } from "../../domain/lock.ts";
import { liftLock, lockLine, lockList, setLock, type LockLine } from "../../flow/lock.ts";
import type { ApiDeps, Who } from "./deps.ts";
import { endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { iso, When } from "./shapes.ts";

const tag = "locks",
  text = z.string();
const LockOut = z
  .object({
    id: text,
    kind: z.enum(LOCK_KINDS),
    subject: text,
    name: text,
    reason: text,
    setBy: text,
    setAt: When,
    liftedBy: text.nullable(),
    liftedAt: When,
    liftReason: text.nullable(),
  })
  .openapi("Lock");
const lockOut = ({ lock: l, name, setBy, liftedBy }: LockLine): z.input<typeof LockOut> => ({
  id: l.id,
  kind: l.kind,
  subject: l.subject,
  name,
  reason: l.reason,
  setBy,
  setAt: iso(l.setAt),
  liftedBy,
  liftedAt: iso(l.lifted?.at),
  liftReason: l.lifted?.reason ?? null,
});
const one = async (deps: ApiDeps, { caller }: Who, id: LockId) =>
  lockOut(await lockLine(deps.flow.db, caller.person, id));

export const locks: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/locks",
    tag,
    summary: "Locks, newest first",
    query: Paging.extend({ standing: z.enum(["true", "false"]).optional() }),
    answer: pageOf(LockOut),
    run: async (deps, { caller, query }) => {
      const p = cut(await lockList(deps.flow.db, caller.person, query.standing === "true"), query, (l) => l.lock.id);
      return { ...p, items: p.items.map(lockOut) };
    },
  }),
  endpoint({
    method: "post",
    path: "/locks",
    tag,
    summary: "Lock a person, an account, a target or everything",
    says: "Live sessions are cut within a second, what is held is taken back, nothing new begins.",
    body: z.object({ kind: z.enum(LOCK_KINDS), subject: text.max(200).default(""), reason: text.trim().min(3).max(500) }),
    answer: LockOut,
    status: 201,
    run: async (deps, a) => one(deps, a, (await setLock(deps.flow, a.caller, a.body)).id),
  }),
  endpoint({
    method: "post",
    path: "/locks/{id}/lift",
    tag,
    summary: "Lift a lock",
    params: Id,
    body: z.object({ reason: text.trim().max(500).default("") }),
    answer: LockOut,
    run: async (deps, a) => one(deps, a, (await liftLock(deps.flow, a.caller, a.params.id as LockId, a.body.reason)).id),
  }),
];
