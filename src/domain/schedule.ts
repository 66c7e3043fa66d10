/** When passwords are changed by the calendar. Rule: the next run is a pure function of the wish and the clock; missed runs are caught up once, never one by one. */
import { z } from "zod";
import type { PersonId, ScheduleId } from "../kernel/ids.ts";
import { BulkTerms, Choice, Recipients } from "./bulk.ts";
import { cronAfter, readCron } from "./cron.ts";
import { Hours, isOpen, opensAt, wallText } from "./hours.ts";
import { daysBetween, isZone, momentOf, plusDays, plusMonths, readCivil, wallAt, type Civil } from "./zone.ts";

const Zone = z.string().min(1).max(60).refine(isZone, "not a time zone such as Europe/Berlin");
const Day = z.string().refine((t) => readCivil(t) !== null, "a day such as 2026-11-30"), Clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "a time of day such as 02:30");
const cronText = z.string().min(1).max(200).superRefine((text, c) => {
  try { readCron(text); } catch (e) { c.addIssue({ code: "custom", message: e instanceof Error ? e.message : "not a cron line" }); }
});
export const UNITS = ["days", "weeks", "months"] as const;
export const When = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("once"), date: Day, time: Clock, zone: Zone }),
  z.object({ kind: z.literal("every"), n: z.int().min(1).max(366), unit: z.enum(UNITS), from: Day, time: Clock, zone: Zone }),
  z.object({ kind: z.literal("cron"), text: cronText, zone: Zone }),
]);
export type When = z.infer<typeof When>;

const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
const stepsOf = (w: Extract<When, { kind: "every" }>, from: Civil, k: number): Civil => (w.unit === "months" ? plusMonths(from, k * w.n) : plusDays(from, k * w.n * (w.unit === "weeks" ? 7 : 1)));
/** Never later than the first one after `after`. */
const nearStep = (w: Extract<When, { kind: "every" }>, from: Civil, after: Civil): number =>
  Math.max(0, Math.floor(daysBetween(from, after) / (w.n * (w.unit === "months" ? 31 : w.unit === "weeks" ? 7 : 1))) - 2);

/** Every run after `after`, in order. */
export const runsAfter = function* (w: When, after: Date): Generator<Date, void, undefined> {
  if (w.kind === "cron") return yield* cronAfter(readCron(w.text), w.zone, after);
  if (w.kind === "once") {
    const { at } = momentOf(w.zone, readCivil(w.date)!, minuteOf(w.time));
    if (at > after) yield at;
    return;
  }
  const from = readCivil(w.from)!, minute = minuteOf(w.time);
  for (let k = nearStep(w, from, wallAt(w.zone, after)), last = after; ; k++) {
    const { at } = momentOf(w.zone, stepsOf(w, from, k), minute);
    if (at > last) { last = at; yield at; }
  }
};
/** Null: there is none any more. */
export const nextRun = (w: When, after: Date): Date | null => runsAfter(w, after).next().value ?? null;
/** For the calendar: the runs of a span, at most `most` of them. */
export const runsBetween = (w: When, from: Date, to: Date, most: number): Date[] => {
  const out: Date[] = [];
  for (const at of runsAfter(w, from)) { if (at >= to || out.length >= most) break; out.push(at); }
  return out;
};
/** "every 2 weeks from 2026-11-30 at 02:00 (Europe/Berlin)" */
export const whenText = (w: When): string => {
  if (w.kind === "once") return `once, ${w.date} at ${w.time} (${w.zone})`;
  if (w.kind === "cron") return `cron ${w.text.trim()} (${w.zone})`;
  return `every ${w.n === 1 ? w.unit.slice(0, -1) : `${w.n} ${w.unit}`} from ${w.from} at ${w.time} (${w.zone})`;
};
/** The moment on the schedule's own wall. */
export const runText = (w: When, at: Date): string => wallText(w.zone, at);

export const NEXT = { active: ["active", "paused", "ended"], paused: ["paused", "active", "ended"], ended: [] } as const satisfies Record<string, readonly string[]>;
export type State = keyof typeof NEXT;

/** What a person fills in. Each run is a bulk change with these terms. */
export const ScheduleInput = z.object({
  name: z.string().trim().min(1).max(80), when: When, choice: Choice, reason: z.string().trim().min(3, "Say why, in three or more characters").max(300),
  /** Weekly hours in which a run may begin and go on; null: at any time, for as long as the terms allow. */
  window: Hours.nullable().default(null),
  terms: BulkTerms.prefault({}), notify: Recipients.prefault({}),
  /** So long before a run whoever is named above is told; 0: not before. */
  notifyBefore: z.int().min(0).max(14 * 24 * 60).default(0),
});
export type ScheduleInput = z.infer<typeof ScheduleInput>;

