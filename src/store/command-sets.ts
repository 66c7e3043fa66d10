/** Command sets of our own, and trials of platforms, as rows. Rule: a text is written once and accepted once (the table's trigger says the same). */
import { and, asc, desc, eq, isNull } from "drizzle-orm";
import type { PersonId, RotationId } from "../kernel/ids.ts";
import type { KeptSet, PlatformTest } from "../domain/command-set/kept.ts";
import type { Reader, Tx } from "./db.ts";
import { commandSets, platformTests } from "./schema-command-sets.ts";

const fromRow = (r: typeof commandSets.$inferSelect): KeptSet => ({
  hash: r.hash, name: r.name, body: r.body, by: r.by as PersonId, at: r.at,
  accepted: r.acceptedBy === null ? null : { by: r.acceptedBy as PersonId, at: r.acceptedAt!, alone: r.alone },
});
/** Oldest first. */
export const all = async ({ q }: Reader): Promise<KeptSet[]> => (await q.select().from(commandSets).orderBy(asc(commandSets.at), asc(commandSets.hash))).map(fromRow);
export const find = async ({ q }: Reader, hash: string): Promise<KeptSet | null> => {
  const [r] = await q.select().from(commandSets).where(eq(commandSets.hash, hash));
  return r ? fromRow(r) : null;
};
/** False: the very text is there already. */
export const add = async (tx: Tx, s: Pick<KeptSet, "hash" | "name" | "body" | "by">): Promise<boolean> =>
  (await tx.q.insert(commandSets).values({ ...s, at: tx.now }).onConflictDoNothing().returning({ hash: commandSets.hash })).length === 1;
export const accept = async (tx: Tx, hash: string, by: PersonId, alone: boolean): Promise<boolean> =>
  (await tx.q.update(commandSets).set({ acceptedBy: by, acceptedAt: tx.now, alone }).where(and(eq(commandSets.hash, hash), isNull(commandSets.acceptedBy)))
    .returning({ hash: commandSets.hash })).length === 1;

type Row = typeof platformTests.$inferSelect;
const testFrom = (r: Row): PlatformTest => ({ ...r, by: r.by as PersonId, rotation: r.rotation as RotationId | null });
export const addTest = async (tx: Tx, t: Omit<PlatformTest, "at">): Promise<void> => void await tx.q.insert(platformTests).values({ ...t, at: tx.now });
/** How it went on. */
export const sayMore = async (tx: Tx, id: string, set: Pick<PlatformTest, "passed" | "changed" | "why" | "said">): Promise<void> =>
  void await tx.q.update(platformTests).set(set).where(eq(platformTests.id, id));
/** The newest that this rotation is the change of. */
export const testOf = async ({ q }: Reader, rotation: RotationId): Promise<PlatformTest | null> => {
  const [r] = await q.select().from(platformTests).where(eq(platformTests.rotation, rotation)).orderBy(desc(platformTests.at)).limit(1);
  return r ? testFrom(r) : null;
};
/** Newest first. */
export const testsOf = async ({ q }: Reader, target: string, limit = 20): Promise<PlatformTest[]> =>
  (await q.select().from(platformTests).where(eq(platformTests.target, target)).orderBy(desc(platformTests.at)).limit(limit)).map(testFrom);
/** Did this text, on this identity of the target, change a password and prove it? */
export const passedOn = async ({ q }: Reader, target: string, identity: string, text: string): Promise<boolean> =>
  (await q.select({ id: platformTests.id }).from(platformTests).where(and(eq(platformTests.target, target), eq(platformTests.identity, identity),
    eq(platformTests.text, text), eq(platformTests.passed, true), eq(platformTests.changed, true))).limit(1)).length === 1;
