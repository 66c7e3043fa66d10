/** Schedules as rows. Rule: `save` spends a step and names the state and the run it came from, so two nodes begin one run once. */
import { and, asc, eq, isNull, ne, sql } from "drizzle-orm";
import { Fault } from "../kernel/fault.ts";
import type { PersonId, ScheduleId } from "../kernel/ids.ts";
import type { Schedule, Step } from "../domain/schedule.ts";
import { violated, type Reader, type Tx } from "./db.ts";
import { people, schedules } from "./schema.ts";

type Row = typeof schedules.$inferSelect;
const fromRow = (r: Row): Schedule => ({
  ...r.input, id: r.id as ScheduleId, by: r.by as PersonId, name: r.name, toldOf: r.toldOf, lastRun: r.lastRun,
  ...(r.state === "active" ? { state: "active", nextAt: r.nextAt! } : r.state === "ended" ? { state: "ended", endedAt: r.endedAt! } : { state: "paused" }),
}) as Schedule;
const columns = (s: Schedule) => {
  const { name, when, choice, reason, window, terms, notify, notifyBefore } = s;
  return {
    by: s.by, name, input: { name, when, choice, reason, window, terms, notify, notifyBefore }, toldOf: s.toldOf, lastRun: s.lastRun,
    state: s.state, nextAt: s.state === "active" ? s.nextAt : null, endedAt: s.state === "ended" ? s.endedAt : null,
  };
};
const taken = (e: unknown, name: string): unknown => (violated(e) === "schedules_name" ? new Fault("conflict", `There is a schedule named ${name} already.`) : e);

export const add = async (tx: Tx, s: Schedule<"active">): Promise<void> => {
  try { await tx.q.insert(schedules).values({ id: s.id, createdAt: tx.now, ...columns(s) }); } catch (e) { throw taken(e, s.name); }
};
export const save = async (tx: Tx, { from, to }: Step): Promise<Schedule> => {
  const run = from.state === "active" ? eq(schedules.nextAt, from.nextAt) : isNull(schedules.nextAt);
  try {
    const rows = await tx.q.update(schedules).set(columns(to)).where(and(eq(schedules.id, from.id), eq(schedules.state, from.state), run)).returning({ id: schedules.id });
    if (rows.length === 0) throw new Fault("conflict", "This schedule moved on a moment ago. Look again.");
  } catch (e) { throw taken(e, to.name); }
  return to;
};
export const find = async ({ q }: Reader, id: ScheduleId): Promise<Schedule | null> => { const [r] = await q.select().from(schedules).where(eq(schedules.id, id)); return r ? fromRow(r) : null; };
export const lock = async (tx: Tx, id: ScheduleId): Promise<Schedule> => {
  const [r] = await tx.q.select().from(schedules).where(eq(schedules.id, id)).for("no key update");
  if (!r) throw new Fault("not_found", "No such schedule.");
  return fromRow(r);
};
export type Listed = { readonly schedule: Schedule; readonly byName: string };
/** Those that ended last in the list. */
export const list = async ({ q }: Reader, f: { by?: PersonId } = {}): Promise<Listed[]> =>
  (await q.select({ s: schedules, byName: people.name }).from(schedules).innerJoin(people, eq(people.id, schedules.by)).where(f.by ? eq(schedules.by, f.by) : undefined)
    .orderBy(sql`${schedules.state} = 'ended'`, sql`${schedules.nextAt} nulls last`, asc(schedules.name))).map((r) => ({ schedule: fromRow(r.s), byName: r.byName }));
export const active = async ({ q }: Reader): Promise<Schedule<"active">[]> => (await q.select().from(schedules).where(eq(schedules.state, "active")).orderBy(asc(schedules.nextAt))).map((r) => fromRow(r) as Schedule<"active">);
export const named = async ({ q }: Reader, name: string): Promise<Schedule | null> => { const [r] = await q.select().from(schedules).where(and(sql`lower(${schedules.name}) = lower(${name})`, ne(schedules.state, "ended"))); return r ? fromRow(r) : null; };