type Common = ScheduleInput & {
  readonly id: ScheduleId;
  /** Whoever saved it last: its runs change what that person may change, as their roles are then. */
  readonly by: PersonId;
  /** The run people were told of beforehand. */
  readonly toldOf: Date | null; readonly lastRun: Date | null;
};
type Shape = {
  active: { readonly state: "active"; readonly nextAt: Date };
  paused: { readonly state: "paused" };
  ended: { readonly state: "ended"; readonly endedAt: Date };
};
export type Schedule<S extends State = State> = { [K in S]: Common & Shape[K] }[S];

declare const made: unique symbol;
export type Step<S extends State = State, N extends State = State> = { readonly from: Schedule<S>; readonly to: Schedule<N>; readonly [made]: true };
const commonOf = (s: Common): Common => ({
  id: s.id, by: s.by, name: s.name, when: s.when, choice: s.choice, reason: s.reason, window: s.window, terms: s.terms, notify: s.notify, notifyBefore: s.notifyBefore, toldOf: s.toldOf, lastRun: s.lastRun,
});
const step = <S extends State, N extends (typeof NEXT)[S][number]>(from: Schedule<S>, to: Shape[N], change: Partial<Common> = {}): Step<S, N> =>
  ({ from, to: { ...commonOf(from), ...change, ...to } }) as unknown as Step<S, N>;
const onwards = (w: When, now: Date): Shape["active"] | Shape["ended"] => {
  const nextAt = nextRun(w, now);
  return nextAt === null ? { state: "ended", endedAt: now } : { state: "active", nextAt };
};

/** Null: it would never run. */
export const open = (id: ScheduleId, by: PersonId, input: ScheduleInput, now: Date): Schedule<"active"> | null => {
  const nextAt = nextRun(input.when, now);
  return nextAt === null ? null : { ...input, id, by, toldOf: null, lastRun: null, state: "active", nextAt };
};
/** Its run has begun (or was left out): the next one is after now, however many were missed meanwhile. */
export const ran = (s: Schedule<"active">, now: Date, began: boolean) => step<"active", "active" | "ended">(s, onwards(s.when, now), began ? { lastRun: now } : {});
export const told = (s: Schedule<"active">) => step<"active", "active">(s, { state: "active", nextAt: s.nextAt }, { toldOf: s.nextAt });
export const pause = (s: Schedule<"active">) => step<"active", "paused">(s, { state: "paused" });
/** What a pause let pass stays undone: somebody meant it. */
export const resume = (s: Schedule<"paused">, now: Date) => step<"paused", "active" | "ended">(s, onwards(s.when, now));
export const end = (s: Schedule<"active" | "paused">, now: Date) => step<"active" | "paused", "ended">(s, { state: "ended", endedAt: now });
const isDue = (s: Schedule<"active" | "paused">, now: Date): s is Schedule<"active"> => s.state === "active" && s.nextAt <= now;
/** A run that is due and waits (for its window, for a broker) is only given up by whoever chooses other times; then it is told here. */
export const givenUp = (s: Schedule<"active" | "paused">, input: Pick<ScheduleInput, "when">, now: Date): Date | null =>
  isDue(s, now) && JSON.stringify(When.parse(s.when)) !== JSON.stringify(When.parse(input.when)) ? s.nextAt : null;
/** Null: it would never run. */
export const edit = (s: Schedule<"active" | "paused">, by: PersonId, input: ScheduleInput, now: Date): Step | null => {
  const nextAt = isDue(s, now) && givenUp(s, input, now) === null ? s.nextAt : nextRun(input.when, now);
  if (nextAt === null) return null;
  return s.state === "paused" ? step<"paused", "paused">(s, { state: "paused" }, { ...input, by, toldOf: null }) : step<"active", "active">(s, { state: "active", nextAt }, { ...input, by, toldOf: null });
};

export type Due = { readonly do: "wait"; readonly until: Date } | { readonly do: "tell" } | { readonly do: "run" };
/** What an active schedule wants now. A run that fell due while the window is shut, or while no broker ran, begins when it next opens. */
export const due = (s: Schedule<"active">, now: Date): Due => {
  const tellAt = new Date(s.nextAt.getTime() - s.notifyBefore * 60_000);
  if (s.notifyBefore > 0 && now >= tellAt && now < s.nextAt && s.toldOf?.getTime() !== s.nextAt.getTime()) return { do: "tell" };
  if (now < s.nextAt) return { do: "wait", until: s.notifyBefore > 0 && now < tellAt ? tellAt : s.nextAt };
  if (isOpen(s.window, now)) return { do: "run" };
  return { do: "wait", until: (s.window && opensAt(s.window, now)) ?? new Date(now.getTime() + 24 * 3_600_000) };
};
