/** Masking while it is written: whatever the pieces, no reader gets a password, and nothing else is changed or kept back for good. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Secret } from "../../src/kernel/secret.ts";
import { Veil } from "../../src/vault/veil.ts";

const cut = (text: Buffer, at: readonly number[]): Buffer[] => {
  const ends = [...new Set([...at.map((a) => a % (text.length + 1)), text.length])].sort((a, b) => a - b);
  return ends.map((end, i) => text.subarray(ends[i - 1] ?? 0, end));
};
test("cut anywhere, every password is stars of its length and the rest is as it was", () => {
  fc.assert(fc.property(fc.array(fc.constantFrom("Pw-8Q!x9Qz", "Pw-8", "ab", "\r\n", "Q!x", "ümlaut", "Pw-8Q!x9"), { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 6 }), (words, at) => {
    const plain = "Pw-8Q!x9Qz", text = words.join(""), veil = new Veil([Secret.of(plain), Secret.of("ab")]);
    const out = Buffer.concat([...cut(Buffer.from(text), at).map((p) => veil.show(p)), veil.rest()]).toString();
    expect(out).toBe(text.split(plain).join("*".repeat(plain.length)));
  }), { numRuns: 500 });
});
test("what only might be the beginning of one waits, and is given when nothing comes", () => {
  const veil = new Veil([Secret.of("Pw-8Q!x9Qz")]);
  expect(veil.show(Buffer.from("prompt$ Pw-8Q")).toString()).toBe("prompt$ ");
  expect(veil.waits).toBe(true);
  expect(veil.rest().toString()).toBe("Pw-8Q");
  // It was one after all: the half that had gone out is gone, the other half is not.
  expect(veil.show(Buffer.from("!x9Qz end")).toString()).toBe("***** end");
});
