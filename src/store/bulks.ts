/** Bulk changes as rows. Rule: `save` and `saveItem` spend a step and name the state it came from; zero rows means somebody moved first. */
import { and, asc, desc, eq, inArray, isNull, lt, lte, or, sql } from "drizzle-orm";
import { Fault } from "../kernel/fault.ts";
import type { AccountId, BulkId, PersonId, RotationId, ScheduleId, TargetId, VersionId } from "../kernel/ids.ts";
import { ITEM_STATES, LIVE, type Bulk, type Counts, type Ended, type Item, type ItemState, type ItemStep, type Step } from "../domain/bulk.ts";
import type { Reader, Tx } from "./db.ts";
import { accounts, bulkItems, bulks, people, rotations, targets } from "./schema.ts";

export const fromRow = ({ prior: _prior, endedAt, ...r }: typeof bulks.$inferSelect): Bulk =>
  ({ ...r, id: r.id as BulkId, by: r.by as PersonId, schedule: r.schedule as ScheduleId | null, movedBy: r.movedBy as PersonId | null, ...(endedAt ? { endedAt } : {}) }) as Bulk;
export const itemFromRow = ({ prior: _prior, ...r }: typeof bulkItems.$inferSelect): Item =>
  ({ ...r, bulk: r.bulk as BulkId, account: r.account as AccountId, target: r.target as TargetId, version: r.version as VersionId | null, rotation: r.rotation as RotationId | null }) as Item;
const PAGE = 500;

export type NewItem = Pick<Item, "account" | "target" | "version" | "seen">;
export const open = async (tx: Tx, b: Bulk<"running">, list: readonly NewItem[]): Promise<void> => {
  await tx.q.insert(bulks).values({ ...b });
  for (let i = 0; i < list.length; i += PAGE) await tx.q.insert(bulkItems).values(list.slice(i, i + PAGE).map((x, k) => ({ ...x, seen: [...x.seen], bulk: b.id, no: i + k + 1 })));
};
export const save = async (tx: Tx, { from, to }: Step): Promise<Bulk> => {
  const rows = await tx.q.update(bulks).set({ state: to.state, why: to.why, movedBy: to.movedBy, until: to.until, endedAt: "endedAt" in to ? to.endedAt : null }).where(and(eq(bulks.id, from.id), eq(bulks.state, from.state))).returning({ id: bulks.id });
  if (rows.length === 0) throw new Fault("conflict", "This bulk change moved on a moment ago. Look again.");
  return to;
};
export const saveItem = async (tx: Tx, { from, to }: ItemStep): Promise<Item> => {
  const rows = await tx.q.update(bulkItems).set({ state: to.state, rotation: to.rotation, tries: to.tries, why: to.why, nextAt: to.nextAt, endedAt: to.endedAt }).where(and(eq(bulkItems.bulk, from.bulk), eq(bulkItems.account, from.account), eq(bulkItems.state, from.state))).returning({ no: bulkItems.no });
  if (rows.length === 0) throw new Fault("conflict", "This account of the bulk change moved on a moment ago.");
  return to;
};
export const find = async ({ q }: Reader, id: BulkId): Promise<Bulk | null> => { const [r] = await q.select().from(bulks).where(eq(bulks.id, id)); return r ? fromRow(r) : null; };
/** `share`: nobody moves it meanwhile; many may look. */
export const lock = async (tx: Tx, id: BulkId, how: "no key update" | "share" = "no key update"): Promise<Bulk> => {
  const [r] = await tx.q.select().from(bulks).where(eq(bulks.id, id)).for(how);
  if (!r) throw new Fault("not_found", "No such bulk change.");
  return fromRow(r);
};
export const lockItem = async (tx: Tx, id: BulkId, account: AccountId): Promise<Item> => {
  const [r] = await tx.q.select().from(bulkItems).where(and(eq(bulkItems.bulk, id), eq(bulkItems.account, account))).for("update");
  if (!r) throw new Fault("not_found", "This account is not in that bulk change.");
  return itemFromRow(r);
};

