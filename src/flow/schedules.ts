/** Schedules: saved, looked at, paused, ended. Rule: a schedule gives its author nothing they could not do by hand: each run asks may() about them as they are then. */
import { Fault } from "../kernel/fault.ts";
import { newId, type ScheduleId } from "../kernel/ids.ts";
import type { EventName, Fact } from "../domain/audit.ts";
import { may } from "../domain/may.ts";
import { edit, end, givenUp, open, pause, resume, runsBetween, type Schedule, type ScheduleInput, type Step } from "../domain/schedule.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as schedules from "../store/schedules.ts";
import type { Listed } from "../store/schedules.ts";
import { bulkList, type BulkCard } from "./bulk-look.ts";
import { choose } from "./choose.ts";
import type { Deps } from "./deps.ts";
import { knownRecipients } from "./recipients.ts";
import { actor, record, type Caller } from "./record.ts";

type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus">;
const NEVER = "That never comes: its only moment is past, or no day is like that. Choose another time.";
const writes = (caller: Caller): void => { if (!may(caller.person, "bulk.open")) throw new Fault("forbidden", "Only admins and owners schedule password changes."); };

/** What was named outright must be there and theirs; a search may find nothing yet. */
const checked = async (tx: Tx, caller: Caller, input: ScheduleInput): Promise<ScheduleInput> => {
  await choose(tx, caller.person, input.choice);
  return { ...input, notify: await knownRecipients(tx, input.notify) };
};
const told = async (deps: Small, tx: Tx, caller: Caller, what: EventName, s: Schedule, more: Record<string, Fact> = {}): Promise<void> => {
  await record(deps, tx, { what, who: actor(caller), about: { schedule: s.id }, outcome: "ok", why: s.reason, facts: { name: s.name, when: JSON.stringify(s.when), next: s.state === "active" ? s.nextAt.toISOString() : null, ...more } });
  tx.onCommit(() => deps.bus.publish("schedules"));
};

export const addSchedule = async (deps: Small, caller: Caller, input: ScheduleInput): Promise<ScheduleId> => {
  writes(caller);
  return deps.db.transaction(async (tx) => {
    const s = open(newId("schedule", deps.random), caller.person.id, await checked(tx, caller, input), tx.now);
    if (!s) throw new Fault("invalid", NEVER);
    await schedules.add(tx, s);
    await told(deps, tx, caller, "schedule.added", s);
    return s.id;
  });
};
const managed = async (tx: Tx, caller: Caller, id: ScheduleId): Promise<Schedule> => {
  const s = await schedules.lock(tx, id);
  if (!may(caller.person, "schedule.see", { requester: s.by })) throw new Fault("not_found", "No such schedule.");
  if (!may(caller.person, "schedule.manage", { requester: s.by })) throw new Fault("forbidden", "Whoever made it, or an admin, changes it.");
  return s;
};
/** Whoever saves it answers for its runs from then on. */
export const editSchedule = async (deps: Small, caller: Caller, id: ScheduleId, input: ScheduleInput): Promise<void> => {
  writes(caller);
  return deps.db.transaction(async (tx) => {
    const s = await managed(tx, caller, id);
    if (s.state === "ended") throw new Fault("conflict", "This schedule is over. Make a new one.");
    const step = edit(s, caller.person.id, await checked(tx, caller, input), tx.now), lost = givenUp(s, input, tx.now);
    if (!step) throw new Fault("invalid", NEVER);
    await told(deps, tx, caller, "schedule.changed", await schedules.save(tx, step), lost === null ? {} : { run_given_up: lost.toISOString() });
  });
};

export const SCHEDULE_MOVES = ["pause", "resume", "end"] as const;
export type ScheduleMove = (typeof SCHEDULE_MOVES)[number];
const stepOf = (s: Schedule, move: ScheduleMove, now: Date): Step | null => {
  if (move === "pause") return s.state === "active" ? pause(s) : null;
  if (move === "resume") return s.state === "paused" ? resume(s, now) : null;
  return s.state === "ended" ? null : end(s, now);
};
const EVENT = { pause: "schedule.paused", resume: "schedule.resumed", end: "schedule.ended" } as const;
export const moveSchedule = (deps: Small, caller: Caller, id: ScheduleId, move: ScheduleMove): Promise<void> => deps.db.transaction(async (tx) => {
  const s = await managed(tx, caller, id), step = stepOf(s, move, tx.now);
  if (!step) throw new Fault("conflict", `That cannot be done now: this schedule is ${s.state === "ended" ? "over" : s.state}.`);
  await told(deps, tx, caller, EVENT[move], await schedules.save(tx, step));
});
export const scheduleMoves = (s: Schedule, caller: Caller): ScheduleMove[] =>
  (!may(caller.person, "schedule.manage", { requester: s.by }) || s.state === "ended" ? [] : s.state === "active" ? ["pause", "end"] : ["resume", "end"]);

export type ScheduleCard = Listed & { readonly moves: readonly ScheduleMove[] };
const cardOf = (l: Listed, caller: Caller): ScheduleCard => ({ ...l, moves: scheduleMoves(l.schedule, caller) });
/** Of people who may not see all, their own. */
export const scheduleList = async (db: Reader, caller: Caller): Promise<ScheduleCard[]> =>
  (await schedules.list(db, may(caller.person, "schedule.see") ? {} : { by: caller.person.id })).map((l) => cardOf(l, caller));
/** By id or name. */
export const scheduleCard = async (db: Reader, caller: Caller, text: string): Promise<ScheduleCard & { readonly runs: readonly BulkCard[]; readonly accounts: number | null }> => {
  const found = (await scheduleList(db, caller)).find((c) => c.schedule.id === text) ?? (await scheduleList(db, caller)).find((c) => c.schedule.name.toLowerCase() === text.toLowerCase() && c.schedule.state !== "ended");
  if (!found) throw new Fault("not_found", "No such schedule.");
  return { ...found, runs: await bulkList(db, caller, { schedule: found.schedule.id, limit: 20 }), accounts: await covers(db, caller, found.schedule) };
};
/** How many accounts a run would be about now, as far as this reader may change them; null where they may change none of it. */
const covers = async (db: Reader, caller: Caller, s: Schedule): Promise<number | null> => {
  if (!may(caller.person, "bulk.open")) return null;
  try { return (await choose(db, caller.person, s.choice)).length; } catch (e) { if (e instanceof Fault) return null; throw e; }
};

export type Planned = { readonly schedule: Schedule<"active">; readonly at: Date };
/** Every run of a span, in order; of each schedule at most `most`. */
export const calendar = (list: readonly ScheduleCard[], from: Date, to: Date, most: number): Planned[] =>
  list.map((c) => c.schedule).filter((s): s is Schedule<"active"> => s.state === "active").flatMap((schedule) => runsOf(schedule, from, to, most).map((at) => ({ schedule, at }))).sort((a, b) => a.at.getTime() - b.at.getTime());
/** The run that is due or overdue stands in the row; the ones after it are computed. */
const runsOf = (s: Schedule<"active">, from: Date, to: Date, most: number): Date[] => {
  const after = runsBetween(s.when, new Date(Math.max(from.getTime() - 1, s.nextAt.getTime())), to, most);
  return s.nextAt >= from && s.nextAt < to ? [s.nextAt, ...after].slice(0, most) : after;
};
