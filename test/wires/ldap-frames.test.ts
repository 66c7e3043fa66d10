/** The guard before ldapts. Rule: whole messages, however they are cut; no result without its number. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ldapFrames, NotLdap } from "../../src/wires/ldap-frames.ts";

const length = (n: number, wide: boolean): Buffer => wide ? Buffer.from([0x84, 0, n >> 16, (n >> 8) & 255, n & 255]) : n < 128 ? Buffer.from([n]) : Buffer.from([0x82, n >> 8, n & 255]);
const tlv = (tag: number, body: Buffer, wide: boolean): Buffer => Buffer.concat([Buffer.from([tag]), length(body.length, wide), body]);
const said = fc.tuple(fc.constantFrom(0x61, 0x64, 0x65, 0x6f, 0x73, 0x78), fc.uint8Array({ maxLength: 300 }), fc.boolean()).map(([op, rest, wide]) => {
  const result = op === 0x64 || op === 0x73 ? Buffer.alloc(0) : Buffer.from([0x0a, 1, 0]);
  return tlv(0x30, Buffer.concat([tlv(2, Buffer.from([7]), false), tlv(op, Buffer.concat([result, Buffer.from(rest)]), wide)]), wide);
});
const cut = (all: Buffer, size: number): Buffer[] => Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.subarray(i * size, (i + 1) * size));

describe("a directory's messages", () => {
  test("pass as they are, however they are cut, with lengths in one byte or in four", () => {
    fc.assert(fc.property(fc.array(said, { maxLength: 8 }), fc.integer({ min: 1, max: 200 }), (all, size) => {
      const guard = ldapFrames();
      expect(cut(Buffer.concat(all), size).flatMap((p) => guard(p))).toEqual(all);
    }));
  });
  test("what is none is refused: no sequence, a length that is none or too long, no number, a result without its code", () => {
    for (const hex of ["00", "3080", "3085ffffffffff", "3084ffffffff", "3084fffffffa", "3000", "30030201", "300402010161", "30050201016100", "3008020101610302010a", "30070201016102 0a01".replace(" ", "")]) {
      expect(() => ldapFrames()(Buffer.concat([Buffer.from(hex, "hex"), Buffer.alloc(8)])), hex).toThrow(NotLdap);
    }
  });
  test("bytes at random are waited for or refused", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (b) => { try { ldapFrames()(Buffer.from([0x30, ...b])); } catch (e) { expect(e).toBeInstanceOf(NotLdap); } }), { numRuns: 2_000 });
  });
});
