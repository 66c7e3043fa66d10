/** The event log's rows. Rule: `append` needs the Tx of the step it tells of; only the sequencer gives an index, in commit order, once. */
import { and, asc, count, desc, eq, gt, gte, ilike, isNull, isNotNull, lt, min, ne, notInArray, or, sql, type SQL } from "drizzle-orm";
import type { EventId } from "../kernel/ids.ts";
import { canonical, type AuditEvent } from "../domain/audit.ts";
import type { Reader, Tx } from "./db.ts";
import { events } from "./schema.ts";

export type EventRow = typeof events.$inferSelect;
export const GENESIS = "0".repeat(64);

export const append = async (tx: Tx, id: EventId, e: AuditEvent): Promise<void> =>
  void await tx.q.insert(events).values({ id, at: tx.now, what: e.what, who: e.who, about: { ...e.about }, outcome: e.outcome, why: e.why ?? null, facts: e.facts ?? null });

/** From the embedded database's event journal after a power cut; true = the row was missing. */
export const bringBack = async (tx: Tx, id: EventId, at: Date, e: AuditEvent): Promise<boolean> =>
  (await tx.q.insert(events).values({ id, at, what: e.what, who: e.who, about: { ...e.about }, outcome: e.outcome, why: e.why ?? null, facts: e.facts ?? null }).onConflictDoNothing({ target: events.id }).returning({ id: events.id })).length === 1;

/** The bytes that are hashed: everything but the row number, which says nothing of commit order. */
export const canonicalRow = (r: Pick<EventRow, "id" | "at" | "what" | "who" | "about" | "outcome" | "why" | "facts">, index: number, prevHash: string): string =>
  canonical({ v: 1, index, prev_hash: prevHash, id: r.id, at: r.at.toISOString(), what: r.what, who: r.who, about: r.about, outcome: r.outcome, why: r.why, facts: r.facts });

/** Numbers what has committed since last time. `hash`: sha-256 in hex, handed in. Returns how many. One sequencer at a time. */
export const sequence = async (tx: Tx, hash: (text: string) => string, batch = 500): Promise<EventRow[]> => {
  const locked = await tx.q.execute(sql`select pg_try_advisory_xact_lock(7301) as ok`) as unknown as { rows: { ok: boolean }[] };
  if (!locked.rows[0]?.ok) return [];
  const [last] = await tx.q.select({ index: events.index, hash: events.hash }).from(events).where(isNotNull(events.index)).orderBy(desc(events.index)).limit(1);
  const rows = await tx.q.select().from(events).where(isNull(events.index)).orderBy(asc(events.row)).limit(batch);
  let index = last?.index ?? -1, prev = last?.hash ?? GENESIS;
  const done: EventRow[] = [];
  for (const r of rows) {
    index += 1;
    const next = hash(canonicalRow(r, index, prev));
    await tx.q.update(events).set({ index, prevHash: prev, hash: next }).where(eq(events.row, r.row));
    done.push({ ...r, index, prevHash: prev, hash: next });
    prev = next;
  }
  return done;
};

/** `who`: an id, or a part of a name, an address or a part of the broker. `from` counts, `to` does not. */
export type EventFilter = { readonly text?: string; readonly what?: string; readonly who?: string; readonly about?: string; readonly outcome?: string; readonly from?: Date; readonly to?: Date };
/** `before`, `after`: row numbers; where a page ended. */
export type EventPage = EventFilter & { readonly before?: number; readonly after?: number; readonly limit?: number };

