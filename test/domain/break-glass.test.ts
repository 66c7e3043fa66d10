/** What broken glass shows: likeliest first, and never a sentence that is not so. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { inDoubt, toShow, type Known } from "../../src/domain/break-glass.ts";
import { CREDENTIAL_NEXT, type Credential } from "../../src/domain/account.ts";
import { NO_RELEASE } from "../../src/domain/no-release.ts";
import type { Rotation } from "../../src/domain/rotation.ts";
import type { VersionId } from "../../src/kernel/ids.ts";

const id = (n: number) => `ver_${n}` as VersionId, day = new Date("2026-11-20T08:30:00Z");
const version = (no: number, status: Known["status"], provenAt: Date | null = null): Known => ({ id: id(no), no, status, provenAt });
const VERSIONS = [version(1, "older"), version(2, "previous", day), version(3, "current", day), version(4, "candidate"), version(5, "rejected")];
const rotation = (over: object): Rotation => ({ state: "probing", candidate: id(4), sent: true, inForce: null, asked: [], order: null, ...over }) as unknown as Rotation;
const shown = (credential: Credential, r: Rotation | null) => toShow(VERSIONS, credential, r, day).map((s) => [s.no, s.says]);
const PROVEN = "a login with it worked 2026-11-20 08:30 UTC; not asked since", SENT = "sent to the target; it has not said yet whether it is in force", REFUSED = "the target refused it when it was last asked";

test("in sync and undisturbed it is the current version alone", () => {
  expect(shown("in_sync", null)).toEqual([[3, PROVEN]]);
  expect(shown("in_sync", rotation({ state: "queued", candidate: null, sent: false }))).toEqual([[3, PROVEN]]);
});
test("law: I5 — while a change may have landed: the candidate, the current one, the one before, each with what the target last said", () => {
  expect(shown("unverified", rotation({}))).toEqual([[4, SENT], [3, PROVEN], [2, PROVEN]]);
  expect(shown("changing", rotation({ state: "applying", sent: false })), "the first byte may be on its way").toEqual([[4, SENT], [3, PROVEN], [2, PROVEN]]);
  expect(shown("unverified", rotation({ asked: [id(4)] }))).toEqual([[3, PROVEN], [2, PROVEN], [4, REFUSED]]);
  expect(shown("unverified", rotation({ asked: [id(4), id(3)], inForce: id(2) }))).toEqual([[2, "the target took it when it was last asked"], [4, REFUSED], [3, REFUSED]]);
  expect(shown("quarantined", null), "the healer gave up and its row is gone").toEqual([[3, PROVEN], [2, PROVEN], [4, "a candidate of an earlier change; the target has not been asked"]]);
});
test("law: I5 — an order whose time has come may have been made by the agent alone: both are shown; before that the current one alone", () => {
  const order = (state: string, due: Date) => rotation({ state: "prepared", order: { state, agent: "agt_1", wanted: due, due, expires: new Date(due.getTime() + 86_400_000), fence: 1, epoch: 1, before: false } });
  const soon = new Date(day.getTime() + 1);
  for (const state of ["sent", "placed", "called"]) {
    expect(shown("in_sync", order(state, soon)), state).toEqual([[3, PROVEN]]);
    expect(shown("in_sync", order(state, day)), state).toEqual([[4, SENT], [3, PROVEN], [2, PROVEN]]);
  }
  expect(shown("in_sync", order("over", soon)), "the agent said it has ended, and nobody asked the target yet").toEqual([[4, SENT], [3, PROVEN], [2, PROVEN]]);
});
test("whatever the rotation knows: each version once, in force first, refused last, and nothing that was rejected or is older", () => {
  const any = fc.record({ state: fc.constantFrom("queued", "prepared", "applying", "waiting", "probing", "dead_letter"), sent: fc.boolean(), inForce: fc.option(fc.constantFrom(id(2), id(3), id(4))), asked: fc.subarray(["compare", id(2), id(3), id(4)]) });
  fc.assert(fc.property(any, fc.constantFrom(...(Object.keys(CREDENTIAL_NEXT) as Credential[])), (r, credential) => {
    const open = rotation(r), list = toShow(VERSIONS, credential, open, day);
    expect(new Set(list.map((s) => s.id)).size).toBe(list.length);
    expect(list.map((s) => s.no)).toContain(3);
    expect(list.some((s) => s.no === 1 || s.no === 5)).toBe(false);
    if ((NO_RELEASE as readonly string[]).includes(r.state)) { expect(inDoubt(credential, open, day)).toBe(true); expect(list.map((s) => s.no).sort()).toEqual([2, 3, 4]); }
    const taken = list.findIndex((s) => s.says.startsWith("the target took it"));
    expect(taken <= 0, "what it took stands first").toBe(true);
    const refused = list.map((s) => s.says === REFUSED);
    expect(refused.indexOf(true) === -1 || refused.slice(refused.indexOf(true)).every((x, i) => x || list[refused.indexOf(true) + i]!.says.startsWith("made, never sent")), "what it refused stands last").toBe(true);
  }), { numRuns: 500 });
});
