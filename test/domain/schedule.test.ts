/** Runs by the calendar against an oracle that walks every minute of the clock, around the days on which clocks jump. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cronAfter, readCron } from "../../src/domain/cron.ts";
import * as life from "../../src/domain/schedule.ts";
import { due, nextRun, runsBetween, ScheduleInput, When, whenText } from "../../src/domain/schedule.ts";
import { daysBetween, momentOf, plusDays, plusMonths, readCivil, wallAt, writeCivil } from "../../src/domain/zone.ts";
import type { PersonId, ScheduleId } from "../../src/kernel/ids.ts";

const MIN = 60_000, DAY = 24 * 60 * MIN;
/** A day before a jump of the clock: forward and back, by an hour and by half of one, at night and at midnight, and a zone without any. */
const JUMPS = [
  ["Europe/Berlin", "2026-03-28T12:00:00Z"], ["Europe/Berlin", "2026-10-24T12:00:00Z"], ["America/New_York", "2027-03-13T12:00:00Z"], ["America/New_York", "2026-10-31T12:00:00Z"],
  ["Australia/Lord_Howe", "2026-10-02T20:00:00Z"], ["Australia/Lord_Howe", "2027-04-02T20:00:00Z"], ["Asia/Beirut", "2027-03-26T12:00:00Z"], ["Africa/Cairo", "2026-10-28T12:00:00Z"],
  ["Asia/Kolkata", "2026-06-01T00:00:00Z"], ["UTC", "2027-02-26T00:00:00Z"],
] as const;
const wallText = (zone: string, t: number): string => { const w = wallAt(zone, new Date(t)); return `${writeCivil(w)} ${String(w.minute).padStart(4, "0")}`; };
/** Every minute of four days with what the wall shows; independent of `momentOf`. */
const walked = new Map<string, readonly (readonly [number, string])[]>();
const minutesOf = (zone: string, from: number): readonly (readonly [number, string])[] => {
  const known = walked.get(`${zone} ${from}`) ?? Array.from({ length: 4 * 24 * 60 }, (_, i) => [from + i * MIN, wallText(zone, from + i * MIN)] as const);
  walked.set(`${zone} ${from}`, known);
  return known;
};

const list = (from: number, to: number) => fc.uniqueArray(fc.integer({ min: from, max: to }), { minLength: 1, maxLength: 3 }).map((a) => a.join(","));
const hours = fc.oneof(fc.constantFrom("*", "*/2", "1-3", "0", "2", "23"), list(0, 23)), minutes = fc.oneof(fc.constantFrom("0", "30", "*/20", "15-17"), list(0, 59));
const lines = fc.tuple(minutes, hours, fc.constantFrom("*", "1,28-31", "*/2"), fc.constantFrom("*", "*"), fc.constantFrom("*", "sun", "mon-fri", "0,6")).map((p) => p.join(" "));

/** What crontab says of a wall clock, read a second time and more simply: a set of words a field. */
const wanted = (text: string): ((day: string, minute: number) => boolean) => {
  const c = readCron(text);
  return (day, minute) => {
    const d = readCivil(day)!, week = c.weekdays.has(new Date(`${day}T00:00:00Z`).getUTCDay() || 7), month = c.days.has(d.day);
    return c.hours.includes(Math.floor(minute / 60)) && c.minutes.includes(minute % 60) && c.months.has(d.month) && (c.either ? week || month : week && month);
  };
};
const oracle = (text: string, zone: string, from: number): number[] => {
  const all = minutesOf(zone, from), is = wanted(text), out = new Set<number>(), shown = new Map<string, number>();
  if (readCron(text).everyHour) return all.filter(([, w]) => is(w.slice(0, 10), Number(w.slice(11)))).map(([t]) => t);
  for (const [t, w] of all) if (!shown.has(w)) shown.set(w, t);
  const first = all[0]![1], last = all.at(-1)![1];
  for (let d = readCivil(first.slice(0, 10))!; writeCivil(d) <= last.slice(0, 10); d = plusDays(d, 1)) for (let m = 0; m < 1440; m++) {
    const w = `${writeCivil(d)} ${String(m).padStart(4, "0")}`;
    if (w < first || w > last || !is(writeCivil(d), m)) continue;
    // Never shown: the moment the clock jumped over it.
    out.add(shown.get(w) ?? all.find(([, x]) => x > w)![0]);
  }
  return [...out].sort((a, b) => a - b);
};

