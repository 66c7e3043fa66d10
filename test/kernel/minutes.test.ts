import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseMinutes, sayClock, sayMinutes } from "../../src/kernel/minutes.ts";

describe("lengths of time", () => {
  test.each([["45", 45], ["45m", 45], [" 45 min ", 45], ["2h", 120], ["1h30", 90], ["1h 30m", 90], ["1:30", 90], ["2 hours", 120]])("%s is %d minutes", (text, minutes) => expect(parseMinutes(text)).toBe(minutes));
  test.each(["", "0", "0h", "soon", "-5", "1.5h", "1:75", "9999999", "1h30x"])("%j is no length", (text) => expect(parseMinutes(text)).toBeNull());
  test("what is said is read as the same, and no input throws", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 59_999 }), (n) => parseMinutes(sayMinutes(n)) === n));
    fc.assert(fc.property(fc.string(), (text) => { const n = parseMinutes(text); return n === null || (Number.isInteger(n) && n > 0); }));
  });
  test("a clock that counts", () => expect([0, 12_345, 754_000, 3_754_000, -5].map(sayClock)).toEqual(["0:00", "0:12", "12:34", "1:02:34", "0:00"]));
});