const NOTHING: Counts = Object.fromEntries(ITEM_STATES.map((s) => [s, 0])) as Record<ItemState, number>;
export const countsOf = async ({ q }: Reader, ids: readonly BulkId[]): Promise<ReadonlyMap<BulkId, Counts>> => {
  const rows = ids.length === 0 ? [] : await q.select({ id: bulkItems.bulk, state: bulkItems.state, n: sql<number>`count(*)::int` }).from(bulkItems).where(inArray(bulkItems.bulk, [...ids])).groupBy(bulkItems.bulk, bulkItems.state);
  return new Map(ids.map((id) => [id, { ...NOTHING, ...Object.fromEntries(rows.filter((r) => r.id === id).map((r) => [r.state, r.n])) }]));
};
export const counts = async (db: Reader, id: BulkId): Promise<Counts> => (await countsOf(db, [id])).get(id)!;

export type Listed = { readonly bulk: Bulk; readonly byName: string; readonly movedByName: string | null; readonly scheduleName: string | null };
const listed = { b: bulks, byName: people.name, movedByName: sql<string | null>`(select p.name from people p where p.id = ${bulks.movedBy})`, scheduleName: sql<string | null>`(select s.name from schedules s where s.id = ${bulks.schedule})` };
export const list = async ({ q }: Reader, f: { by?: PersonId; schedule?: ScheduleId; before?: Date; limit: number }): Promise<Listed[]> =>
  (await q.select(listed).from(bulks).innerJoin(people, eq(people.id, bulks.by))
    .where(and(f.by ? eq(bulks.by, f.by) : undefined, f.schedule ? eq(bulks.schedule, f.schedule) : undefined, f.before ? lt(bulks.at, f.before) : undefined)).orderBy(desc(bulks.at), desc(bulks.id)).limit(f.limit))
    .map(({ b, ...r }) => ({ ...r, bulk: fromRow(b) }));
export const one = async ({ q }: Reader, id: BulkId): Promise<Listed | null> => {
  const [r] = await q.select(listed).from(bulks).innerJoin(people, eq(people.id, bulks.by)).where(eq(bulks.id, id));
  return r ? { byName: r.byName, movedByName: r.movedByName, scheduleName: r.scheduleName, bulk: fromRow(r.b) } : null;
};
export type ItemLine = Item & { readonly name: string; readonly rotationState: string | null; readonly rotationWhy: string | null };
/** In the order in which they are begun; failures first where asked. */
export const items = async ({ q }: Reader, id: BulkId, f: { states?: readonly ItemState[]; after?: number; limit: number }): Promise<ItemLine[]> =>
  (await q.select({ i: bulkItems, name: sql<string>`${accounts.name} || '@' || ${targets.name}`, state: rotations.state, facts: rotations.facts }).from(bulkItems)
    .innerJoin(accounts, eq(accounts.id, bulkItems.account)).innerJoin(targets, eq(targets.id, accounts.target)).leftJoin(rotations, eq(rotations.id, bulkItems.rotation))
    .where(and(eq(bulkItems.bulk, id), f.states ? inArray(bulkItems.state, [...f.states]) : undefined, f.after === undefined ? undefined : sql`${bulkItems.no} > ${f.after}`)).orderBy(asc(bulkItems.no)).limit(f.limit))
    .map((r) => ({ ...itemFromRow(r.i), name: r.name, rotationState: r.state, rotationWhy: (r.facts?.["why"] as string | null | undefined) ?? null }));

export const live = async ({ q }: Reader): Promise<Bulk[]> => (await q.select().from(bulks).where(inArray(bulks.state, [...LIVE])).orderBy(asc(bulks.at))).map(fromRow);

