/** Rotations as rows, and what must become true with each step. Rule: `save` names the state and the fence; a stale one changes nothing and stops. */
import { and, asc, desc, eq, gte, inArray, isNull, lte, notInArray, or, sql } from "drizzle-orm";
import { Fault } from "../kernel/fault.ts";
import type { AccountId, AgentId, RotationId, TargetId, VersionId } from "../kernel/ids.ts";
import type { Order } from "../domain/order.ts";
import { claimable as claimableLease } from "../domain/rotation-lease.ts";
import { OPEN, type AnyStep, type Rotation, type RotationStep } from "../domain/rotation.ts";
import { violated, type Reader, type Tx } from "./db.ts";
import { accounts, adminUses, closures, rotations } from "./schema.ts";

type Row = typeof rotations.$inferSelect;
const DATES = ["leaseUntil", "firstUnknownAt", "nextAt", "applyStartedAt", "since", "endedAt"] as const;

/** `facts` is the domain value as JSON; what queries need stands beside it as columns and wins. */
export const fromRow = (r: Row): Rotation => {
  const facts: Record<string, unknown> = { ...r.facts };
  for (const key of DATES) if (typeof facts[key] === "string") facts[key] = new Date(facts[key]);
  return { ...facts, id: r.id, account: r.account, state: r.state, fence: r.fence, leaseUntil: r.leaseUntil, nextAt: r.nextAt, order: orderFrom(r) } as unknown as Rotation;
};
const orderFrom = (r: Row): Order | null => {
  if (r.orderState === null) return null;
  const asked = { state: r.orderState, agent: r.orderAgent, wanted: r.orderWanted };
  return (r.orderState === "wished" ? asked : { ...asked, due: r.orderDue, expires: r.orderExpires, fence: r.orderFence, epoch: r.orderEpoch, before: r.orderBefore }) as Order;
};
const orderColumns = (o: Order | null) => {
  const left = o !== null && o.state !== "wished" ? o : null;
  return {
    orderState: o?.state ?? null, orderAgent: o?.agent ?? null, orderWanted: o?.wanted ?? null,
    orderDue: left?.due ?? null, orderExpires: left?.expires ?? null, orderFence: left?.fence ?? null, orderEpoch: left?.epoch ?? null, orderBefore: left?.before ?? null,
  };
};
const columns = (r: Rotation) => ({
  state: r.state, fence: r.fence, leaseUntil: r.leaseUntil, nextAt: r.nextAt, candidate: "candidate" in r ? r.candidate : null, covers: "covers" in r ? r.covers : null,
  facts: { ...r } as unknown as Record<string, unknown>, endedAt: "endedAt" in r ? r.endedAt : null, ...orderColumns(r.order),
});

/** A new row; false when the account has an open one (I3). */
export const open = async (tx: Tx, r: Rotation<"queued">): Promise<boolean> =>
  (await tx.q.insert(rotations).values({ id: r.id, account: r.account, openedAt: tx.now, ...columns(r) }).onConflictDoNothing().returning({ id: rotations.id })).length === 1;

export class Fenced extends Error { override readonly name = "Fenced"; }

/** Spends a step: `where id and state and fence`. Zero rows = another worker owns it; the caller forgets everything and stops. */
export const save = async (tx: Tx, { from, to }: RotationStep | AnyStep): Promise<Rotation> => {
  const rows = await tx.q.update(rotations).set(columns(to)).where(and(eq(rotations.id, from.id), eq(rotations.state, from.state), eq(rotations.fence, from.fence))).returning({ id: rotations.id });
  if (rows.length === 0) throw new Fenced(`rotation ${from.id} is no longer ours`);
  return to;
};

/** Still ours by the fence: nobody took over, so the lease may be stretched before the target is touched. */
export const stretch = async (tx: Tx, r: Rotation, until: Date): Promise<void> =>
  void await tx.q.update(rotations).set({ leaseUntil: until }).where(and(eq(rotations.id, r.id), eq(rotations.fence, r.fence)));

