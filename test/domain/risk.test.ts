/** What an approver is told. Rule: from what happened before the ask alone; nothing after it and nobody else's changes a word. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AWAY, HABIT_OF, risksOf, type RiskKind } from "../../src/domain/risk.ts";
import type { Request } from "../../src/domain/request.ts";

const NOW = Date.parse("2026-11-25T03:12:00Z"), DAY = 86_400_000, HOUR = 3_600_000;
const ago = (ms: number): Date => new Date(NOW - ms);
const ask = (over: Record<string, unknown> = {}, account = "acc_1", preset = "session"): Request =>
  ({ id: "req_now", requester: "per_1", state: "pending", submittedAt: new Date(NOW), terms: { account, policy: "pol_1", preset, minutes: 30, reason: "", ticket: "" }, ...over }) as unknown as Request;
const used = (id: string, ms: number, account = "acc_1", preset = "session"): Request => ask({ id, state: "closed", submittedAt: ago(ms + 60_000), checkedOutAt: ago(ms), closedAt: ago(ms - 1) }, account, preset);
const risks = (past: readonly Request[], marked: readonly Date[] = []) => risksOf(ask(), { name: "ada", past, marked });
const kinds = (past: readonly Request[], marked: readonly Date[] = []): RiskKind[] => risks(past, marked).map((r) => r.kind);

describe("risk notes", () => {
  test("never had it before, though asked for before or had another", () => {
    expect(risks([ask({ id: "req_a", state: "expired", submittedAt: ago(DAY), endedAt: ago(HOUR) }), used("req_b", DAY, "acc_2")])).toEqual([{ kind: "first", calm: false, says: "ada has never had this account before", at: null }]);
  });
  test("has had it before: counted, the last one dated, and said calmly", () => {
    expect(risks([used("req_a", 3 * DAY), used("req_b", DAY), used("req_c", 9 * DAY)])).toEqual([{ kind: "again", calm: true, says: "ada has had this account 3 times before", at: ago(DAY) }]);
  });
  test("broken glass: within 30 days, on this account or on others", () => {
    expect(risks([used("req_a", 29 * DAY, "acc_1", "break-glass")])[0]).toMatchObject({ kind: "glass", says: "ada broke the glass once in 30 days, on this account too", at: ago(29 * DAY) });
    expect(risks([used("req_a", DAY, "acc_2", "break-glass"), used("req_b", 2 * DAY, "acc_3", "break-glass")])[0]).toMatchObject({ says: "ada broke the glass twice in 30 days, on other accounts", at: ago(DAY) });
    expect(kinds([used("req_a", 31 * DAY, "acc_2", "break-glass")])).toEqual(["first"]);
  });
  test("denied and revoked for this account within 30 days, with the reason that was given; the last one only", () => {
    const denied = (ms: number, state: string, reason: string, account = "acc_1") => ask({ id: `req_${ms}`, state, submittedAt: ago(ms + 1), endedAt: ago(ms), by: "per_2", reason }, account);
    expect(risks([denied(5 * HOUR, "denied", "which host?"), denied(2 * HOUR, "revoked", "wrong ticket")])[0]).toMatchObject({ kind: "refused", says: "ada was cut off from this account: “wrong ticket”", at: ago(2 * HOUR) });
    expect(risks([denied(5 * HOUR, "denied", "")])[0]).toMatchObject({ says: "ada was denied this account" });
    expect(kinds([denied(5 * HOUR, "denied", "no", "acc_2"), denied(31 * DAY, "denied", "no")])).toEqual(["first"]);
  });
  test("a command rule spoke lately", () => {
    expect(risks([], [ago(DAY), ago(2 * DAY), ago(40 * DAY)])[0]).toMatchObject({ kind: "marked", says: "a command rule spoke in 2 of ada's sessions in 30 days", at: ago(DAY) });
  });
  test("outside the usual hours: only of a habit, and only further than two hours from all of it, over midnight too", () => {
    const at = (hour: number, n: number) => Array.from({ length: n }, (_, i) => ask({ id: `req_h${hour}_${i}`, state: "expired", endedAt: ago(0), submittedAt: new Date(Date.parse(`2026-11-${10 + i}T00:00:00Z`) + hour * HOUR) }));
    expect(risks(at(9, HABIT_OF))[0]).toMatchObject({ kind: "hours", says: "outside ada's usual hours: none of 10 requests in 90 days came within two hours of 03:12 UTC" });
    expect(kinds(at(9, HABIT_OF - 1)), "too few to be a habit").toEqual(["first"]);
    expect(kinds([...at(9, HABIT_OF), ...at(1.2 + 24 - 24, 1)]), "01:12 is two hours away").toEqual(["first"]);
    const midnight = risksOf(ask({ submittedAt: new Date("2026-11-25T00:30:00Z") }), { name: "ada", past: at(23, HABIT_OF), marked: [] });
    expect(midnight.map((r) => r.kind), "23:00 is an hour and a half from 00:30").toEqual(["first"]);
  });
  test("what comes after the ask changes nothing, and neither does the order of what is known", () => {
    const anyPast = fc.record({ n: fc.integer({ min: 0, max: 999 }), ms: fc.integer({ min: 60_000, max: 100 * DAY }), account: fc.constantFrom("acc_1", "acc_2"), preset: fc.constantFrom("session", "break-glass") });
    fc.assert(fc.property(fc.uniqueArray(anyPast, { maxLength: 30, selector: (p) => p.ms }), fc.array(fc.integer({ min: 1, max: DAY })), (before, after) => {
      const past = before.map((p) => used(`req_${p.n}`, p.ms, p.account, p.preset)), later = after.map((ms, i) => used(`req_later${i}`, -ms - 120_000));
      expect(risks([...past, ...later])).toEqual(risks(past));
      expect(risks(past.toReversed())).toEqual(risks(past));
      expect(risks(past).filter((r) => r.kind === "first" || r.kind === "again")).toHaveLength(1);
    }));
  });
  test("the bounds are what the sentences say", () => { expect([HABIT_OF, AWAY]).toEqual([10, 120]); });
});
