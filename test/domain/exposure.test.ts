/** Whether a seen password still opens anything. Rule: what is not proven is never called changed. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { CREDENTIAL_NEXT, type Credential } from "../../src/domain/account.ts";
import { cannotRotate, forceOf, FORCES, mayOpen, type ExposureFacts } from "../../src/domain/exposure.ts";
import type { VersionId } from "../../src/kernel/ids.ts";

const v = (n: number): VersionId => `ver_${n}` as VersionId;
const base: ExposureFacts = { version: v(1), current: v(1), credential: "in_sync", rotatedAt: null, open: null };
const CREDENTIALS = Object.keys(CREDENTIAL_NEXT) as Credential[];
const facts = fc.record({
  version: fc.constant(v(1)), current: fc.constantFrom(v(1), v(2), null), credential: fc.constantFrom(...CREDENTIALS), rotatedAt: fc.constantFrom(null, new Date(0)),
  open: fc.constantFrom(null, ...["queued", "prepared", "applying", "waiting", "probing", "dead_letter"].flatMap((state) => [{ state, candidate: v(1) }, { state, candidate: v(3) }])),
});

it("says one of the words, and `rotated` only after a proven change away from it", () => {
  fc.assert(fc.property(facts, (f) => {
    const force = forceOf(f);
    expect(FORCES).toContain(force);
    if (force === "rotated") expect([f.rotatedAt !== null, f.current !== f.version]).toEqual([true, true]);
    if (f.version === f.current || f.open?.candidate === f.version) expect(force === "rotated" ? f.rotatedAt : mayOpen(force)).toBeTruthy();
    if (force === "in_force") expect([f.version, f.credential === "unverified"]).toEqual([f.current, false]);
  }));
});
it.each([
  ["in force", base, "in_force"], ["changed since", { ...base, current: v(2), rotatedAt: new Date(0) }, "rotated"], ["a change was sent", { ...base, open: { state: "applying", candidate: v(2) } }, "unsettled"],
  ["a change is queued: nothing sent", { ...base, open: { state: "queued", candidate: null } }, "in_force"], ["it is the candidate", { ...base, current: v(2), open: { state: "probing", candidate: v(1) } }, "unsettled"],
  ["unverified", { ...base, credential: "unverified" }, "unsettled"], ["quarantined", { ...base, credential: "quarantined", current: v(2) }, "unsettled"], ["typed, unmanaged", { ...base, current: null, credential: "unmanaged" }, "declared"], ["typed and refused", { ...base, current: v(2) }, "replaced"],
] as const)("%s", (_, f, word) => { expect(forceOf(f)).toBe(word); });
it("an unmanaged and a quarantined account cannot be changed, and say why", () => {
  expect(CREDENTIALS.filter((c) => cannotRotate(c) !== null).sort()).toEqual(["quarantined", "unmanaged"]);
  expect(cannotRotate("unmanaged")).toMatch(/Adopt it/);
});
