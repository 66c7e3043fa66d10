/**
 * The outbox: notices and their deliveries as rows. Rule: written in the transaction of what they tell of; a delivery is moved by its step, under its
 * fence.
 */
import { and, asc, desc, eq, inArray, isNull, lt, lte, ne, notInArray, or, sql, type SQL } from "drizzle-orm";
import type { PersonId } from "../kernel/ids.ts";
import type { Channel, Delivery, DeliveryId, DeliveryStep, State, WebhookId } from "../domain/delivery.ts";
import type { NoticeId, NoticeKind, Told } from "../domain/notice.ts";
import type { Reader, Tx } from "./db.ts";
import { deliveries, notices } from "./schema.ts";

type Row = typeof deliveries.$inferSelect;
const fromRow = (r: Row): Delivery => {
  const { prior: _prior, ...d } = r;
  return { ...d, id: d.id as DeliveryId, notice: d.notice as NoticeId, state: d.state as State, channel: d.channel as Channel,
    person: d.person as PersonId | null,
    webhook: d.webhook as WebhookId | null, againOf: d.againOf as DeliveryId | null };
};
const told = (r: typeof notices.$inferSelect): Told =>
  ({ id: r.id as NoticeId, kind: r.kind as NoticeKind, subject: r.subject, lines: r.lines, path: r.path, about: r.about, at: r.at });

/** False: it was told before under this key. */
export const add = async (tx: Tx, n: Omit<Told, "at">, once: string | null): Promise<boolean> =>
  (await tx.q.insert(notices).values({ ...n, lines: [...n.lines], about: { ...n.about }, once,
    at: tx.now }).onConflictDoNothing({ target: notices.once })
    .returning({ id: notices.id })).length === 1;
export const find = async ({ q }: Reader, id: NoticeId): Promise<Told | null> => {
  const [r] = await q.select().from(notices).where(eq(notices.id, id));
  return r ? told(r) : null;
};

export type NewDelivery = Pick<Delivery, "id" | "notice" | "channel" | "to" | "person" | "webhook"> & { readonly againOf?: DeliveryId;
  readonly unsent?: string };
export const addDeliveries = async (tx: Tx, list: readonly NewDelivery[]): Promise<void> => {
  if (list.length > 0) await tx.q.insert(deliveries).values(list.map(({ unsent: _unsent, ...d }) => ({ ...d, at: tx.now, nextAt: tx.now })));
  // No way to try is an end too, and every life begins with waiting.
  for (const { id, unsent } of list) {
    if (unsent !== undefined) await tx.q.update(deliveries).set({ state: "unsent", said: unsent, endedAt: tx.now,
      nextAt: null }).where(eq(deliveries.id, id));
  }
};

/** A claim or an end: `where id and state and fence`. False: somebody else has it. */
export const save = async (tx: Tx, { from, to }: DeliveryStep): Promise<boolean> =>
  (await tx.q.update(deliveries).set({ state: to.state, tries: to.tries, fence: to.fence, leaseUntil: to.leaseUntil, nextAt: to.nextAt, wayClosed: to.wayClosed, said: to.said,
    endedAt: to.endedAt })
    .where(and(eq(deliveries.id, from.id), eq(deliveries.state, from.state),
      eq(deliveries.fence, from.fence))).returning({ id: deliveries.id })).length === 1;
/** Only of those still ours: where somebody took one over, its lease is theirs. */
export const renew = async (tx: Tx, list: readonly Delivery[], until: Date): Promise<void> =>
  void await tx.q.update(deliveries).set({ leaseUntil: until }).where(and(eq(deliveries.state, "waiting"),
    or(...list.map((d) => and(eq(deliveries.id, d.id), eq(deliveries.fence, d.fence))))));

const free = (now: Date) => and(eq(deliveries.state, "waiting"), lte(deliveries.nextAt, now),
  or(isNull(deliveries.leaseUntil), lte(deliveries.leaseUntil, now)));
