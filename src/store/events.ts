/** The event log's rows. Rule: `append` needs the Tx of the step it tells of; only the sequencer gives an index, in commit order, once. */
import { and, asc, desc, eq, gt, ilike, isNull, isNotNull, lt, or, sql, type SQL } from "drizzle-orm";
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

export type EventFilter = { readonly text?: string; readonly what?: string; readonly about?: string; readonly before?: number; readonly after?: number; readonly limit?: number };
export const list = async ({ q }: Reader, f: EventFilter): Promise<EventRow[]> => {
  const where: (SQL | undefined)[] = [
    f.what ? eq(events.what, f.what) : undefined, f.before !== undefined ? lt(events.row, f.before) : undefined, f.after !== undefined ? gt(events.row, f.after) : undefined,
    f.about ? sql`exists (select 1 from jsonb_each_text(${events.about}) a where a.value = ${f.about})` : undefined,
    f.text ? or(ilike(events.what, `%${f.text}%`), ilike(events.why, `%${f.text}%`), sql`${events.who}::text ilike ${`%${f.text}%`}`, sql`${events.about}::text ilike ${`%${f.text}%`}`, sql`${events.facts}::text ilike ${`%${f.text}%`}`) : undefined,
  ];
  return q.select().from(events).where(and(...where)).orderBy(f.after !== undefined ? asc(events.row) : desc(events.row)).limit(f.limit ?? 100);
};
/** In index order, for export and verification. */
export const sequenced = async ({ q }: Reader, after: number, limit: number): Promise<EventRow[]> => q.select().from(events).where(gt(events.index, after)).orderBy(asc(events.index)).limit(limit);
/** One thing's own story, oldest first. */
export const story = async ({ q }: Reader, id: string): Promise<EventRow[]> => q.select().from(events).where(sql`exists (select 1 from jsonb_each_text(${events.about}) a where a.value = ${id})`).orderBy(asc(events.row)).limit(500);
