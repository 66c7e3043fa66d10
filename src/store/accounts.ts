/**
 * Accounts and their three facts. Rule: `lock` before deciding; used_no rises only through `used` and `typed`, in the transaction of the use itself.
 * What others refer to by foreign key is locked `for no key update`, here and in every file of this room: their check of the key waits for
 * `for update`, and that is an edge of waiting which no order of locks knows of.
 */
import { and, asc, eq, inArray, ne, or, sql, type SQL } from "drizzle-orm";
import { Fault } from "../kernel/fault.ts";
import type { AccountId, TargetId, VersionId } from "../kernel/ids.ts";
import type { Account, Block, Credential } from "../domain/account.ts";
import type { LoginBudget } from "../domain/rotation-facts.ts";
import { violated, type Reader, type Tx } from "./db.ts";
import { accounts, targets } from "./schema.ts";

type Row = typeof accounts.$inferSelect;
/** What holds logins back. `breaker`: A4. `healerPaused`: break-glass, until then no rotation of it touches the target. `served`: when its login last worked for somebody. */
export type Guards = { readonly budget: LoginBudget; readonly breaker: Date | null; readonly healerPaused: Date | null; readonly served: Date | null };
export type Guarded = Account & { readonly guards: Guards };
const GUARDS = { loginsSpent: accounts.loginsSpent, loginsUntil: accounts.loginsUntil, breakerUntil: accounts.breakerUntil, healerPausedUntil: accounts.healerPausedUntil, servedAt: accounts.servedAt };
const guardsOf = (r: Pick<Row, keyof typeof GUARDS>): Guards =>
  ({ budget: { spent: r.loginsSpent, until: r.loginsUntil }, breaker: r.breakerUntil, healerPaused: r.healerPausedUntil, served: r.servedAt });
const fromRow = (r: Row): Account => ({
  id: r.id as AccountId, target: r.target as TargetId, name: r.name, credential: r.credential as Credential, block: r.block as Block, current: r.current as VersionId | null, previous: r.previous as VersionId | null,
  usedNo: r.usedNo, rotatedNo: r.rotatedNo, typedRun: r.typedRun, identityNo: r.identityNo, passwordPolicy: r.passwordPolicy, tags: r.tags,
  adopted: r.adopted, rotatedAt: r.rotatedAt, verifiedAt: r.verifiedAt,
});

const guarded = (r: Row): Guarded => ({ ...fromRow(r), guards: guardsOf(r) });

export const find = async ({ q }: Reader, id: AccountId): Promise<Guarded | null> => { const [r] = await q.select().from(accounts).where(eq(accounts.id, id)); return r ? guarded(r) : null; };
export const lock = async (tx: Tx, id: AccountId): Promise<Guarded> => {
  const [r] = await tx.q.select().from(accounts).where(eq(accounts.id, id)).for("no key update");
  if (!r) throw new Fault("not_found", "No such account.");
  return guarded(r);
};
/** Several, in one order, so that two who lock many never wait for each other. */
export const lockAll = async (tx: Tx, ids: readonly AccountId[]): Promise<Account[]> =>
  (ids.length === 0 ? [] : await tx.q.select().from(accounts).where(inArray(accounts.id, [...ids])).orderBy(asc(accounts.id)).for("no key update")).map(fromRow);
export const all = async ({ q }: Reader): Promise<Account[]> => (await q.select().from(accounts).orderBy(asc(accounts.target), asc(accounts.name))).map(fromRow);
export const onTarget = async ({ q }: Reader, target: TargetId): Promise<Account[]> => (await q.select().from(accounts).where(eq(accounts.target, target)).orderBy(asc(accounts.name))).map(fromRow);
/** `root@web-1`: split at the last `@`, because an account may hold one. */
export const named = async ({ q }: Reader, text: string): Promise<Account | null> => {
  const at = text.lastIndexOf("@");
  if (at <= 0) return null;
  const [r] = await q.select({ a: accounts }).from(accounts).innerJoin(targets, eq(targets.id, accounts.target)).where(and(eq(accounts.name, text.slice(0, at)), eq(targets.name, text.slice(at + 1))));
  return r ? fromRow(r.a) : null;
};

