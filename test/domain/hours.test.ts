/** Opening hours on real wall clocks, across every change of summer time. The slow and plain way asks minute by minute. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { closedSentence, closesAt, Hours, hoursText, isOpen, opensAt, readOpenings, wallText, writeOpenings } from "../../src/domain/hours.ts";

const ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia", "UTC", "Africa/Casablanca"];
const MIN = 60_000, clock = (m: number): string => `${String(Math.floor(m / 60)).padStart(2, "0")}:${String(m % 60).padStart(2, "0")}`;
const opening = fc.record({ days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 7 }), span: fc.uniqueArray(fc.integer({ min: 0, max: 1440 }), { minLength: 2, maxLength: 2 }) })
  .map(({ days, span }) => ({ days, from: clock(Math.min(...span)), to: clock(Math.max(...span)) }));
const hours = fc.record({ zone: fc.constantFrom(...ZONES), open: fc.array(opening, { minLength: 1, maxLength: 3 }) }).map((h) => Hours.parse(h));
/** Days on which some of these zones change their clocks, and days on which none does. */
const around = fc.constantFrom("2026-03-29T00:00Z", "2026-10-25T00:00Z", "2026-03-08T06:00Z", "2026-11-01T05:00Z", "2026-04-04T14:00Z", "2026-10-03T15:00Z", "2026-06-10T12:00Z").map((d) => new Date(d).getTime());
const moment = fc.tuple(around, fc.integer({ min: -36 * 60, max: 36 * 60 }), fc.integer({ min: 0, max: 59_999 })).map(([t, m, ms]) => new Date(t + m * MIN + ms));
/** Read off a calendar instead of the function under test. */
const plain = (h: Hours, at: Date): boolean => {
  const [day, time] = new Intl.DateTimeFormat("en-US", { timeZone: h.zone, weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at).split(/,?\s+/) as [string, string];
  return h.open.some((o) => o.days.includes(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(day) + 1) && o.from <= time && time < o.to);
};

describe("hours", () => {
  test("is open when its wall clock shows an hour of the list", () => {
    fc.assert(fc.property(hours, moment, (h, at) => { expect(isOpen(h, at)).toBe(plain(h, at)); }), { numRuns: 500 });
  });
  test("opens and closes at the first moment of the kind, not one minute earlier, across every change of the clocks", () => {
    fc.assert(fc.property(hours, moment, (h, at) => {
      for (const [find, open] of [[opensAt, true], [closesAt, false]] as const) {
        const t = find(h, at);
        if (t === null) { for (let d = 0; d < 7 * 96; d++) expect(isOpen(h, new Date(at.getTime() + d * 15 * MIN))).toBe(!open); continue; }
        expect(t.getTime()).toBeGreaterThanOrEqual(at.getTime());
        expect(plain(h, t), "it is so then").toBe(open);
        if (t > at) expect(t.getTime() % MIN, "at a full minute").toBe(0);
        for (let m = at.getTime(), n = 0; m < t.getTime() && n < 600; m += MIN, n++) expect(plain(h, new Date(m)), new Date(m).toISOString()).toBe(!open);
        if (t > at) expect(plain(h, new Date(t.getTime() - 1))).toBe(!open);
      }
    }), { numRuns: 60 });
  }, 60_000);
  test("what spring skips is never open, what autumn shows twice is open twice", () => {
    const night = Hours.parse({ zone: "Europe/Berlin", open: [{ days: [7], from: "02:00", to: "03:00" }] });
    expect(opensAt(night, new Date("2026-03-28T12:00Z")), "29 March has no 02:30").toEqual(new Date("2026-04-05T00:00Z"));
    expect([opensAt(night, new Date("2026-10-24T12:00Z")), closesAt(night, new Date("2026-10-25T00:10Z"))], "25 October has two").toEqual([new Date("2026-10-25T00:00Z"), new Date("2026-10-25T02:00Z")]);
  });
  test("says when it is open next, on its own wall", () => {
    const office = Hours.parse({ zone: "Europe/Berlin", open: [{ days: [1, 2, 3, 4, 5], from: "08:00", to: "17:00" }, { days: [6], from: "10:00", to: "12:00" }] });
    expect(closedSentence(office, new Date("2026-11-28T12:00Z"))).toBe("It is open Mon–Fri 08:00–17:00; Sat 10:00–12:00 (Europe/Berlin); next on Mon 2026-11-30 08:00.");
    expect([closedSentence(office, new Date("2026-11-27T10:00Z")), closedSentence(null, new Date(0))]).toEqual([null, null]);
    expect(closesAt(null, new Date(0))).toBeNull();
    expect(wallText("America/New_York", new Date("2026-11-01T05:30Z"))).toBe("Sun 2026-11-01 01:30");
  });
  test("is written and read as one line an opening; what is none is named", () => {
    fc.assert(fc.property(hours, (h) => { expect(readOpenings(writeOpenings(h.open)).map((o) => ({ ...o, days: [...o.days].sort() }))).toEqual(h.open.map((o) => ({ ...o, days: [...o.days].sort() }))); }));
    expect(readOpenings("Fri-Mon 20:00-24:00; tue 08:00-09:30")).toEqual([{ days: [1, 5, 6, 7], from: "20:00", to: "24:00" }, { days: [2], from: "08:00", to: "09:30" }]);
    for (const bad of ["always", "Mon 8-17", "Foo 08:00-09:00"]) expect(() => readOpenings(bad), bad).toThrow(`"${bad}" is not like: Mon-Fri 08:00-17:00`);
    for (const bad of [{ zone: "Mars/Olympus", open: [{ days: [1], from: "08:00", to: "09:00" }] }, { zone: "UTC", open: [{ days: [1], from: "22:00", to: "06:00" }] }, { zone: "UTC", open: [] }, { zone: "UTC", open: [{ days: [8], from: "08:00", to: "09:00" }] }]) expect(Hours.safeParse(bad).success).toBe(false);
    expect(hoursText(Hours.parse({ zone: "UTC", open: [{ days: [2, 1, 4], from: "00:00", to: "24:00" }] }))).toBe("Mon, Tue, Thu 00:00–24:00 (UTC)");
  });
});