export type Over = { readonly bulk: BulkId; readonly account: AccountId; readonly ended: Ended };
/** Accounts whose rotation has ended, or waits for a person. */
export const over = async ({ q }: Reader, limit: number): Promise<Over[]> =>
  (await q.select({ bulk: bulkItems.bulk, account: bulkItems.account, state: rotations.state, facts: rotations.facts }).from(bulkItems).innerJoin(rotations, eq(rotations.id, bulkItems.rotation))
    .where(and(eq(bulkItems.state, "changing"), inArray(rotations.state, ["committed", "refused", "dead_letter"]))).limit(limit))
    .map((r) => ({ bulk: r.bulk as BulkId, account: r.account as AccountId, ended: { state: r.state as Ended["state"], why: (r.facts["why"] as string | null | undefined) ?? null } }));

/** What is under way, by target; what waits for its target's answer takes that target's places, and none of the others'. */
export const underWay = async (tx: Reader, id: BulkId): Promise<readonly { readonly target: TargetId; readonly n: number; readonly brisk: number }[]> =>
  (await tx.q.select({ target: bulkItems.target, n: sql<number>`count(*)::int`, brisk: sql<number>`(count(*) filter (where ${rotations.state} <> 'waiting' and (${rotations.nextAt} is null or ${rotations.nextAt} <= now())))::int` })
    .from(bulkItems).innerJoin(rotations, eq(rotations.id, bulkItems.rotation)).where(and(eq(bulkItems.bulk, id), eq(bulkItems.state, "changing"))).groupBy(bulkItems.target)).map((r) => ({ ...r, target: r.target as TargetId }));

/** The next accounts to begin with: the first few of each target, of which no more than `most`. A hint, decided again under the account's lock. */
export const toBegin = async ({ q }: Reader, id: BulkId, full: readonly TargetId[], perTarget: number, most: number): Promise<{ readonly account: AccountId; readonly target: TargetId }[]> => {
  const free = q.select({ account: bulkItems.account, target: bulkItems.target, no: bulkItems.no, place: sql<number>`row_number() over (partition by ${bulkItems.target} order by ${bulkItems.no})`.as("place") }).from(bulkItems)
    .where(and(eq(bulkItems.bulk, id), inArray(bulkItems.state, ["waiting", "held"]), full.length > 0 ? sql`${bulkItems.target} not in (${sql.join(full.map((t) => sql`${t}`), sql`, `)})` : undefined,
      or(isNull(bulkItems.nextAt), lte(bulkItems.nextAt, sql`now()`), sql`(${bulkItems.state} = 'held' and not exists (select 1 from requests r where r.account_id = ${bulkItems.account} and r.state = 'checked_out'))`))).as("free");
  return (await q.select({ account: free.account, target: free.target }).from(free).where(lte(free.place, perTarget)).orderBy(asc(free.place), asc(free.no)).limit(most)).map((r) => ({ account: r.account as AccountId, target: r.target as TargetId }));
};
/** What the end of a bulk finds: its accounts that have not begun, or have not ended. */
export const left = async ({ q }: Reader, id: BulkId, states: readonly ItemState[], limit: number): Promise<{ readonly account: AccountId; readonly why: string | null; readonly rotationWhy: string | null }[]> =>
  (await q.select({ account: bulkItems.account, why: bulkItems.why, facts: rotations.facts }).from(bulkItems).leftJoin(rotations, eq(rotations.id, bulkItems.rotation)).where(and(eq(bulkItems.bulk, id), inArray(bulkItems.state, [...states]))).orderBy(asc(bulkItems.no)).limit(limit))
    .map((r) => ({ account: r.account as AccountId, why: r.why, rotationWhy: (r.facts?.["why"] as string | null | undefined) ?? null }));
/** The earliest moment at which something of it wants another look by itself. */
export const nextLook = async ({ q }: Reader): Promise<Date | null> => {
  const [r] = await q.select({ at: sql<string | Date | null>`least(min(${bulkItems.nextAt}) filter (where ${bulkItems.nextAt} > now()), min(${bulks.until}) filter (where ${bulks.until} > now()))` }).from(bulks).leftJoin(bulkItems, and(eq(bulkItems.bulk, bulks.id), inArray(bulkItems.state, ["waiting", "held"]))).where(inArray(bulks.state, [...LIVE]));
  return r?.at ? new Date(r.at) : null;
};
