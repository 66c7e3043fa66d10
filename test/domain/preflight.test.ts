/** Our policy beside the target's, and what a person is told of a change. */
import { expect, test } from "vitest";
import { outcomeOf } from "../../src/domain/change-outcome.ts";
import { PASSWORD_POLICIES, PasswordPolicy } from "../../src/domain/password-policy.ts";
import { conflicts } from "../../src/domain/preflight.ts";
import { adviceOf } from "../../src/domain/rotation-advice.ts";
import type { Rotation } from "../../src/domain/rotation.ts";

const low = PASSWORD_POLICIES["low"]!;
test("each rule of the target's that ours does not keep is a sentence; an administrator's change passes what only binds the account itself", () => {
  const theirs = { minLength: 14, symbol: 1, classes: 4, maxRepeat: 1, remembers: 8, minAgeDays: 7, maxAgeDays: 30, lockAfter: 2 }, said = conflicts(low, theirs, "administrative");
  expect(said.map((c) => c.says.replace(/[:,].*/, ""))).toEqual([
    "The target wants 14 characters", "The target wants 1 symbols", "The target wants 4 kinds of characters", "The target refuses more than 1 of the same in a row", "The target remembers the last 8",
    "The target lets the account change its own password only every 7 days", "The target lets a password expire after 30 days", "The target locks an account after 2 refused logins; the broker may spend 2 to find out which password is in force.",
  ]);
  expect(said.map((c) => c.stops)).toEqual([false, false, false, false, false, false, true, true]);
  expect(conflicts(low, theirs, "self").every((c) => c.stops)).toBe(true);
  expect(conflicts(PasswordPolicy.parse({ ...PASSWORD_POLICIES["strong"], name: "own", maxRepeat: 1, maxAgeDays: 20 }), { ...theirs, minAgeDays: 0, lockAfter: 5 }, "self")).toEqual([]);
  expect(conflicts(low, {}, "self"), "what was not said is no rule").toEqual([]);
});

const rotation = (over: object): Rotation => ({ state: "queued", origin: "given", trigger: "manual", sent: false, firstUnknownAt: null, inForce: null, why: null, candidate: "ver_2", ...over }) as unknown as Rotation;
test("changed only by proof; unchanged only when nothing we sent can still land; the rest is under way or being settled", () => {
  const word = (over: object) => outcomeOf(rotation(over)).word, doubt = { firstUnknownAt: new Date(0) };
  expect([word({ state: "committed" }), word({ state: "refused" }), word({}), word({ state: "waiting" }), word({ state: "applying" })]).toEqual(["changed", "unchanged", "under_way", "under_way", "under_way"]);
  expect([word({ state: "probing", sent: true }), word({ state: "applying", ...doubt }), word({ state: "dead_letter", ...doubt })]).toEqual(["settling", "settling", "settling"]);
  expect(word({ state: "refused", sent: true }), "something was sent and nothing was proven").toBe("settling");
  expect(word({ state: "refused", sent: true, inForce: "ver_1" })).toBe("unchanged");
  expect(word({ state: "refused", origin: "local", ...doubt, why: "not checked: no answer" })).toBe("settling");
});
test("a move is offered only where its verb takes it", () => {
  const moves = (over: object) => adviceOf(rotation(over))?.moves ?? [];
  expect(moves({ state: "waiting" })).toEqual(["stop"]);
  expect(moves({ state: "waiting", trigger: "end_of_use" }), "it would only be opened again").toEqual([]);
  expect(moves({ state: "waiting", sent: true, firstUnknownAt: new Date(0) })).toEqual([]);
  expect(moves({ state: "dead_letter", inForce: "ver_2" })).toEqual(["again"]);
  expect(moves({ state: "dead_letter", inForce: "ver_1" })).toEqual(["again", "keep"]);
  expect(moves({ state: "dead_letter", why: "no version we hold is in force" })).toEqual(["tell", "again"]);
  expect(["queued", "prepared", "applying", "committed"].map((state) => adviceOf(rotation({ state })))).toEqual([null, null, null, null]);
});
