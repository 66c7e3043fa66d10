/** Secrets are taken out of what devices print, whichever way they are broken. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Secret } from "../../src/kernel/secret.ts";
import { scrubbing } from "../../src/wires/scrub.ts";

const scrub = (...s: string[]) => scrubbing(...s.map((x) => Secret.of(x)));
test.each([
  ["once and again", "a S3cret-99 b S3cret-99", "a [secret] b [secret]"],
  ["broken by a wrapped line", "pw S3cr \ret-99 x", "pw [secret] x"],
  ["broken by a new line", "pw S3cr\r\net-99 x", "pw [secret] x"],
  ["cut short by the device", "% Bad: S3cret-\n", "% Bad: [secret]\n"],
  ["five characters are chance", "S3cre x", "S3cre x"],
])("%s", (_what, text, clean) => { expect(scrub("S3cret-99")(text)).toBe(clean); });
test("one inside another leaves nothing of the longer", () => { expect(scrub("abcdef", "abcdefghij")("abcdefghij")).toBe("[secret]"); });
test("law: no secret of six characters and more is left, wherever it is broken and put", () => {
  const word = fc.string({ unit: "grapheme-ascii", minLength: 6, maxLength: 24 }), breaks = fc.constantFrom("", "", "", "\r\n", "\n", " \r", "\x1b", "\0");
  fc.assert(fc.property(word, word, fc.string(), fc.string(), fc.array(breaks, { minLength: 24, maxLength: 24 }), (a, b, before, after, cut) => {
    const broken = [...a].map((c, i) => c + (i < a.length - 1 ? cut[i]! : "")).join(""), out = scrub(a, b)(`${before}${broken}\n${b}${after}`);
    // eslint-disable-next-line no-control-regex
    const flat = (s: string) => s.replace(/[\x00-\x20\x7f]/g, "");
    for (const s of [a, b].map(flat).filter((w) => w.length >= 6)) if (!flat(before + after).includes(s)) expect(flat(out).replaceAll("[secret]", "\u2020").includes(s)).toBe(false);
  }), { numRuns: 500 });
});