/** The embedded database has one owner: at its start every lease belongs to a process that is gone. */
export const freeLeases = async (tx: Tx): Promise<void> => void await tx.q.update(rotations).set({ leaseUntil: null }).where(inArray(rotations.state, [...OPEN]));

/** Nothing to do before `until`: the lease goes back, the state stays. `why`, where there is something to say. */
export const sleep = async (tx: Tx, r: Rotation, until: Date, why?: string): Promise<void> =>
  void await tx.q.update(rotations).set({ nextAt: until, leaseUntil: null, ...(why === undefined ? {} : { facts: { ...r, why } as unknown as Record<string, unknown> }) }).where(and(eq(rotations.id, r.id), eq(rotations.fence, r.fence), inArray(rotations.state, [...OPEN])));

export const find = async ({ q }: Reader, id: RotationId): Promise<Rotation | null> => { const [r] = await q.select().from(rotations).where(eq(rotations.id, id)); return r ? fromRow(r) : null; };
export const withOpening = async ({ q }: Reader, id: RotationId): Promise<(Rotation & { openedAt: Date }) | null> => { const [r] = await q.select().from(rotations).where(eq(rotations.id, id)); return r ? { ...fromRow(r), openedAt: r.openedAt } : null; };
export const lock = async (tx: Tx, id: RotationId): Promise<Rotation> => {
  const [r] = await tx.q.select().from(rotations).where(eq(rotations.id, id)).for("no key update");
  if (!r) throw new Fault("not_found", "No such rotation.");
  return fromRow(r);
};
export const openOf = async ({ q }: Reader, account: AccountId): Promise<Rotation | null> => {
  const [r] = await q.select().from(rotations).where(and(eq(rotations.account, account), inArray(rotations.state, [...OPEN])));
  return r ? fromRow(r) : null;
};
export const openOfAll = async ({ q }: Reader): Promise<Rotation[]> => (await q.select().from(rotations).where(sql`state not in ('committed','refused')`)).map(fromRow);
export const recent = async ({ q }: Reader, filter: { account?: AccountId; limit?: number }): Promise<(Rotation & { openedAt: Date })[]> =>
  (await q.select().from(rotations).where(filter.account ? eq(rotations.account, filter.account) : undefined).orderBy(desc(rotations.openedAt)).limit(filter.limit ?? 50)).map((r) => ({ ...fromRow(r), openedAt: r.openedAt }));

/** Every open one, oldest first. */
export const allOpen = async ({ q }: Reader, limit = 500): Promise<Opened[]> => (await q.select().from(rotations).where(inArray(rotations.state, [...OPEN])).orderBy(asc(rotations.openedAt)).limit(limit)).map(opened);
type Opened = Rotation & { readonly openedAt: Date };
const opened = (r: Row): Opened => ({ ...fromRow(r), openedAt: r.openedAt });
/** Accounts whose last rotation was refused: nothing came after it. */
export const lastRefused = async ({ q }: Reader, limit = 200): Promise<Opened[]> => (await q.select().from(rotations).where(and(
  eq(rotations.state, "refused"), sql`not exists (select 1 from rotations n where n.account_id = ${rotations.account} and (n.opened_at, n.id) > (${rotations.openedAt}, ${rotations.id}))`,
)).orderBy(desc(rotations.endedAt)).limit(limit)).map(opened);
export type Day = { readonly day: string; readonly committed: number; readonly refused: number };
/** How many ended how, by day (UTC); days without any are left out. `on`: these targets alone; null = all. */
export const perDay = async ({ q }: Reader, since: Date, on: readonly TargetId[] | null): Promise<Day[]> => {
  if (on?.length === 0) return [];
  const of = (state: string) => sql<number>`count(*) filter (where ${rotations.state} = ${state})`.mapWith(Number), day = sql<string>`to_char(${rotations.endedAt} at time zone 'UTC', 'YYYY-MM-DD')`;
  return q.select({ day, committed: of("committed"), refused: of("refused") }).from(rotations).innerJoin(accounts, eq(accounts.id, rotations.account))
    .where(and(gte(rotations.endedAt, since), on ? inArray(accounts.target, [...on]) : undefined)).groupBy(sql`1`).orderBy(sql`1`);
};