/** One at a time to one receiver: in order, and one that hangs keeps one hand busy. */
const alone = (now: Date) => sql`not exists (select 1 from deliveries b where b.channel = ${deliveries.channel} and b.to_address = ${deliveries.to} and b.state = 'waiting'
  and b.lease_until > ${now.toISOString()}::timestamptz)`;
/** Of the same kind for the same address, and free. */
export const gather = async (tx: Tx, d: Delivery, kind: NoticeKind, most: number): Promise<Listed[]> =>
  (await tx.q.select({ d: deliveries, n: notices }).from(deliveries).innerJoin(notices, eq(notices.id, deliveries.notice)).where(and(
    free(tx.now), eq(deliveries.channel, "mail"), eq(deliveries.to, d.to), eq(notices.kind, kind), ne(deliveries.id, d.id), eq(deliveries.tries, 0),
  )).orderBy(asc(deliveries.at)).limit(most).for("update", { of: deliveries, skipLocked: true })).map((r) =>
    ({ delivery: fromRow(r.d), notice: told(r.n) }));
/** What else of the kind waits for the address, untried, waits as long. */
export const holdAlike = async (tx: Tx, d: Delivery, kind: NoticeKind, until: Date): Promise<void> =>
  void await tx.q.update(deliveries).set({ nextAt: until }).where(and(
  eq(deliveries.channel, "mail"), eq(deliveries.to, d.to), eq(deliveries.tries, 0), free(tx.now),
  sql`exists (select 1 from notices n where n.id = ${deliveries.notice} and n.kind = ${kind})`,
));
export const lastSent = async ({ q }: Reader, to: string, kind: NoticeKind): Promise<Date | null> => {
  const [r] = await q.select({ at: deliveries.endedAt }).from(deliveries).innerJoin(notices, eq(notices.id, deliveries.notice))
    .where(and(eq(deliveries.channel, "mail"), eq(deliveries.to, to), eq(deliveries.state, "sent"),
      eq(notices.kind, kind))).orderBy(desc(deliveries.endedAt)).limit(1);
  return r?.at ?? null;
};
/** The oldest of them which nobody works on; locked, so that two nodes never take the same. */
const oldest = async (tx: Tx, busy: readonly DeliveryId[], ...which: (SQL | undefined)[]): Promise<Delivery | null> => {
  const [r] = await tx.q.select().from(deliveries).where(and(...which, busy.length > 0 ? notInArray(deliveries.id, [...busy]) : undefined))
    .orderBy(asc(deliveries.at), asc(deliveries.id)).limit(1).for("update", { skipLocked: true });
  return r ? fromRow(r) : null;
};
/** One whose time has come; a new one tries a closed way, but with the oldest that waits there, so that it overtakes none. */
export const claimable = async (tx: Tx, channel: Channel, busy: readonly DeliveryId[]): Promise<Delivery | null> => {
  const due = await oldest(tx, busy, free(tx.now), eq(deliveries.channel, channel), alone(tx.now));
  return due && (await oldest(tx, busy, eq(deliveries.state, "waiting"), eq(deliveries.wayClosed, true), eq(deliveries.channel, channel),
    eq(deliveries.to, due.to), lt(deliveries.at, due.at))) || due;
};
/** The earliest moment at which one becomes claimable: its own, or the end of the lease of what goes before it to the same receiver. */
export const nextDelivery = async ({ q }: Reader): Promise<Date | null> => {
  const before = sql`(select max(b.lease_until) from deliveries b where b.channel = ${deliveries.channel} and b.to_address = ${deliveries.to} and b.state = 'waiting')`;
  const [r] = await q.select({ at: sql<string | null>`min(greatest(${deliveries.nextAt}, coalesce(${before}, ${deliveries.nextAt})))` })
    .from(deliveries).where(eq(deliveries.state, "waiting"));
  return r?.at ? new Date(r.at) : null;
};
/** The whole way is closed: what waits for it waits together, so that a server that is down is asked once and not once a mail. */
export const postpone = async (tx: Tx, way: { readonly channel: "mail" } | { readonly webhook: WebhookId }, until: Date): Promise<void> =>
  void await tx.q.update(deliveries).set({ nextAt: until, wayClosed: true }).where(and(eq(deliveries.state, "waiting"), isNull(deliveries.leaseUntil),
    lt(deliveries.nextAt, until),
    "webhook" in way ? eq(deliveries.webhook, way.webhook) : eq(deliveries.channel, "mail")));
