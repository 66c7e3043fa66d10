/** Ticket patterns: the same answers as regular expressions, and never a long wait. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ticketMatches, unreadable } from "../../src/domain/ticket-pattern.ts";
import { TICKET_HELP } from "../../views/words.tsx";

const evil = ["(a+)+$", "^(a|a)*$", "(a*)*b", "(.*)*x", "((a{1,9}){1,9}){1,9}", "(\\w+\\s?)*!", "(a?){60}a{60}"];
test.each(evil)("%s on eighty characters that almost match is answered at once", (pattern) => {
  for (const text of [`${"a".repeat(79)}!`, "a".repeat(80), `${"a a".repeat(26)}?`]) {
    const from = performance.now(), answer = ticketMatches(pattern, text);
    expect(performance.now() - from, `${pattern} on ${text}`).toBeLessThan(1_000);
    expect([true, false, null]).toContain(answer);
  }
});

describe("as a regular expression that must match the whole", () => {
  const atom = fc.constantFrom("a", "b", "-", "7", ".", "\\d", "\\w", "\\S", "\\.", "[a-c]", "[^a]", "[\\d-]", "[b\\]-]"), times = fc.constantFrom("", "", "?", "*", "+", "{2}", "{1,}", "{0,2}", "+?");
  const { pattern } = fc.letrec<{ pattern: string; row: string; part: string }>((tie) => ({
    pattern: fc.array(tie("row"), { minLength: 1, maxLength: 3 }).map((rows) => rows.join("|")),
    row: fc.array(tie("part"), { maxLength: 4 }).map((parts) => parts.join("")),
    part: fc.oneof({ maxDepth: 2, depthIdentifier: "parens" }, fc.tuple(atom, times).map((t) => t.join("")), fc.tuple(fc.constantFrom("(", "(?:"), tie("pattern"), times).map(([open, p, t]) => `${open}${p})${t}`)),
  }));
  const ticket = fc.string({ unit: fc.constantFrom("a", "b", "c", "-", "7", ".", "]", " ", "é"), maxLength: 7 });
  test("any pattern of the language", () => {
    let matched = 0;
    fc.assert(fc.property(pattern, ticket, (p, t) => {
      fc.pre(p.length <= 60);
      const expected = new RegExp(`^(?:${p})$`).test(t);
      if (expected) matched++;
      expect(ticketMatches(p, t)).toBe(expected);
    }), { numRuns: 4_000 });
    expect(matched, "not only refusals were compared").toBeGreaterThan(100);
  });
  test("whatever is written: read or refused with a sentence, never a crash", () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."ab(|)[]{}?*+\\^$.-,:2dwn"), maxLength: 24 }), (p) => {
      const why = unreadable(p);
      if (why === null) expect([true, false]).toContain(ticketMatches(p, "ab2"));
      else { expect(why).toMatch(/^\w[\w ]+/); expect(ticketMatches(p, "ab2")).toBeNull(); }
    }), { numRuns: 4_000 });
  });
});

test.each<[string, string, string]>([
  ["CHG-\\d+", "CHG-1042", "CHG-"], ["^(INC|CHG)\\d{6}$", "INC123456", "INC12345"], ["[A-Z]{2,5}-\\d+", "OPS-7", "ops-7"], ["", "", "x"], ["ü+", "üü", "u"], ["a\\|b", "a|b", "a"], ["^a$|b", "b", "ab"],
])("%s takes %s and not %s", (pattern, yes, no) => { expect([ticketMatches(pattern, yes), ticketMatches(pattern, no)]).toEqual([true, false]); });

test.each<[string, RegExp]>([
  ["(a)\\1", /^invalid escape sequence/], ["(?=a)b", /^invalid or unsupported Perl syntax/], ["(?<=a)b", /^invalid/], ["a**", /nested repetition/], ["a{3,1}", /repeat count/],
  ["[z-a]", /class range/], ["(", /missing closing \)/], [")", /unexpected \)/], ["[a", /missing closing \]/], ["\\", /trailing backslash/], ["*", /missing argument/], ["((a{80}){80}){80}", /repeat count/],
])("%s is refused: %s", (pattern, why) => { expect(unreadable(pattern)).toMatch(why); expect(ticketMatches(pattern, "a")).toBeNull(); });

test("the help on the form names nothing the language lacks", () => { expect(ticketMatches(/Example: (\S+)$/.exec(TICKET_HELP)![1]!, "CHG-1")).toBe(true); });