/** What ended a use: the first to be proven since its last moment whose candidate was not itself `given` out. */
export const firstProven = async ({ q }: Reader, account: AccountId, since: Date, given: readonly string[]): Promise<Opened | null> => {
  const another = or(isNull(rotations.candidate), notInArray(rotations.candidate, [...given]));
  const [r] = await q.select().from(rotations).where(and(eq(rotations.account, account), eq(rotations.state, "committed"), gte(rotations.endedAt, since), another)).orderBy(asc(rotations.endedAt), asc(rotations.openedAt)).limit(1);
  return r ? opened(r) : null;
};
/** What has not ended one yet: the open one, else the last of those begun since that was refused. */
export const notProven = async ({ q }: Reader, account: AccountId, since: Date): Promise<Opened | null> => {
  const open = notInArray(rotations.state, ["committed", "refused"]), refused = and(eq(rotations.state, "refused"), gte(rotations.openedAt, since));
  const [r] = await q.select().from(rotations).where(and(eq(rotations.account, account), or(open, refused))).orderBy(desc(open), desc(rotations.openedAt)).limit(1);
  return r ? opened(r) : null;
};

/** The next open rotation whose time has come and whose lease is dead. A hint, unlocked: `claim` locks account and row and looks again. */
export const claimable = async (tx: Tx, busy: readonly RotationId[], full: readonly TargetId[] = []): Promise<{ readonly id: RotationId; readonly account: AccountId; readonly target: TargetId } | null> => {
  const [r] = await tx.q.select({ id: rotations.id, account: rotations.account, target: accounts.target }).from(rotations).innerJoin(accounts, eq(accounts.id, rotations.account)).where(and(
    sql`${rotations.state} not in ('committed','refused')`, full.length > 0 ? notInArray(accounts.target, [...full]) : undefined, or(isNull(rotations.nextAt), lte(rotations.nextAt, tx.now)), or(isNull(rotations.leaseUntil), lte(rotations.leaseUntil, tx.now)),
    busy.length > 0 ? notInArray(rotations.id, [...busy]) : undefined,
  )).orderBy(sql`${rotations.nextAt} nulls first`, asc(rotations.openedAt)).limit(1);
  return r ? { id: r.id as RotationId, account: r.account as AccountId, target: r.target as TargetId } : null;
};
export const isClaimable = (r: Rotation, now: Date): boolean =>
  (OPEN as readonly string[]).includes(r.state) && (r.nextAt === null || r.nextAt <= now) && claimableLease(r, now);

/** The earliest moment at which one becomes claimable. */
export const nextWake = async ({ q }: Reader): Promise<Date | null> => {
  const [r] = await q.select({ at: sql<string | null>`min(greatest(coalesce(next_at, '-infinity'), coalesce(lease_until, '-infinity')))` }).from(rotations).where(sql`state not in ('committed','refused')`);
  if (!r?.at) return null;
  const at = new Date(r.at);
  return Number.isNaN(at.getTime()) ? new Date(0) : at;
};

/** Those that wait for this target's administrator may look again now. */
export const wakeWaiting = async (tx: Tx, target: TargetId): Promise<void> =>
  void await tx.q.update(rotations).set({ nextAt: tx.now }).where(and(eq(rotations.state, "waiting"), sql`${rotations.account} in (select id from accounts where target_id = ${target})`));
/** What an agent that has come can settle or take goes on at once. */
export const wakeOrders = async (tx: Tx, agent: AgentId): Promise<void> =>
  void await tx.q.update(rotations).set({ nextAt: tx.now }).where(and(eq(rotations.orderAgent, agent), or(
    and(eq(rotations.state, "probing"), inArray(rotations.orderState, ["called", "over"])), and(eq(rotations.state, "prepared"), inArray(rotations.orderState, ["wished", "sent"])),
  )));
