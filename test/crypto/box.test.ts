import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newBoxKey, openBox, openKeyBox, sealTo } from "../../src/crypto/box.ts";
import { revealBytes } from "../../src/kernel/reveal.ts";

const SHUT = "a sealed box did not open";

describe("a sealed box", () => {
  const key = newBoxKey();
  test("opens to the same bytes, whatever they are", () => fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, aad) => {
    expect(revealBytes(openBox(key.privateKey, aad, sealTo(key.publicKey, aad, bytes))).equals(bytes)).toBe(true);
  }), { numRuns: 60 }));

  test("law: opens for nobody else, for no other purpose, and not with any byte changed", () => {
    const box = sealTo(key.publicKey, "password ses_1", Buffer.from("S3cret")), raw = Buffer.from(box, "base64url");
    expect(() => openBox(newBoxKey().privateKey, "password ses_1", box)).toThrow(SHUT);
    expect(() => openBox(key.privateKey, "password ses_2", box)).toThrow(SHUT);
    for (let i = 0; i < raw.length; i++) {
      const bad = Buffer.from(raw);
      bad[i] = (bad[i] ?? 0) ^ (1 << (i % 7));
      expect(() => openBox(key.privateKey, "password ses_1", bad.toString("base64url"))).toThrow(SHUT);
    }
    for (let n = 0; n < raw.length; n += 5) expect(() => openBox(key.privateKey, "password ses_1", raw.subarray(0, n).toString("base64url"))).toThrow(SHUT);
  });

  test("two boxes of one text have nothing in common", () => {
    const [a, b] = [1, 2].map(() => Buffer.from(sealTo(key.publicKey, "x", Buffer.alloc(64)), "base64url"));
    expect(a?.subarray(0, 32).equals(b?.subarray(0, 32) ?? Buffer.alloc(0))).toBe(false);
    expect(a?.subarray(32).equals(b?.subarray(32) ?? Buffer.alloc(0))).toBe(false);
  });

  test("a key box gives a key that cannot be printed, and refuses what is not 256 bits", () => {
    const opened = openKeyBox(key.privateKey, "k", sealTo(key.publicKey, "k", Buffer.alloc(32, 7)));
    expect(JSON.stringify(opened)).toBe("{}");
    expect(() => openKeyBox(key.privateKey, "k", sealTo(key.publicKey, "k", Buffer.alloc(31)))).toThrow("did not hold a key");
  });

  test("a malformed receiver is refused with the reason", () => {
    expect(() => sealTo("AAAA", "x", Buffer.from("y"))).toThrow("not a box key");
    // The all-zero point would give a secret everybody knows.
    expect(() => sealTo(Buffer.alloc(32).toString("base64url"), "x", Buffer.from("y"))).toThrow();
  });
});
