/** Differences of two whole lists, and what rules say of them. Rule: what was not told is never a difference. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ruleFor, RuleInput, type Rule } from "../../src/domain/adoption-rule.ts";
import { BY_HAND, countsOf, hindrance, merge, stageOf, TAKEN, type Found, type Told } from "../../src/domain/discovery.ts";
import type { AccountId, CollectionId, PersonId, RuleId, TargetId } from "../../src/kernel/ids.ts";

const T = "tgt_1" as TargetId, NOW = new Date("2026-11-25T20:00:00Z"), LATER = new Date("2026-11-26T20:00:00Z");
const acc = (name: string, enabled: boolean | null = true, privileged: boolean | null = false): Told & { name: string } => ({ name, enabled, privileged, says: [] });
const of = (rows: readonly Found[], name: string) => rows.find((r) => r.name === name)!;

test("the first list has nothing new in it; the next says what came, went, came back, rose and was shut", () => {
  const first = merge([], [acc("root", true, true), acc("app"), acc("old"), acc("clerk")], T, true, NOW);
  expect(first.map((r) => r.changes)).toEqual([[], [], [], []]);
  const next = merge(first, [acc("root", true, true), acc("app", false), acc("clerk", true, true), acc("fresh")], T, false, LATER);
  expect(Object.fromEntries(next.map((r) => [r.name, r.changes]))).toEqual({ root: [], app: ["disabled"], clerk: ["became_privileged"], fresh: ["new"], old: ["gone"] });
  expect(of(next, "old").goneAt).toEqual(LATER);
  expect(countsOf(next)).toEqual({ found: 4, new: 1, back: 0, gone: 1, became_privileged: 1, no_longer_privileged: 0, enabled: 0, disabled: 1, new_keys: 0 });
  const third = merge(next, [acc("root", true, true), acc("app"), acc("clerk"), acc("fresh"), acc("old", true, true)], T, false, LATER);
  expect(Object.fromEntries(third.map((r) => [r.name, r.changes]))).toEqual({ root: [], app: ["enabled"], clerk: ["no_longer_privileged"], fresh: [], old: ["back", "became_privileged"] });
  expect(of(merge(third, [], T, false, LATER), "app").changes).toEqual(["gone"]);
});

test("what a target does not tell is no difference, whichever way it turns", () => {
  fc.assert(fc.property(fc.constantFrom(true, false, null), fc.constantFrom(true, false, null), (a, b) => {
    const changes = of(merge(merge([], [acc("x", a, a)], T, true, NOW), [acc("x", b, b)], T, false, LATER), "x").changes;
    expect(changes.length > 0).toBe(a !== null && b !== null && a !== b);
  }));
});

test("property: of any two lists each name is there once; gone is exactly what the second lacks, and merging again changes nothing", () => {
  const list = fc.uniqueArray(fc.record({ name: fc.string({ minLength: 1, maxLength: 6 }), enabled: fc.constantFrom(true, false, null), privileged: fc.constantFrom(true, false, null) }), { selector: (a) => a.name, maxLength: 12 })
    .map((all) => all.map((a) => ({ ...a, says: [] })));
  fc.assert(fc.property(list, list, (a, b) => {
    const before = merge([], a, T, true, NOW), after = merge(before, b, T, false, LATER), again = merge(after, b, T, false, LATER), kept = new Set(b.map((x) => x.name).filter((n) => !n.includes("\0")));
    expect(new Set(after.map((r) => r.name)).size).toBe(after.length);
    for (const r of after) expect(r.goneAt === null, r.name).toBe(kept.has(r.name));
    expect(again.flatMap((r) => r.changes)).toEqual([]);
  }));
});

test("names that no row can hold are left out, and long reasons are cut", () => {
  const rows = merge([], [acc("x".repeat(257)), acc("a\0b"), acc("\ud800"), acc(""), { ...acc("ok"), says: ["y".repeat(500), "z\0"] }], T, true, NOW);
  expect(rows.map((r) => r.name)).toEqual(["ok"]);
  expect(rows[0]!.told.says.map((s) => s.length)).toEqual([120, 1]);
});

test("one word for each, and why it cannot be adopted: nothing shut is opened by adopting it", () => {
  const row = (told: Partial<Told> = {}, more: Partial<Found> = {}): Found => ({ ...merge([], [{ ...acc("app"), ...told }], T, true, NOW)[0]!, ...more }), ours = (credential: "unmanaged" | "adopting" | "in_sync") => ({ id: "acc_1" as AccountId, credential });
  const ignored = { by: null, at: NOW, why: "not ours" };
  expect([stageOf(row(), null), stageOf(row(), ours("unmanaged")), stageOf(row(), ours("adopting")), stageOf(row(), ours("in_sync")), stageOf(row({}, { ignored }), null), stageOf(row({}, { ignored }), ours("in_sync")), stageOf(row({}, { goneAt: NOW }), ours("in_sync"))])
    .toEqual(["unmanaged", "kept", "adopting", "managed", "ignored", "managed", "gone"]);
  expect([hindrance(row(), null, true), hindrance(row({ enabled: null }), null, true), hindrance(row(), ours("unmanaged"), true)]).toEqual([null, null, null]);
  expect([hindrance(row({ enabled: false, says: ["locked"] }), null, true), hindrance(row(), null, false), hindrance(row(), ours("in_sync"), true), hindrance(row({}, { goneAt: NOW }), null, true)])
    .toEqual(["it is shut on the target (locked), and a new password could open it", expect.stringContaining("its name is none"), "it is managed already", "it is gone from the target"]);
});

test("rules: where they reach, whom they mean, and that ignoring goes first", () => {
  const rule = (r: Partial<Rule>): Rule => ({ id: `rul_${r.pattern}_${r.does}` as RuleId, pattern: "*", does: "adopt", only: "all", target: null, collection: null, reason: "because", by: "per_1" as PersonId, at: NOW, endedAt: null, ...r });
  const f = (name: string, privileged: boolean | null = false) => ({ name, told: acc(name, true, privileged) }), G = "col_1" as CollectionId;
  const says = (rules: Rule[], x: ReturnType<typeof f>, groups: CollectionId[] = []) => ruleFor(rules, x, T, groups)?.does ?? null;
  expect([says([rule({ pattern: "svc-*" })], f("svc-a")), says([rule({ pattern: "svc-*" })], f("app")), says([rule({ target: "tgt_2" as TargetId })], f("a")), says([rule({ collection: G })], f("a")), says([rule({ collection: G })], f("a"), [G])]).toEqual(["adopt", null, null, null, "adopt"]);
  expect([says([rule({}), rule({ does: "ignore", pattern: "a*" })], f("app")), says([rule({ only: "privileged" })], f("a", true)), says([rule({ only: "privileged" })], f("a", null)), says([rule({ only: "unprivileged" })], f("a", null)), says([rule({ endedAt: NOW })], f("a"))]).toEqual(["ignore", "adopt", null, null, null]);
  expect(RuleInput.safeParse({ pattern: "*", does: "adopt", reason: "why not", target: "a", group: "b" }).success).toBe(false);
});

test("a list gives a rule's failed try another one, and leaves what was taken or left to people alone", () => {
  const rows = merge([], [acc("a"), acc("b"), acc("c")], T, true, NOW).map((r, i) => ({ ...r, rule: "rul_1" as RuleId, ruleSaid: [TAKEN, BY_HAND, "no right"][i]! }));
  expect(merge(rows, [acc("a"), acc("b"), acc("c")], T, false, LATER).map((r) => r.ruleSaid)).toEqual([TAKEN, BY_HAND, null]);
});
