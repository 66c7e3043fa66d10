/** Generated passwords meet their policy, always; masking keeps every column. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { brokenRules, CLASSES, PASSWORD_POLICIES, PasswordPolicy } from "../../src/domain/password-policy.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { brokenBy, generate, repeats } from "../../src/vault/generate.ts";
import { mask } from "../../src/vault/mask.ts";

const NEVER = /[\x00-\x1f\x7f]/u; // eslint-disable-line no-control-regex
const policies = fc.record({
  length: fc.integer({ min: 12, max: 100 }), lower: fc.integer({ min: 0, max: 3 }), upper: fc.integer({ min: 0, max: 3 }), digit: fc.integer({ min: 0, max: 3 }), symbol: fc.integer({ min: 0, max: 3 }), maxRepeat: fc.integer({ min: 1, max: 4 }),
}).map((p) => PasswordPolicy.parse({ name: "any", ...p }));

test("whatever the policy asks for, the result has it and is exactly as long as asked", () => {
  fc.assert(fc.property(policies, fc.constantFrom("root", "app1", "x", "administrator"), (p, login) => {
    const text = reveal(generate(p, login, NEVER, systemRandom));
    expect(brokenRules(text, p, login, NEVER)).toEqual([]);
    expect(text.length).toBe(p.length);
  }), { numRuns: 300 });
});

test("what a connector cannot carry never appears", () => {
  const forbidden = /["'\\$`:@/]/, policy = PASSWORD_POLICIES["strong"]!;
  for (let i = 0; i < 500; i++) expect(forbidden.test(reveal(generate(policy, "app", forbidden, systemRandom)))).toBe(false);
});

test("500 in a row are all different, and every position takes many characters", () => {
  const made = Array.from({ length: 500 }, () => reveal(generate(PASSWORD_POLICIES["medium"]!, "app", NEVER, systemRandom)));
  expect(new Set(made).size).toBe(500);
  for (let at = 0; at < 20; at++) expect(new Set(made.map((m) => m[at])).size).toBeGreaterThan(40);
});

test("allowed and forbidden characters, no words and no runs: whatever of it can be met is met, and nothing whole is ever drawn twice", () => {
  const chars = fc.uniqueArray(fc.constantFrom(...CLASSES.lower, ...CLASSES.upper, ...CLASSES.digit, ..."!#%+-_"), { minLength: 12, maxLength: 40 });
  fc.assert(fc.property(chars, chars, fc.integer({ min: 8, max: 64 }), (allowed, forbidden, length) => {
    const parsed = PasswordPolicy.safeParse({ name: "own", length, lower: 0, upper: 0, digit: 0, symbol: 0, allowed: allowed.join(""), forbidden: forbidden.slice(0, 6).join("") });
    if (!parsed.success) return;
    let drawn = 0;
    const counted = { bytes: systemRandom.bytes, int: (max: number) => { drawn += 1; return systemRandom.int(max); } }, text = reveal(generate(parsed.data, "aa", NEVER, counted));
    expect(brokenRules(text, parsed.data, "aa", NEVER)).toEqual([]);
    expect([...text].every((c) => allowed.includes(c) && !forbidden.slice(0, 6).includes(c))).toBe(true);
    expect(drawn, "one draw a place, and one a shuffle").toBe(2 * length - 1);
  }), { numRuns: 200 });
});

test("a policy that cannot be met says so instead of giving less", () => {
  const p = PasswordPolicy.parse({ name: "odd", length: 12, symbol: 2, symbols: "-" });
  expect(() => generate(p, "app", /-/, systemRandom)).toThrow(/password policy odd cannot be met/);
});

test("every broken rule is named at once", () => {
  const broken = brokenBy(Secret.of("aaaapp1"), PASSWORD_POLICIES["medium"]!, "app1", NEVER);
  expect(broken.join("; ")).toMatch(/at least 20 characters.*upper-case.*symbols.*in a row.*login name/);
  expect(repeats(Secret.of("same"), [Secret.of("other"), Secret.of("same")])).toBe(true);
  expect(repeats(Secret.of("same"), [Secret.of("other")])).toBe(false);
});

test("masked text has no password in it, whatever pieces it came in, and every piece keeps its length", () => {
  fc.assert(fc.property(fc.array(fc.string({ maxLength: 12 }), { maxLength: 5 }), fc.stringMatching(/^[A-Za-z0-9!#%]{8,20}$/), fc.array(fc.nat(60), { maxLength: 6 }), (noise, password, cuts) => {
    const text = noise.join(password), pieces: string[] = [];
    let rest = text;
    for (const cut of cuts) { pieces.push(rest.slice(0, cut)); rest = rest.slice(cut); }
    pieces.push(rest);
    const out = mask(pieces, [Secret.of(password)]);
    expect(out.map((p) => p.length)).toEqual(pieces.map((p) => p.length));
    expect(out.join("")).not.toContain(password);
    if (!text.includes(password)) expect(out).toEqual(pieces);
  }), { numRuns: 200 });
});

test("too short to be told from ordinary text is left alone", () => {
  expect(mask(["cat abc"], [Secret.of("abc")])).toEqual(["cat abc"]);
});
