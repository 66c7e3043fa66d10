/** Canonical JSON: the bytes that are hashed, after RFC 8785, for what our events hold. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonical } from "../../src/domain/audit.ts";
import { Secret } from "../../src/kernel/secret.ts";

test("RFC 8785: its own examples, as far as they are in our subset", () => {
  // Section 3.2.2 and 3.2.4 (the numbers there that are finite doubles are ours too: ECMAScript's own serialisation).
  expect(canonical({ numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001], string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/", literals: [null, true, false] }))
    .toBe('{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}');
  // Section 3.2.3: keys sorted by UTF-16 code units, so the emoji comes before U+FB33.
  expect(canonical({ "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis" }))
    .toBe('{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}');
  // Appendix B.
  for (const [n, text] of [[0, "0"], [-0, "0"], [5e-324, "5e-324"], [-5e-324, "-5e-324"], [1.7976931348623157e308, "1.7976931348623157e+308"], [9007199254740992, "9007199254740992"], [295147905179352830000, "295147905179352830000"], [9.999999999999997e22, "9.999999999999997e+22"], [1e23, "1e+23"], [1e21, "1e+21"], [333333333.3333332, "333333333.3333332"], [-0.0000033333333333333333, "-0.0000033333333333333333"]] as const) expect(canonical(n)).toBe(text);
});

test("the order of keys never matters, the value always does, and it reads back", () => {
  const value = fc.jsonValue({ maxDepth: 3 }).filter((v) => JSON.stringify(v).isWellFormed() && !/\\ud[89a-f]/i.test(JSON.stringify(v)));
  const turned = (v: unknown): unknown => (Array.isArray(v) ? v.map(turned) : v !== null && typeof v === "object" ? Object.fromEntries(Object.entries(v).reverse().map(([k, x]) => [k, turned(x)])) : v);
  fc.assert(fc.property(value, value, (a, b) => {
    expect(canonical(turned(a))).toBe(canonical(a));
    expect(canonical(JSON.parse(canonical(a)))).toBe(canonical(a));
    expect(canonical(a) === canonical(b)).toBe(JSON.stringify(sorted(a)) === JSON.stringify(sorted(b)));
    expect(canonical(a)).not.toMatch(/^\s|\s$/);
  }), { numRuns: 500 });
});
const sorted = (v: unknown): unknown => (Array.isArray(v) ? v.map(sorted) : v !== null && typeof v === "object" ? { o: Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, x]) => [k, sorted(x)]) } : typeof v === "number" ? `n${v + 0}` : v);

test("what has no canonical form is refused, not guessed; a field that is not there is not there", () => {
  for (const bad of [NaN, Infinity, -Infinity]) expect(() => canonical(bad)).toThrow("canonical JSON holds finite numbers only");
  for (const bad of [undefined, () => 1, Symbol("x"), 1n, [undefined]]) expect(() => canonical(bad)).toThrow(/^canonical JSON cannot hold a /);
  for (const bad of [new Date(0), Secret.of("x"), new Map(), Buffer.from("x")]) expect(() => canonical({ bad })).toThrow("canonical JSON holds plain objects only");
  for (const bad of ["\ud800", "a\udc00"]) { expect(() => canonical(bad)).toThrow("whole characters only"); expect(() => canonical({ [bad]: 1 })).toThrow("whole characters only"); }
  expect(canonical({ a: undefined, b: 1 })).toBe('{"b":1}');
});
