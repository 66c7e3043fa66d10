/** Ids say what they name, and two are never the same. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemClock, systemRandom, type Random } from "../../src/kernel/clock.ts";
import { isId, newId, PREFIX, type Noun } from "../../src/kernel/ids.ts";

const NOUNS = Object.keys(PREFIX) as Noun[];
const noun = fc.constantFrom(...NOUNS);
const fixed = (bytes: Uint8Array): Random => ({ bytes: () => Buffer.from(bytes), int: () => 0 });
const twenty = fc.uint8Array({ minLength: 20, maxLength: 20 });

describe("ids", () => {
  it("an id of one noun is an id of that noun and of no other", () => {
    fc.assert(fc.property(noun, noun, twenty, (a, b, bytes) => { expect(isId(b, newId(a, fixed(bytes)))).toBe(a === b); }));
  });
  it("holds 5 bits of every byte: 100 in all", () => {
    fc.assert(fc.property(noun, twenty, twenty, (n, x, y) => {
      const same = x.every((byte, i) => (byte & 31) === ((y[i] ?? 0) & 31));
      expect(newId(n, fixed(x)) === newId(n, fixed(y))).toBe(same);
    }));
  });
  it("is not fooled by neighbours of an id", () => {
    const id = newId("request", systemRandom);
    for (const text of ["", id.slice(1), `${id}0`, ` ${id}`, `${id}\n`, id.toUpperCase(), id.replace("_", "-"), `req_${"i".repeat(20)}`, `req_${"l".repeat(20)}`]) {
      expect(isId("request", text), JSON.stringify(text)).toBe(false);
    }
  });
  it("prefixes are three letters, each used once", () => {
    const prefixes = Object.values(PREFIX);
    expect(new Set(prefixes).size).toBe(prefixes.length);
    for (const prefix of prefixes) expect(prefix).toMatch(/^[a-z]{3}$/);
  });
  it("10,000 ids are 10,000 ids", () => {
    expect(new Set(Array.from({ length: 10_000 }, () => newId("event", systemRandom))).size).toBe(10_000);
  });
});

describe("clock and random", () => {
  it("the monotonic clock never goes back and the wall clock is now", () => {
    const readings = Array.from({ length: 1_000 }, () => systemClock.mono());
    expect(readings).toEqual([...readings].sort((a, b) => a - b));
    expect(Math.abs(systemClock.now().getTime() - Date.now())).toBeLessThan(1_000);
  });
  it("int stays below its bound and reaches every value", () => {
    expect([...new Set(Array.from({ length: 1_000 }, () => systemRandom.int(5)))].sort()).toEqual([0, 1, 2, 3, 4]);
  });
});