describe("cron", () => {
  it("runs exactly when the oracle says, around every kind of jump", () => {
    fc.assert(fc.property(fc.constantFrom(...JUMPS), lines, ([zone, start], text) => {
      const from = Date.parse(start), to = from + 3 * DAY, got: number[] = [];
      for (const at of cronAfter(readCron(text), zone, new Date(from - 1))) { if (at.getTime() >= to) break; got.push(at.getTime()); }
      expect(got).toEqual(oracle(text, zone, from).filter((t) => t < to));
    }), { numRuns: 60 });
  }, 60_000);

  it.each([
    ["30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", ["2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"]],
    ["30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", ["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"]],
    ["30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", ["2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"]],
    ["0 4 13 * fri", "UTC", "2026-11-12T00:00:00Z", ["2026-11-13T04:00:00.000Z", "2026-11-20T04:00:00.000Z"]],
    ["0 0 29 2 *", "UTC", "2026-11-25T00:00:00Z", ["2028-02-29T00:00:00.000Z", "2032-02-29T00:00:00.000Z"]],
    ["@weekly", "America/New_York", "2026-11-25T00:00:00Z", ["2026-11-29T05:00:00.000Z", "2026-12-06T05:00:00.000Z"]],
  ])("%s in %s", (text, zone, after, expected) => {
    const all = cronAfter(readCron(text), zone, new Date(after));
    expect(expected.map(() => (all.next().value as Date).toISOString())).toEqual(expected);
  });

  it.each([
    ["1 2 3", "fields"], ["60 * * * *", "no minute"], ["* 24 * * *", "no hour"], ["0 0 0 * *", "day of the month"], ["0 0 * 13 *", "no month"], ["0 0 * * 8", "no weekday"],
    ["5-1 * * * *", "before its begin"], ["*/0 * * * *", "a step is 1"], ["0 0 * * mon-", "is not a weekday"], ["", "0 fields"], ["0 0 31 2 *", ""],
  ])("refuses %j", (text, why) => {
    if (why === "") return expect(nextRun({ kind: "cron", text, zone: "UTC" }, new Date())).toBeNull();
    expect(() => readCron(text)).toThrow(why);
  });
});

describe("every so many days, weeks, months", () => {
  const every = (n: number, unit: "days" | "weeks" | "months", from: string, time = "02:30", zone = "Europe/Berlin") => ({ kind: "every", n, unit, from, time, zone }) as const;
  it("each run is on the calendar's own steps from the first day, later than the one asked about, and none is missing", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), fc.constantFrom("days" as const, "weeks" as const, "months" as const), fc.integer({ min: -800, max: 800 }), fc.integer({ min: 0, max: 1439 }), (n, unit, shift, minute) => {
      const from = plusDays({ year: 2026, month: 1, day: 31 }, shift % 60), time = `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`, after = new Date(Date.parse("2026-06-15T10:00:00Z") + shift * DAY);
      const w = every(n, unit, writeCivil(from), time), got = nextRun(w, after)!, day = wallAt(w.zone, got);
      const steps = Array.from({ length: 1 + Math.ceil(1_700 / n) }, (_, k) => momentOf(w.zone, unit === "months" ? plusMonths(from, k * n) : plusDays(from, k * n * (unit === "weeks" ? 7 : 1)), minute).at);
      expect(got).toEqual(steps.find((s) => s > after));
      if (unit !== "months") expect(daysBetween(from, day) % (n * (unit === "weeks" ? 7 : 1))).toBe(0);
    }), { numRuns: 40 });
  });
  it("31 January, 28 February, 31 March; a night hour keeps its wall clock through both jumps", () => {
    const dates = (w: When, after: string, n: number) => runsBetween(w, new Date(after), new Date("2030-01-01"), n).map((d) => d.toISOString());
    expect(dates(every(1, "months", "2027-01-31"), "2027-01-01", 3)).toEqual(["2027-01-31T01:30:00.000Z", "2027-02-28T01:30:00.000Z", "2027-03-31T00:30:00.000Z"]);
    expect(dates(every(1, "days", "2026-03-28"), "2026-03-28", 3)).toEqual(["2026-03-28T01:30:00.000Z", "2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"]);
  });
  it("once is once, and says in words what it is", () => {
    const once = When.parse({ kind: "once", date: "2026-12-01", time: "22:00", zone: "Asia/Kolkata" });
    expect([nextRun(once, new Date("2026-11-25")), nextRun(once, new Date("2026-12-02"))]).toEqual([new Date("2026-12-01T16:30:00Z"), null]);
    expect([whenText(once), whenText(every(1, "months", "2027-01-31")), whenText(every(2, "weeks", "2027-01-31"))]).toEqual(["once, 2026-12-01 at 22:00 (Asia/Kolkata)", "every month from 2027-01-31 at 02:30 (Europe/Berlin)", "every 2 weeks from 2027-01-31 at 02:30 (Europe/Berlin)"]);
    for (const bad of [{ ...once, date: "2026-02-30" }, { ...once, zone: "Mars/Base" }, { ...once, time: "24:00" }]) expect(When.safeParse(bad).success).toBe(false);
  });
});