/** Open ones with an order at this agent that it has not told us the end of. */
export const ordersOf = async ({ q }: Reader, agent: AgentId): Promise<Rotation[]> =>
  (await q.select().from(rotations).where(and(eq(rotations.orderAgent, agent), inArray(rotations.orderState, ["sent", "placed", "called"]), sql`state not in ('committed','refused')`))).map(fromRow);

/**
 * A2: takes a use of an administrative account. False: it is being rotated itself (or, exclusive, it is in use; or, `alone`, anybody uses it).
 * Who wants it exclusively leaves the wish behind: nobody new gets it, so the last user makes room, however many wait for it.
 */
export const takeAdmin = async (tx: Tx, account: AccountId, usedBy: string, { exclusive, alone }: { exclusive: boolean; alone: boolean }, until: Date): Promise<boolean> => {
  await tx.q.execute(sql`select pg_advisory_xact_lock(hashtext(${`admin:${account}`}))`);
  await tx.q.delete(adminUses).where(and(eq(adminUses.account, account), or(eq(adminUses.usedBy, usedBy), lte(adminUses.until, tx.now))));
  const others = await tx.q.select({ exclusive: adminUses.exclusive }).from(adminUses).where(eq(adminUses.account, account));
  const taken = others.some((o) => o.exclusive || exclusive || alone);
  if (taken && !(exclusive && others.every((o) => !o.exclusive))) return false;
  await tx.q.insert(adminUses).values({ account, usedBy, exclusive, until });
  return !taken;
};
export const dropAdmin = async (tx: Tx, usedBy: string): Promise<void> => void await tx.q.delete(adminUses).where(eq(adminUses.usedBy, usedBy));

export type Closure = typeof closures.$inferSelect;
export const addClosure = async (tx: Tx, c: { id: string; rotation: RotationId; account: AccountId; version: VersionId; old: VersionId | null; step: string; dueAt: Date }): Promise<void> => {
  try { await tx.q.insert(closures).values(c); } catch (e) { throw violated(e) ? new Error("closure row refused") : e; }
};
export const dueClosure = async (tx: Tx, skip: readonly string[], full: readonly TargetId[] = []): Promise<Closure | null> =>
  (await tx.q.select().from(closures).where(and(isNull(closures.doneAt), lte(closures.dueAt, tx.now), skip.length > 0 ? notInArray(closures.id, [...skip]) : undefined,
    full.length > 0 ? notInArray(closures.account, tx.q.select({ id: accounts.id }).from(accounts).where(inArray(accounts.target, [...full]))) : undefined)).orderBy(asc(closures.dueAt)).limit(1).for("update", { skipLocked: true }))[0] ?? null;
export const closureDone = async (tx: Tx, id: string, set: { newResult: string; oldResult: string; ended?: string }): Promise<boolean> =>
  (await tx.q.update(closures).set({ ...set, doneAt: tx.now }).where(and(eq(closures.id, id), isNull(closures.doneAt))).returning({ id: closures.id })).length === 1;
export const closuresOf = async ({ q }: Reader, rotation: RotationId): Promise<Closure[]> => q.select().from(closures).where(eq(closures.rotation, rotation)).orderBy(asc(closures.dueAt));
export const closuresOfAccount = async ({ q }: Reader, account: AccountId, limit = 20): Promise<Closure[]> => q.select().from(closures).where(eq(closures.account, account)).orderBy(desc(closures.dueAt)).limit(limit);
/** A newer rotation of the account makes older open checks meaningless: they are closed as such, not asked. */
export const supersedeClosures = async (tx: Tx, account: AccountId): Promise<void> =>
  void await tx.q.update(closures).set({ doneAt: tx.now, newResult: "superseded", oldResult: "superseded" }).where(and(eq(closures.account, account), isNull(closures.doneAt)));
