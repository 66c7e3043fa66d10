/** Secret versions: only ciphertext reaches this room. Rule: rows are added and re-wrapped, never deleted, never changed (the table refuses). */
import { and, asc, desc, eq, gte, inArray, max, sql } from "drizzle-orm";
import type { AccountId, PersonId, VersionId } from "../kernel/ids.ts";
import type { Version, VersionStatus } from "../domain/rotation-facts.ts";
import type { Reader, Tx } from "./db.ts";
import { exposures, versions } from "./schema.ts";

export type SecretRow = Version & {
  readonly account: AccountId; readonly origin: string; readonly identityNo: number;
  readonly sealed: Buffer; readonly wrapped: Buffer; readonly keyId: string; readonly alg: string;
  readonly by: PersonId | null; readonly createdAt: Date; readonly provenAt: Date | null;
};
/** What is known of a version without its ciphertext: an account of many years has many. */
export type Listed = Version & Pick<SecretRow, "origin" | "createdAt">;
const fromRow = (r: typeof versions.$inferSelect): SecretRow =>
  ({ ...r, id: r.id as VersionId, account: r.account as AccountId, status: r.status as VersionStatus, by: r.by as PersonId | null });

export const of = async ({ q }: Reader, account: AccountId): Promise<SecretRow[]> => (await q.select().from(versions).where(eq(versions.account, account)).orderBy(asc(versions.no))).map(fromRow);
export const listed = async ({ q }: Reader, account: AccountId): Promise<Listed[]> =>
  (await q.select({ id: versions.id, no: versions.no, status: versions.status, origin: versions.origin, createdAt: versions.createdAt })
    .from(versions).where(eq(versions.account, account)).orderBy(asc(versions.no))).map((r) => ({ ...r, id: r.id as VersionId, status: r.status as VersionStatus }));
/** What opens the account as far as we know (`currentOf`): the current version, or the one a person said last is in force. */
export const inForce = async ({ q }: Reader, account: AccountId): Promise<SecretRow | null> => {
  const [r] = await q.select().from(versions).where(and(eq(versions.account, account), inArray(versions.status, ["current", "declared"]))).orderBy(sql`${versions.status} <> 'current'`, desc(versions.no)).limit(1);
  return r ? fromRow(r) : null;
};
export const find = async ({ q }: Reader, id: VersionId): Promise<SecretRow | null> => { const [r] = await q.select().from(versions).where(eq(versions.id, id)); return r ? fromRow(r) : null; };
/** Of every account, oldest first. */
export const ids = async ({ q }: Reader): Promise<VersionId[]> => (await q.select({ id: versions.id }).from(versions).orderBy(asc(versions.createdAt), asc(versions.no))).map((r) => r.id as VersionId);
export const many = async ({ q }: Reader, ids: readonly VersionId[]): Promise<SecretRow[]> => ids.length === 0 ? [] : (await q.select().from(versions).where(inArray(versions.id, [...ids]))).map(fromRow);
export const nextNo = async ({ q }: Reader, account: AccountId): Promise<number> => ((await q.select({ no: max(versions.no) }).from(versions).where(eq(versions.account, account)))[0]?.no ?? 0) + 1;
/** The next number of each of many accounts, whose rows the caller has locked. */
export const nextNos = async ({ q }: Reader, ids: readonly AccountId[]): Promise<ReadonlyMap<AccountId, number>> => {
  const rows = ids.length === 0 ? [] : await q.select({ account: versions.account, no: max(versions.no) }).from(versions).where(inArray(versions.account, [...ids])).groupBy(versions.account), known = new Map(rows.map((r) => [r.account, r.no ?? 0]));
  return new Map(ids.map((id) => [id, (known.get(id) ?? 0) + 1]));
};
export const addAll = async (tx: Tx, list: readonly SecretRow[]): Promise<void> => { for (let i = 0; i < list.length; i += 200) await tx.q.insert(versions).values(list.slice(i, i + 200).map((v) => ({ ...v }))); };
export const add = async (tx: Tx, v: SecretRow): Promise<void> => void await tx.q.insert(versions).values({ ...v });
/** A replayed journal line whose row is there already changes nothing; true = it was missing. */
export const addMissing = async (tx: Tx, v: SecretRow): Promise<boolean> => (await tx.q.insert(versions).values({ ...v }).onConflictDoNothing().returning({ id: versions.id })).length === 1;

/** `current` last: the one-current index must never see two. */
export const setStatuses = async (tx: Tx, moves: readonly { readonly id: VersionId; readonly to: VersionStatus }[]): Promise<void> => {
  for (const m of [...moves].sort((a, b) => Number(a.to === "current") - Number(b.to === "current"))) {
    await tx.q.update(versions).set({ status: m.to, ...(m.to === "current" ? { provenAt: tx.now } : {}) }).where(eq(versions.id, m.id));
  }
};
export const proven = async (tx: Tx, id: VersionId): Promise<void> => void await tx.q.update(versions).set({ provenAt: tx.now }).where(eq(versions.id, id));
export const rewrap = async (tx: Tx, id: VersionId, from: string, wrapped: Buffer, keyId: string): Promise<boolean> =>
  (await tx.q.update(versions).set({ wrapped, keyId }).where(and(eq(versions.id, id), eq(versions.keyId, from))).returning({ id: versions.id })).length === 1;

export type Exposure = { readonly id: string; readonly person: PersonId; readonly account: AccountId; readonly version: VersionId; readonly request: string | null; readonly how: "released" | "typed" | "session"; readonly at: Date };
export const expose = async (tx: Tx, e: Omit<Exposure, "at">): Promise<void> => void await tx.q.insert(exposures).values({ ...e, at: tx.now });
export const exposuresOf = async ({ q }: Reader, by: { account?: AccountId; person?: PersonId; since?: Date }): Promise<Exposure[]> =>
  (await q.select().from(exposures).where(and(by.account ? eq(exposures.account, by.account) : undefined, by.person ? eq(exposures.person, by.person) : undefined, by.since ? gte(exposures.at, by.since) : undefined)).orderBy(asc(exposures.at))) as unknown as Exposure[];
