/** The guard before pg. Rules: what a real server says passes whole; whatever passes, pg-protocol reads to its end, within its message and without a throw. */
import fc from "fast-check";
import { parse } from "pg-protocol";
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { NotPostgres, pgFrames } from "../../src/wires/pg-frames.ts";

const i16 = (n: number): Buffer => { const b = Buffer.alloc(2); b.writeInt16BE(n); return b; };
const i32 = (n: number): Buffer => { const b = Buffer.alloc(4); b.writeInt32BE(n); return b; };
const z = (text: string): Buffer => Buffer.from(`${text}\0`);
const message = (letter: string, ...body: Buffer[]): Buffer => { const all = Buffer.concat(body); return Buffer.concat([Buffer.from(letter), i32(4 + all.length), all]); };
const text = fc.string({ unit: "grapheme", maxLength: 12 }).filter((s) => !s.includes("\0"));
const SAID: fc.Arbitrary<Buffer> = fc.oneof(
  fc.constantFrom(0, 3).map((n) => message("R", i32(n))), fc.constant(message("R", i32(5), Buffer.alloc(4, 7))), fc.array(text.filter((s) => s !== "")).map((m) => message("R", i32(10), ...m.map(z), z(""))),
  text.map((s) => message("R", i32(11), Buffer.from(s))), fc.tuple(text, text).map(([a, b]) => message("S", z(a), z(b))), fc.constant(message("K", Buffer.alloc(8))), fc.constant(message("K", Buffer.alloc(36))),
  fc.tuple(fc.constantFrom("E", "N"), fc.array(fc.tuple(fc.constantFrom("S", "C", "M", "X"), text))).map(([l, f]) => message(l, ...f.map(([k, v]) => z(k + v)), z(""))),
  fc.constantFrom("I", "T", "E").map((s) => message("Z", Buffer.from(s))), text.map((s) => message("C", z(s))), fc.constantFrom("1", "2", "3", "I", "n", "s").map((l) => message(l)),
  fc.array(text, { maxLength: 5 }).map((names) => message("T", i16(names.length), ...names.flatMap((n) => [z(n), Buffer.alloc(18)]))),
  fc.array(fc.option(text), { maxLength: 5 }).map((row) => message("D", i16(row.length), ...row.flatMap((v) => (v === null ? [i32(-1)] : [i32(Buffer.byteLength(v)), Buffer.from(v)])))),
  fc.array(fc.nat()).map((ids) => message("t", i16(ids.length), ...ids.map((n) => i32(n & 0x7fff_ffff)))), fc.tuple(text, text).map(([a, b]) => message("A", i32(1), z(a), z(b))),
);
const cut = (all: Buffer, size: number): Buffer[] => Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.subarray(i * size, (i + 1) * size));
/** How many messages pg-protocol makes of it. */
const read = (frame: Buffer): number => { const s = new PassThrough(); let n = 0; void parse(s, () => { n += 1; }); s.emit("data", frame); return n; };

describe("PostgreSQL's messages", () => {
  test("what a server may say passes as it is, however it is cut", () => {
    fc.assert(fc.property(fc.array(SAID, { maxLength: 12 }), fc.integer({ min: 1, max: 50 }), (all, size) => {
      const guard = pgFrames();
      expect(cut(Buffer.concat(all), size).flatMap((p) => guard(p))).toEqual(all);
    }));
  });
  test("whatever passes, pg-protocol reads as one message and throws at none", () => {
    let passed = 0, refused = 0;
    const letters = fc.constantFrom(..."RENSKZCTDtA123Ins"), bodies = fc.oneof(fc.uint8Array({ maxLength: 24 }), fc.array(fc.constantFrom(0, 0, 0, 1, 2, 10, 65, 255), { maxLength: 24 }));
    fc.assert(fc.property(letters, bodies, (letter, body) => {
      const all = message(letter, Buffer.from(body));
      let frames: readonly Buffer[] = [];
      try { frames = pgFrames()(all); } catch (e) { expect(e).toBeInstanceOf(NotPostgres); refused += 1; return; }
      expect(frames.map(read)).toEqual([1]);
      passed += 1;
    }), { numRuns: 5_000 });
    expect([passed > 200, refused > 200]).toEqual([true, true]);
  });
  test("random bytes are waited for or refused, and a message that was changed in one byte or cut short is never read further than its end", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => { try { pgFrames()(Buffer.from(bytes)).map(read); } catch (e) { expect(e).toBeInstanceOf(NotPostgres); } }), { numRuns: 3_000 });
    fc.assert(fc.property(SAID, fc.nat(), fc.nat({ max: 255 }), (said, at, to) => {
      const bent = Buffer.from(said);
      bent[at % bent.length] = to;
      try { expect(pgFrames()(bent).map(read).every((n) => n === 1)).toBe(true); } catch (e) { expect(e).toBeInstanceOf(NotPostgres); }
    }), { numRuns: 3_000 });
  });
  test("a length that is none, or of more than anybody says, is refused before the message is there", () => {
    for (const hex of ["5a00000003", "5a80000000", "45ffffffff", "4400100001", "00"]) expect(() => pgFrames()(Buffer.from(hex, "hex")), hex).toThrow(NotPostgres);
    expect(pgFrames()(Buffer.from("44000fffff", "hex"))).toEqual([]);
  });
});