export const add = async (tx: Tx, a: Pick<Account, "id" | "target" | "name" | "identityNo" | "passwordPolicy"> & { tags?: readonly string[] }): Promise<void> => {
  try { await tx.q.insert(accounts).values({ ...a, tags: [...a.tags ?? []] }); } catch (e) {
    if (violated(e) === "accounts_target_name") throw new Fault("conflict", `The target has an account named ${a.name} already.`);
    throw e;
  }
};

/** law: due-derived. Called in the transaction of a release or an injection; the new number. */
export const used = (tx: Tx, id: AccountId): Promise<number> => raise(tx, id, sql`0`);
/** The same of a typed or imported password: a use that hands nothing out, due `typedTtl` later (domain/due.ts). */
export const typed = (tx: Tx, id: AccountId): Promise<number> => raise(tx, id, sql`${accounts.typedRun} + 1`);
const raise = async (tx: Tx, id: AccountId, typedRun: SQL): Promise<number> => {
  const [r] = await tx.q.update(accounts).set({ usedNo: sql`${accounts.usedNo} + 1`, typedRun }).where(eq(accounts.id, id)).returning({ no: accounts.usedNo });
  return r!.no;
};
/** The password in force was typed or imported, `ttl` ms ago or longer (the database's clock). */
const typedLongAgo = (ttl: number): SQL => sql`exists (select 1 from secret_versions v where v.id = accounts.current_id and v.origin ~ '^(typed|imported)( |$)' and v.created_at <= now() - ${ttl} * interval '1 millisecond')`;
/** Managed accounts with a hand-out no rotation covers, or a typed password older than `typedTtl`, and no rotation open: a hint for the sweep, decided under the row lock. */
export const maybeDue = async ({ q }: Reader, typedTtl: number): Promise<AccountId[]> =>
  (await q.select({ id: accounts.id }).from(accounts).where(and(inArray(accounts.credential, ["in_sync", "unverified"]), or(sql`used_no - typed_run > rotated_no`, typedLongAgo(typedTtl)), sql`not exists (select 1 from rotations r where r.account_id = accounts.id and r.state not in ('committed','refused') and not coalesce(r.state in ('queued','prepared') and r.order_state in ('wished','sent','placed'), false))`)))
    .map((r) => r.id as AccountId);
/** Held accounts of machines with an agent of ours, of which no change was left there yet, or for another end of their use. */
export const maybeOrders = async ({ q }: Reader): Promise<AccountId[]> =>
  (await q.execute<{ id: string }>(sql`select a.id from accounts a join targets t on t.id = a.target_id join requests q on q.account_id = a.id and q.state = 'checked_out' and q.until > now()
    left join rotations r on r.account_id = a.id and r.state not in ('committed','refused')
    where t.settings ? 'agent' and a.credential = 'in_sync' and a.used_no - a.typed_run > a.rotated_no
    group by a.id, r.id having r.id is null or (r.state in ('queued','prepared') and r.order_state in ('wished','sent','placed') and r.order_wanted <> max(q.until))`) as unknown as { rows: { id: string }[] }).rows.map((r) => r.id as AccountId);

/** When the last session of the account was over: the reconnect grace runs from here. */
export const useEnded = async (tx: Tx, id: AccountId): Promise<void> => void await tx.q.update(accounts).set({ lastUseEndedAt: tx.now }).where(eq(accounts.id, id));
export const lastUseEnded = async ({ q }: Reader, id: AccountId): Promise<Date | null> => (await q.select({ at: accounts.lastUseEndedAt }).from(accounts).where(eq(accounts.id, id)))[0]?.at ?? null;