describe("the life of a schedule", () => {
  const now = new Date("2026-11-25T16:00:00Z"), at = (text: string) => new Date(text);
  const input = (over: Partial<ScheduleInput> = {}): ScheduleInput => ({ ...ScheduleInput.parse({ name: "nightly", when: { kind: "every", n: 1, unit: "days", from: "2026-11-01", time: "02:00", zone: "UTC" }, choice: { search: "tag:web" }, reason: "by the rules" }), ...over });
  const made = (over: Partial<ScheduleInput> = {}) => life.open("sch_x" as ScheduleId, "per_x" as PersonId, input(over), now)!;
  it("however many runs were missed, one is caught up and the next is after now", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 400 * 24 * 60 }), (m) => {
      const s = made(), late = new Date(s.nextAt.getTime() + m * MIN);
      expect(due(s, late)).toEqual({ do: "run" });
      const { to } = life.ran(s, late, true);
      expect(to.state === "active" && to.nextAt > late && to.nextAt.getTime() - late.getTime() <= DAY && due(to, late).do).toBe("wait");
    }));
  });
  it("a window that is shut holds the run back until it opens", () => {
    const s = made({ window: { zone: "UTC", open: [{ days: [6], from: "01:00", to: "05:00" }] } });
    expect(due(s, at("2026-11-26T02:00:00Z"))).toEqual({ do: "wait", until: at("2026-11-28T01:00:00Z") });
    expect(due(s, at("2026-11-28T01:00:00Z"))).toEqual({ do: "run" });
  });
  it("tells beforehand once, and waits in between", () => {
    const s = made({ notifyBefore: 60 });
    expect([due(s, now), due(s, at("2026-11-26T01:00:00Z"))]).toEqual([{ do: "wait", until: at("2026-11-26T01:00:00Z") }, { do: "tell" }]);
    expect(due(life.told(s).to as life.Schedule<"active">, at("2026-11-26T01:30:00Z"))).toEqual({ do: "wait", until: s.nextAt });
  });
  it("a pause catches nothing up; what never comes cannot be saved; a single run ends it", () => {
    const paused = life.pause(made()).to as life.Schedule<"paused">, again = life.resume(paused, at("2027-01-01T12:00:00Z")).to;
    expect(again).toMatchObject({ state: "active", nextAt: at("2027-01-02T02:00:00Z") });
    const past = input({ when: { kind: "once", date: "2026-01-01", time: "00:00", zone: "UTC" } });
    expect([life.open("sch_x" as ScheduleId, "per_x" as PersonId, past, now), life.edit(paused, "per_x" as PersonId, past, now)]).toEqual([null, null]);
    const once = made({ when: { kind: "once", date: "2026-12-01", time: "00:00", zone: "UTC" } });
    expect(life.ran(once, at("2026-12-01T00:00:01Z"), true).to).toMatchObject({ state: "ended", lastRun: at("2026-12-01T00:00:01Z") });
  });
});
