/** Global locks as rows. Rule: one standing lock per thing, kept for ever; a hand-out and the setting of a lock never pass each other. */
import { and, desc, eq, isNull, or, sql } from "drizzle-orm";
import { Fault } from "../kernel/fault.ts";
import type { LockId, PersonId } from "../kernel/ids.ts";
import { EVERYTHING, type Lock, type LockKind } from "../domain/lock.ts";
import { violated, type Reader, type Tx } from "./db.ts";
import { locks } from "./schema.ts";

const fromRow = (r: typeof locks.$inferSelect): Lock => ({
  id: r.id as LockId, kind: r.kind as LockKind, subject: r.subject, reason: r.reason, setBy: r.setBy as PersonId, setAt: r.setAt,
  lifted: r.liftedAt && r.liftedBy ? { by: r.liftedBy as PersonId, at: r.liftedAt, reason: r.liftReason ?? "" } : null,
});

/** Many hand-outs at a time, or one lock being set: what began before it is seen by it, what begins after it sees it. First thing in the transaction. */
export const gate = async (tx: Tx, as: "hand_out" | "lock"): Promise<void> =>
  void await tx.q.execute(as === "lock" ? sql`select pg_advisory_xact_lock(7302)` : sql`select pg_advisory_xact_lock_shared(7302)`);

export const set = async (tx: Tx, l: Omit<Lock, "setAt" | "lifted">): Promise<void> => {
  try { await tx.q.insert(locks).values({ ...l, setAt: tx.now }); } catch (e) {
    if (violated(e) === "one_standing_lock") throw new Fault("conflict", "This is locked already.");
    throw e;
  }
};
/** False: it was lifted before. */
export const lift = async (tx: Tx, id: LockId, by: PersonId, reason: string): Promise<boolean> =>
  (await tx.q.update(locks).set({ liftedBy: by, liftedAt: tx.now, liftReason: reason }).where(and(eq(locks.id, id), isNull(locks.liftedAt))).returning({ id: locks.id })).length === 1;

export const find = async ({ q }: Reader, id: LockId): Promise<Lock | null> => { const [r] = await q.select().from(locks).where(eq(locks.id, id)); return r ? fromRow(r) : null; };
export const standingOn = async ({ q }: Reader, kind: LockKind, subject: string): Promise<Lock | null> => {
  const [r] = await q.select().from(locks).where(and(eq(locks.kind, kind), eq(locks.subject, subject), isNull(locks.liftedAt)));
  return r ? fromRow(r) : null;
};
/** Any standing lock that stops this; everything is stopped by a lock on the broker. */
export const stopping = async ({ q }: Reader, on: { readonly person?: string; readonly account?: string; readonly target?: string }): Promise<Lock | null> => {
  const each = Object.entries({ ...on, broker: EVERYTHING }).map(([kind, subject]) => and(eq(locks.kind, kind), eq(locks.subject, subject)));
  const [r] = await q.select().from(locks).where(and(isNull(locks.liftedAt), or(...each))).limit(1);
  return r ? fromRow(r) : null;
};
export const list = async ({ q }: Reader, standing: boolean): Promise<Lock[]> =>
  (await q.select().from(locks).where(standing ? isNull(locks.liftedAt) : undefined).orderBy(desc(locks.setAt)).limit(500)).map(fromRow);
