/** Targets as rows. Rule: identityNo moves only together with identityHash, in one statement. */
import { asc, eq, sql } from "drizzle-orm";
import { Fault } from "../kernel/fault.ts";
import type { AccountId, PersonId, TargetId } from "../kernel/ids.ts";
import type { Target } from "../domain/target.ts";
import { violated, type Reader, type Tx } from "./db.ts";
import { targets } from "./schema.ts";

const fromRow = (r: typeof targets.$inferSelect): Target => ({
  id: r.id as TargetId, name: r.name, platform: r.platform, host: r.host, port: r.port, link: r.link, settings: r.settings, owner: r.owner as PersonId | null, tags: r.tags,
  administrative: r.administrative as AccountId | null, reconcile: r.reconcile as AccountId | null, identityNo: r.identityNo, identityHash: r.identityHash, locked: r.locked, passwordPolicy: r.passwordPolicy,
});

export const find = async ({ q }: Reader, id: TargetId): Promise<Target | null> => { const [r] = await q.select().from(targets).where(eq(targets.id, id)); return r ? fromRow(r) : null; };
/** Row-locked against another change of its identity; accounts that refer to it may still be used meanwhile. */
export const lock = async (tx: Tx, id: TargetId): Promise<Target | null> => { const [r] = await tx.q.select().from(targets).where(eq(targets.id, id)).for("no key update"); return r ? fromRow(r) : null; };
export const named = async ({ q }: Reader, name: string): Promise<Target | null> => { const [r] = await q.select().from(targets).where(eq(targets.name, name)); return r ? fromRow(r) : null; };
export const all = async ({ q }: Reader): Promise<Target[]> => (await q.select().from(targets).orderBy(asc(targets.name))).map(fromRow);
/** Who last changed its identity: they cannot be the one to accept it. */
export const changedBy = async ({ q }: Reader, id: TargetId): Promise<PersonId | null> => ((await q.select({ by: targets.changedBy }).from(targets).where(eq(targets.id, id)))[0]?.by ?? null) as PersonId | null;

export const add = async (tx: Tx, t: Omit<Target, "passwordPolicy"> & Partial<Pick<Target, "passwordPolicy">>, by: PersonId): Promise<void> => {
  try { await tx.q.insert(targets).values({ ...t, tags: [...t.tags], changedBy: by }); } catch (e) {
    if (violated(e) === "targets_name_unique") throw new Fault("conflict", `There is a target named ${t.name} already.`);
    throw e;
  }
};
type Plain = Pick<Target, "name" | "owner" | "tags" | "administrative" | "reconcile" | "locked" | "passwordPolicy">;
/** What does not decide where a password goes. */
export const change = async (tx: Tx, id: TargetId, set: Partial<Plain>): Promise<void> =>
  void await tx.q.update(targets).set({ ...set, ...(set.tags ? { tags: [...set.tags] } : {}) } as Partial<typeof targets.$inferInsert>).where(eq(targets.id, id));
/** What does: the number rises with the hash. */
export const setIdentity = async (tx: Tx, id: TargetId, set: Pick<Target, "platform" | "host" | "port" | "link" | "settings" | "identityHash">, by: PersonId): Promise<number> => {
  const [r] = await tx.q.update(targets).set({ ...set, identityNo: sql`${targets.identityNo} + 1`, changedBy: by }).where(eq(targets.id, id)).returning({ no: targets.identityNo });
  if (!r) throw new Fault("not_found", "No such target.");
  return r.no;
};
