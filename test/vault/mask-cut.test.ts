/** A password that a terminal broke up or that a limit cut off: nothing of it is left, and nothing else is touched. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Secret } from "../../src/kernel/secret.ts";
import { mask, maskCut } from "../../src/vault/mask.ts";

const P = "Kx7!aa\"b\\c$", OTHER = "aa\"b", secrets = [Secret.of(P), Secret.of(OTHER)], dots = "•".repeat(P.length);
test.each<[string, readonly string[], readonly string[]]>([
  ["whole", [`x${P}y`], [`x${dots}y`]], ["over three pieces", ["xKx7", "!aa", "\"b\\c$y"], ["x•••", "•••", "•••••y"]], ["twice, and one that begins inside another", [`${P}${OTHER}${P}`], [`${dots}••••${dots}`]],
  ["with colours inside", [`\x1b[1mKx7!\x1b[0;31maa"b\x1b]0;title\x07\\c$`], [`\x1b[1m••••\x1b[0;31m••••\x1b]0;title\x07•••`]], ["wrapped by a line editor", [`# Kx7! \raa"b\\c$\r\n`], ["# •••• \r•••••••\r\n"]],
  ["not across a line", ["Kx7!\naax"], ["Kx7!\naax"]], ["nothing there", ["", "plain", ""], ["", "plain", ""]],
])("%s", (_name, pieces, expected) => { expect(mask(pieces, secrets)).toEqual(expected); });

test("a text that was cut off in the middle of a password keeps nothing of it", () => {
  for (let n = 5; n < P.length; n++) expect(maskCut(`mysql -p${P.slice(0, n)}`, secrets)).toBe(`mysql -p${"•".repeat(n)}`);
  expect([maskCut(`a ${P} b`, secrets), maskCut("Kx7", secrets)]).toEqual([`a ${dots} b`, "Kx7"]);
});

test("any text, any cut, any noise between the characters: no password is left, lengths stay, the rest is as it was", () => {
  const noise = fc.constantFrom("\x1b[0m", "\x1b[38;5;12m", "\r", "\x07", " \r", "\x1b]2;t\x07"), filler = fc.string({ unit: fc.constantFrom("a", "•", " ", "\n", "é", "\""), maxLength: 12 });
  const shown = fc.tuple(filler, fc.array(fc.tuple(fc.nat(P.length), noise), { maxLength: 4 }), filler).map(([a, cuts, b]) => {
    let word = P;
    for (const [at, what] of cuts.sort((x, y) => y[0] - x[0])) word = word.slice(0, at) + what + word.slice(at);
    return { a, word, b };
  });
  // eslint-disable-next-line no-control-regex
  const bare = (t: string): string => t.replace(/ \r|\x1b(?:\[[0-9;]*m|\]2;t\x07)|[\r\x07]/g, "");
  fc.assert(fc.property(shown, fc.array(fc.nat(60), { maxLength: 5 }), ({ a, word, b }, at) => {
    const text = a + word + b, marks = [...new Set([0, ...at.filter((x) => x < text.length), text.length])].sort((x, y) => x - y), pieces = marks.slice(1).map((end, i) => text.slice(marks[i], end));
    const out = mask(pieces, secrets), whole = out.join("");
    expect(out.map((p) => p.length)).toEqual(pieces.map((p) => p.length));
    expect(bare(whole)).not.toContain(P);
    expect([whole.startsWith(a), whole.endsWith(b)]).toEqual([true, true]);
  }), { numRuns: 2_000 });
});
