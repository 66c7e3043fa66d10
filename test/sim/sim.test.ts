/** The simulation as a test: quick, one seed; `npm run sim` does ten times as much. */
import { describe, expect, test } from "vitest";
import { MUTANTS } from "./mutants.ts";
import { simulate } from "./simulate.ts";

test("law: I1 no password is lost, no account stuck, no wrong current offered in 2,000 faulted rotations", { timeout: 30_000 }, () => {
  const r = simulate({ rotations: 2_000, seed: 7 });
  expect(r).toMatchObject({ lost: 0, stuck: 0, wrongCurrent: 0, lockouts: 0, overBudget: 0, driftLeft: 0, overdue: 0 });
  for (const fault of ["crashes", "commitUnknown", "pauses", "fenced", "lostRequests", "lostAcks", "late", "policy", "unknownProbes", "lockedOut", "adminBusy", "deadLetters", "orders", "ordersMade", "ordersMoved", "agentAway", "agentCrashes"] as const) {
    expect(r[fault], `${fault} must have happened`).toBeGreaterThan(10);
  }
});

test("the same seed gives the same run", () => {
  const { ms: _a, ...one } = simulate({ rotations: 200, seed: 3 }), { ms: _b, ...two } = simulate({ rotations: 200, seed: 3 });
  expect(one).toEqual(two);
});

describe("law: I1 every plausible simplification of the protocol is caught", () => {
  const SAFE = { lost: 0, stuck: 0, wrongCurrent: 0, lockouts: 0, overBudget: 0, driftLeft: 0, overdue: 0 };
  for (const [name, m] of Object.entries(MUTANTS)) {
    test(`${name}, in its own scenario; the protocol itself stands there`, { timeout: 30_000 }, () => {
      expect(simulate({ rotations: 200, seed: 7, scenario: m.scenario })).toMatchObject(SAFE);
      const r = simulate({ rotations: 200, seed: 7, scenario: m.scenario, wrap: m.wrap });
      expect(m.caughtBy.map((k) => r[k]).reduce((a, b) => a + b), JSON.stringify(r)).toBeGreaterThan(0);
    });
    test(`${name} shows as ${m.caughtBy.join(" or ")}`, { timeout: 30_000 }, () => {
      const r = simulate({ rotations: 1_000, seed: 7, scenario: m.among ?? null, wrap: m.wrap });
      expect(m.caughtBy.map((k) => r[k]).reduce((a, b) => a + b), JSON.stringify(r)).toBeGreaterThan(0);
    });
  }
});
