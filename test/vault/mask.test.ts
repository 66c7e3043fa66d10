/** Passwords in what readers get. Rule: found however they are cut, coloured, wrapped or mended; nothing else is touched, and every piece keeps its length. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { atOnce } from "../../src/kernel/rest.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { mask, maskCut, maskingBytes } from "../../src/vault/mask.ts";

const password = fc.string({ unit: fc.constantFrom(..."abcXYZ019!#%&*+,-./:;<=>?@^_~ "), minLength: 4, maxLength: 40 });
const other = fc.string({ unit: fc.constantFrom("p", "q", "\n", "é", "€"), maxLength: 30 });
const cutAt = (text: string, cuts: readonly number[]): string[] => {
  const at = [...new Set([0, ...cuts.map((c) => c % (text.length + 1)), text.length])].sort((a, b) => a - b);
  return at.slice(1).map((to, i) => text.slice(at[i], to));
};
const between = fc.constantFrom("", "\r\n", "\x1b[0m", "\x1b[1;32m", " \r", "\x1b[K", "\x1b]0;title\x07", "\r", "\x00");
/** `gap` after the k-th character. */
const broken = (p: string, k: number, gap: string): string => { const i = 1 + (k % (p.length - 1)); return p.slice(0, i) + gap + p.slice(i); };

describe("mask", () => {
  it("hides a password cut into any pieces and keeps every length", () => {
    fc.assert(fc.property(password, other, other, fc.array(fc.nat(200), { maxLength: 8 }), (p, a, b, cuts) => {
      const pieces = cutAt(a + p + b, cuts), out = mask(pieces, [Secret.of(p)]);
      expect(out.map((x) => x.length)).toEqual(pieces.map((x) => x.length));
      expect(out.join("")).not.toContain(p);
      expect(out.join("").slice(a.length, a.length + p.length)).toBe("•".repeat(p.length));
    }), { numRuns: 1_000 });
  });
  it("hides a password that looks like the frame of a key, and the lines of a key without its frame", () => {
    const frame = "-----BEGIN OPENSSH PRIVATE KEY-----", lines = ["b3BlbnNzaC1rZXktdjEAAAAABG5vbmU", "AAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz"], key = Secret.of(`${frame}\n${lines.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`);
    expect(mask(["x-----Abc9y"], [Secret.of("-----Abc9")])).toEqual([`x${"•".repeat(9)}y`]);
    expect(atOnce(maskingBytes([Buffer.from("x-----Abc9y")], [Secret.of("-----Abc9")]))[0]!.toString()).toBe(`x${"*".repeat(9)}y`);
    expect(mask([`${frame}\r\n${lines.join("\r\n")}\r\n`], [key])).toEqual([`${frame}\r\n${lines.map((l) => "•".repeat(l.length)).join("\r\n")}\r\n`]);
    expect(maskCut(`$ cat key\n${lines[0]!.slice(0, 12)}`, [key])).toBe(`$ cat key\n${"•".repeat(12)}`);
  });
  it("hides it across line ends, colours, shell wrapping and titles", () => {
    fc.assert(fc.property(password, fc.nat(100), between, (p, k, gap) => {
      const [out] = mask([`x${broken(p, k, gap)}y`], [Secret.of(p)]) as [string];
      // eslint-disable-next-line no-control-regex
      expect(out.replace(/\x1b\[[0-9;]*[A-Za-z]|\x1b\][^\x07]*\x07|[\x00-\x1f]/g, "").replaceAll("•", "").replace(/ /g, "")).toBe("xy");
    }), { numRuns: 1_000 });
  });
  it("hides it when it was mended with backspaces", () => {
    fc.assert(fc.property(password, fc.nat(100), fc.constantFrom("\x7f", "\x08"), (p, k, back) => {
      const out = mask([broken(p, k, `q${back}`)], [Secret.of(p)])[0]!;
      expect(out.replace(/[•q\x7f\x08]/g, "")).toBe(""); // eslint-disable-line no-control-regex
    }));
  });
  it("touches nothing else, whatever is near", () => {
    fc.assert(fc.property(other, password, (text, p) => { fc.pre(!text.replace(/\n/g, "").includes(p)); expect(mask([text], [Secret.of(p)])).toEqual([text]); }));
    expect(mask(["Hunter2x hunter2x"], [Secret.of("hunter2x")])).toEqual(["Hunter2x ••••••••"]);
    expect(mask(["abc abc"], [Secret.of("abc")])).toEqual(["abc abc"]);
  });
  it("finds every one of very many, and overlapping ones whole", () => {
    const all = Array.from({ length: 3_000 }, (_, i) => `pw-${i}-${"x".repeat(12)}`), out = mask([all.join(" ")], all.map((p) => Secret.of(p)))[0]!;
    expect(out).not.toMatch(/[a-z]/);
    expect(mask(["aaaaab"], [Secret.of("aaaa"), Secret.of("aaab")])).toEqual(["••••••"]);
  });
  it("hides bytes in any encoding, split anywhere", () => {
    const p = "Pä$$-wörd", bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(p), Buffer.from([0x80])]), out = Buffer.concat(atOnce(maskingBytes([bytes.subarray(0, 5), bytes.subarray(5)], [Secret.of(p)])));
    expect(out).toEqual(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("*".repeat(Buffer.byteLength(p))), Buffer.from([0x80])]));
  });
});