/** Text of people is no pattern. */
const holding = (text: string): string => `%${text.replace(/[\\%_]/g, "\\$&")}%`;
/** As a jsonpath, which the GIN index on `about` answers. */
const aboutIs = (id: string): SQL => sql`${events.about} @? ${`$.* ? (@ == ${JSON.stringify(id)})`}::jsonpath`;
const textIs = (text: string): SQL | undefined => {
  const like = holding(text);
  return or(ilike(events.what, like), ilike(events.why, like), sql`${events.who}::text ilike ${like}`, sql`${events.about}::text ilike ${like}`, sql`${events.facts}::text ilike ${like}`);
};
const whoIs = (who: string): SQL => {
  const like = holding(who);
  return sql`(${events.who}->>'id' = ${who} or ${events.who}->>'name' ilike ${like} or ${events.who}->>'address' ilike ${like} or ${events.who}->>'part' ilike ${like})`;
};
const matching = (f: EventFilter): (SQL | undefined)[] => [
  f.what ? eq(events.what, f.what) : undefined, f.outcome ? eq(events.outcome, f.outcome) : undefined, f.about ? aboutIs(f.about) : undefined, f.who ? whoIs(f.who) : undefined,
  f.from ? gte(events.at, f.from) : undefined, f.to ? lt(events.at, f.to) : undefined, f.text ? textIs(f.text) : undefined,
];

export const list = async ({ q }: Reader, f: EventPage): Promise<EventRow[]> =>
  q.select().from(events).where(and(...matching(f), f.before !== undefined ? lt(events.row, f.before) : undefined, f.after !== undefined ? gt(events.row, f.after) : undefined))
    .orderBy(f.after !== undefined ? asc(events.row) : desc(events.row)).limit(f.limit ?? 100);
/** In index order, for export and verification: those after number `after`. */
export const sequenced = async ({ q }: Reader, after: number, limit: number, f: EventFilter = {}): Promise<EventRow[]> =>
  q.select().from(events).where(and(gt(events.index, after), ...matching(f))).orderBy(asc(events.index)).limit(limit);
/** The highest number given so far and its hash; null before the first. */
export const head = async ({ q }: Reader): Promise<{ readonly index: number; readonly hash: string } | null> => {
  const [r] = await q.select({ index: events.index, hash: events.hash }).from(events).where(isNotNull(events.index)).orderBy(desc(events.index)).limit(1);
  return r ? { index: r.index!, hash: r.hash! } : null;
};
export const hashAt = async ({ q }: Reader, index: number): Promise<string | null> => (await q.select({ hash: events.hash }).from(events).where(eq(events.index, index)))[0]?.hash ?? null;
/** Committed and without a number: how many, and since when the oldest waits. */
export const unnumbered = async ({ q }: Reader): Promise<{ readonly waiting: number; readonly since: Date | null }> => {
  const [r] = await q.select({ n: count(), since: min(events.at) }).from(events).where(isNull(events.index));
  return { waiting: r?.n ?? 0, since: r?.since ?? null };
};
/** One thing's own story, oldest first; where it is longer, its end. What a session's process reported stands with that session (`reports`): thousands of files would push out how a use ended. */
export const story = async ({ q }: Reader, id: string, limit = 500): Promise<EventRow[]> =>
  (await q.select().from(events).where(and(aboutIs(id), ne(events.what, "session.event"))).orderBy(desc(events.row)).limit(limit)).toReversed();
/** Of one session, oldest first: those after row `after`; of one kind, where it is said. */
export const reports = async ({ q }: Reader, session: string, { after, limit, kind }: { after: number; limit: number; kind?: string }): Promise<EventRow[]> =>
  q.select().from(events).where(and(aboutIs(session), eq(events.what, "session.event"), gt(events.row, after), kind === undefined ? undefined : sql`${events.facts}->>'kind' = ${kind}`)).orderBy(asc(events.row)).limit(limit);
/** How often what happened after a moment, by name. */
export const countSince = async ({ q }: Reader, after: Date, but: readonly string[]): Promise<Record<string, number>> => {
  const rows = await q.select({ what: events.what, n: count() }).from(events)
    .where(and(gt(events.at, after), notInArray(events.what, [...but]))).groupBy(events.what).orderBy(asc(events.what));
  return Object.fromEntries(rows.map((r) => [r.what, r.n]));
};