export type Credited = Partial<Pick<Account, "credential" | "current" | "previous" | "rotatedNo" | "adopted" | "rotatedAt" | "verifiedAt">>;
export const credit = async (tx: Tx, id: AccountId, set: Credited): Promise<void> => {
  if (Object.keys(set).length > 0) await tx.q.update(accounts).set(set).where(eq(accounts.id, id));
};
/** What its managers choose; nothing here decides what is in force. */
export const change = async (tx: Tx, id: AccountId, set: { readonly passwordPolicy?: string | null; readonly tags?: readonly string[] }): Promise<void> =>
  void await tx.q.update(accounts).set({ ...(set.passwordPolicy !== undefined ? { passwordPolicy: set.passwordPolicy } : {}), ...(set.tags ? { tags: [...set.tags] } : {}) }).where(eq(accounts.id, id));
export const setBlock = async (tx: Tx, id: AccountId, block: Block): Promise<void> => void await tx.q.update(accounts).set({ block }).where(eq(accounts.id, id));
const underLock = sql`exists (select 1 from locks l where l.kind = 'account' and l.subject = accounts.id and l.lifted_at is null)`;
/** The target's identity was accepted: its accounts' secrets belong to the new number; a standing lock of theirs stands on. */
export const acceptIdentity = async (tx: Tx, target: TargetId, identityNo: number): Promise<AccountId[]> =>
  (await tx.q.update(accounts).set({ identityNo, block: sql`case when ${accounts.block} not in ('identity_changed', 'untried') then ${accounts.block} when ${underLock} then 'locked' else 'none' end` }).where(eq(accounts.target, target)).returning({ id: accounts.id })).map((r) => r.id as AccountId);
export const blockForIdentity = async (tx: Tx, target: TargetId): Promise<AccountId[]> =>
  (await tx.q.update(accounts).set({ block: "identity_changed" }).where(and(eq(accounts.target, target), inArray(accounts.block, ["none", "untried"]))).returning({ id: accounts.id })).map((r) => r.id as AccountId);
/** Managed ones that nothing else stops. */
export const blockUntried = async (tx: Tx, target: TargetId): Promise<AccountId[]> =>
  (await tx.q.update(accounts).set({ block: "untried" }).where(and(eq(accounts.target, target), eq(accounts.block, "none"), ne(accounts.credential, "unmanaged"))).returning({ id: accounts.id }))
    .map((r) => r.id as AccountId);
export const freeUntried = async (tx: Tx, target: TargetId): Promise<AccountId[]> =>
  (await tx.q.update(accounts).set({ block: "none" }).where(and(eq(accounts.target, target), eq(accounts.block, "untried"))).returning({ id: accounts.id })).map((r) => r.id as AccountId);

/** Read again: what another has just been refused or allowed counts. */
export const guards = async ({ q }: Reader, id: AccountId): Promise<Guards> => guardsOf((await q.select(GUARDS).from(accounts).where(eq(accounts.id, id)))[0]!);
export const setBudget = async (tx: Tx, id: AccountId, b: LoginBudget): Promise<void> => void await tx.q.update(accounts).set({ loginsSpent: b.spent, loginsUntil: b.until }).where(eq(accounts.id, id));
/** A4: the first refused login of an administrative account stops everything that would use it until then. */
export const openBreaker = async (tx: Tx, id: AccountId, until: Date | null): Promise<void> => void await tx.q.update(accounts).set({ breakerUntil: until }).where(eq(accounts.id, id));
/** Its login worked for somebody: for a moment others may use it side by side, and no breaker is open. */
export const served = async (tx: Tx, id: AccountId): Promise<void> => void await tx.q.update(accounts).set({ servedAt: tx.now, breakerUntil: null }).where(eq(accounts.id, id));
/** Break-glass: no rotation of it touches the target before. */
export const pauseHealer = async (tx: Tx, id: AccountId, until: Date): Promise<void> => void await tx.q.update(accounts).set({ healerPausedUntil: until }).where(eq(accounts.id, id));
