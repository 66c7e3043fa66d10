/** Runs of the gap check. Rule: one runs at a time (the table's law); its row says how far it has come. */
import { desc, eq } from "drizzle-orm";
import type { CheckId, PersonId } from "../kernel/ids.ts";
import type { Check } from "../domain/audit-chain.ts";
import { violated, type Reader, type Tx } from "./db.ts";
import { auditChecks, people } from "./schema.ts";

export type CheckRow = Check & { readonly id: CheckId; readonly by: PersonId; readonly byName: string };
const columns = { c: auditChecks, byName: people.name };
const fromRow = ({ c, byName }: { c: typeof auditChecks.$inferSelect; byName: string }): CheckRow => ({ ...c, id: c.id as CheckId, by: c.by as PersonId, byName, state: c.state as Check["state"] });
const read = ({ q }: Reader) => q.select(columns).from(auditChecks).innerJoin(people, eq(people.id, auditChecks.by));

/** False: another one is running. */
export const open = async (tx: Tx, c: Pick<CheckRow, "id" | "by" | "upTo" | "hash">): Promise<boolean> => {
  try { return (await tx.q.insert(auditChecks).values({ ...c, at: tx.now }).onConflictDoNothing().returning({ id: auditChecks.id })).length === 1; } catch (e) { throw violated(e) ? new Error("check row refused") : e; }
};
export const running = async (db: Reader): Promise<CheckRow | null> => { const [r] = await read(db).where(eq(auditChecks.state, "running")).limit(1); return r ? fromRow(r) : null; };
/** The running one, to work on; null when there is none or another node has it in hand. */
export const take = async (tx: Tx): Promise<CheckRow | null> => {
  const [r] = await tx.q.select().from(auditChecks).where(eq(auditChecks.state, "running")).limit(1).for("update", { skipLocked: true });
  return r ? fromRow({ c: r, byName: "" }) : null;
};
export const save = async (tx: Tx, id: CheckId, set: Partial<Pick<CheckRow, "state" | "next" | "hash" | "events" | "faults" | "waiting" | "waitingSince" | "endedAt">> & { findings?: { at: number; why: string }[] }): Promise<void> =>
  void await tx.q.update(auditChecks).set(set).where(eq(auditChecks.id, id));
export const find = async (db: Reader, id: CheckId): Promise<CheckRow | null> => { const [r] = await read(db).where(eq(auditChecks.id, id)); return r ? fromRow(r) : null; };
/** Newest first. */
export const list = async (db: Reader, limit = 20): Promise<CheckRow[]> => (await read(db).orderBy(desc(auditChecks.at), desc(auditChecks.id)).limit(limit)).map(fromRow);
/** The newest check that found everything whole. */
export const lastWhole = async (db: Reader): Promise<CheckRow | null> => { const [r] = await read(db).where(eq(auditChecks.state, "whole")).orderBy(desc(auditChecks.at)).limit(1); return r ? fromRow(r) : null; };