/** And when it opened again, all of it may go; what waits for itself goes on waiting. */
export const hurry = async (tx: Tx, way: { readonly channel: "mail" } | { readonly webhook: WebhookId }): Promise<void> =>
  void await tx.q.update(deliveries).set({ nextAt: tx.now, wayClosed: false }).where(and(eq(deliveries.state, "waiting"), eq(deliveries.wayClosed, true),
    "webhook" in way ? eq(deliveries.webhook, way.webhook) : eq(deliveries.channel, "mail")));

export type DeliveryFilter = {
  readonly states?: readonly State[]; readonly kind?: NoticeKind; readonly to?: string; readonly channel?: Channel; readonly webhook?: WebhookId;
  readonly notice?: NoticeId; readonly person?: PersonId; readonly before?: DeliveryId; readonly limit?: number;
  /** Of notices that were about all of these, as `{ bulk: "blk_…" }`. */
  readonly about?: Readonly<Record<string, string>>;
};
export type Listed = { readonly delivery: Delivery; readonly notice: Told };
const holding = (text: string): string => `%${text.replace(/[\\%_]/g, "\\$&")}%`;
const matching = (f: DeliveryFilter): (SQL | undefined)[] => [
  f.states ? inArray(deliveries.state, [...f.states]) : undefined, f.kind ? eq(notices.kind, f.kind) : undefined,
    f.channel ? eq(deliveries.channel, f.channel) : undefined,
  f.to ? sql`(${deliveries.to} ilike ${holding(f.to)} or ${notices.subject} ilike ${holding(f.to)})` : undefined,
    f.webhook ? eq(deliveries.webhook, f.webhook) : undefined,
  f.notice ? eq(deliveries.notice, f.notice) : undefined, f.person ? eq(deliveries.person, f.person) : undefined,
  f.about ? sql`${notices.about} @> ${JSON.stringify(f.about)}::jsonb` : undefined,
  f.before ? sql`(${deliveries.at}, ${deliveries.id}) < (select x.at, x.id from deliveries x where x.id = ${f.before})` : undefined,
];
/** Newest first. */
export const list = async ({ q }: Reader, f: DeliveryFilter): Promise<Listed[]> =>
  (await q.select({ d: deliveries, n: notices }).from(deliveries).innerJoin(notices, eq(notices.id, deliveries.notice)).where(and(...matching(f)))
    .orderBy(desc(deliveries.at), desc(deliveries.id)).limit(f.limit ?? 100)).map((r) => ({ delivery: fromRow(r.d), notice: told(r.n) }));
export const delivery = async ({ q }: Reader, id: DeliveryId): Promise<Delivery | null> => {
  const [r] = await q.select().from(deliveries).where(eq(deliveries.id, id));
  return r ? fromRow(r) : null;
};
export const counts = async ({ q }: Reader, since: Date): Promise<Readonly<Partial<Record<State, number>>>> =>
  Object.fromEntries((await q.select({ state: deliveries.state, n: sql<number>`count(*)::int` }).from(deliveries)
    .where(or(eq(deliveries.state, "waiting"), sql`${deliveries.at} > ${since.toISOString()}::timestamptz`)).groupBy(deliveries.state)).map((r) =>
      [r.state, r.n]));

/** The embedded database has one owner: at its start every lease belongs to a process that is gone. */
export const freeLeases = async (tx: Tx): Promise<void> => void await tx.q.update(deliveries).set({ leaseUntil: null }).where(eq(deliveries.state,
  "waiting"));
/** What is over and old is forgotten; the audit log keeps what happened. */
export const forget = async (tx: Tx, before: Date): Promise<void> => void await tx.q.delete(notices).where(and(lt(notices.at, before),
  sql`not exists (select 1 from deliveries d where d.notice_id = ${notices.id} and d.state = 'waiting')`));
