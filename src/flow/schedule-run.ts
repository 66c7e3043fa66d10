/** Schedules, gone on with: whoever is named is told before, and a run that is due becomes a bulk change. Rule: the row moves in the transaction of the run, so no run begins twice and a missed one is caught up once. */
import { Fault } from "../kernel/fault.ts";
import type { ScheduleId } from "../kernel/ids.ts";
import { LIVE } from "../domain/bulk.ts";
import { closesAt } from "../domain/hours.ts";
import { may } from "../domain/may.ts";
import { due, ran, told, type Schedule } from "../domain/schedule.ts";
import * as bulks from "../store/bulks.ts";
import type { Tx } from "../store/db.ts";
import * as people from "../store/people.ts";
import * as schedules from "../store/schedules.ts";
import { write } from "./bulk.ts";
import { tellComing, tellLeftOut } from "./bulk-tell.ts";
import { choose, type Chosen } from "./choose.ts";
import type { Deps } from "./deps.ts";
import { broker, record } from "./record.ts";

const SCHEDULES = broker("schedules");

/** Why this run is left out, in plain words; or what it is about. */
const about = async (tx: Tx, s: Schedule): Promise<{ readonly list: readonly Chosen[] } | { readonly why: string }> => {
  const before = (await bulks.list(tx, { schedule: s.id, limit: 1 }))[0]?.bulk, author = await people.find(tx, s.by);
  if (before && (LIVE as readonly string[]).includes(before.state)) return { why: "the run before it is not over yet" };
  if (!author || !may(author, "bulk.open")) return { why: `${author?.name ?? "its author"} may no longer change passwords: somebody else has to save this schedule` };
  try {
    const list = await choose(tx, author, s.choice);
    return list.length > 0 ? { list } : { why: "it found no account to change" };
  } catch (e) {
    if (e instanceof Fault) return { why: e.message };
    throw e;
  }
};
const until = (s: Schedule, now: Date): Date => new Date(Math.min(now.getTime() + s.terms.minutes * 60_000, closesAt(s.window, now)?.getTime() ?? Infinity));

const run = async (deps: Deps, tx: Tx, s: Schedule<"active">): Promise<void> => {
  const what = await about(tx, s), late = tx.now.getTime() - s.nextAt.getTime();
  await schedules.save(tx, ran(s, tx.now, "list" in what));
  const bulk = "list" in what
    ? await write(deps, tx, what.list, { choice: s.choice, how: "unique", apply: true, cut: false, reason: s.reason, terms: s.terms, notify: s.notify, person: s.by, who: SCHEDULES, trigger: "schedule", schedule: s.id, until: until(s, tx.now) }) : null;
  if ("why" in what) await tellLeftOut(deps, tx, s, what.why);
  await record(deps, tx, {
    what: "schedule.run", who: SCHEDULES, about: { schedule: s.id, ...(bulk ? { bulk } : {}) }, outcome: bulk ? "ok" : "refused", ...("why" in what ? { why: what.why } : {}),
    facts: { name: s.name, due: s.nextAt.toISOString(), ...(late > deps.times.sweep ? { late_ms: late } : {}) },
  });
};
const tellBefore = async (deps: Deps, tx: Tx, s: Schedule<"active">): Promise<void> => {
  const what = await about(tx, s);
  await schedules.save(tx, told(s));
  if ("list" in what) await tellComing(deps, tx, s, what.list);
  await record(deps, tx, { what: "schedule.told", who: SCHEDULES, about: { schedule: s.id }, outcome: "ok", facts: { name: s.name, run: s.nextAt.toISOString() } });
};

/** True: it has begun, or people were told. */
const oneSchedule = (deps: Deps, id: ScheduleId): Promise<boolean> => deps.db.transaction(async (tx) => {
  const s = await schedules.lock(tx, id), what = s.state === "active" ? due(s, tx.now) : null;
  if (s.state !== "active" || what === null || what.do === "wait") return false;
  await (what.do === "run" ? run(deps, tx, s) : tellBefore(deps, tx, s));
  tx.onCommit(() => deps.bus.publish("schedules"));
  return true;
});
/** The earliest moment at which one of them wants something; a schedule that cannot be run stops no other. */
export const workSchedules = async (deps: Deps): Promise<Date | null> => {
  if (deps.passive.why) return null;
  const at: number[] = [];
  for (const s of await schedules.active(deps.db)) {
    const what = due(s, deps.clock.now());
    if (what.do === "wait") { at.push(what.until.getTime()); continue; }
    const did = await oneSchedule(deps, s.id).catch((e: unknown) => { deps.log("error", `schedule ${s.id}: ${e instanceof Error ? e.message : String(e)}`); return null; });
    // The database's clock is the one that counts; it may be a little behind ours.
    if (did === false) at.push(deps.clock.now().getTime() + deps.times.tick);
  }
  return at.length > 0 ? new Date(Math.min(...at)) : null;
};
