/** Any sequence of answers keeps the laws of the rotation reducer. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { AccountId, RotationId, VersionId } from "../../src/kernel/ids.ts";
import { times } from "../../src/kernel/times.ts";
import { absorbChange, absorbProbe, type ChangeOutcome, type ProbeOutcome } from "../../src/domain/rotation-absorb.ts";
import { next } from "../../src/domain/rotation-next.ts";
import type { Facts } from "../../src/domain/rotation-facts.ts";
import { fenceHolds } from "../../src/domain/rotation-lease.ts";
import { beginApply, NEXT, open, prepare, takeOver, type Appliable, type Rotation } from "../../src/domain/rotation.ts";

const T = times(1), id = (v: string) => v as VersionId;
const facts: Facts = {
  versions: [{ id: id("old"), no: 1, status: "current" }, { id: id("c1"), no: 2, status: "candidate" }], credential: "in_sync", self: true,
  administrative: "ready", reconcile: "none", canCompare: false, budget: { spent: 0, until: null }, resetsOnSuccess: true, lockoutWindow: null, blocked: false, adoptedBefore: 2,
};
const CHANGES: ChangeOutcome[] = ["done", { refused: "no" }, { not_sent: "unreachable", why: "down" }, { not_sent: "auth_of_as", why: "no" }, { unknown: "cut" }];
const PROBES: ProbeOutcome[] = [{ match: id("old"), by: "login" }, "none_matches", { refused_login: id("old") }, { unknown: "cut", by: "login" }];
const start = (origin: "generated" | "given") =>
  open({ id: "rot_1" as RotationId, account: "acc_1" as AccountId, trigger: "manual", reason: "", by: null, origin, before: "in_sync", candidate: null });

test("law: I7 I2 no sequence of answers without a proof commits, replaces a candidate in doubt, or leaves NEXT", () => {
  fc.assert(fc.property(fc.constantFrom("generated" as const, "given" as const), fc.array(fc.tuple(fc.nat(4), fc.nat(3), fc.boolean()), { maxLength: 60 }), (origin, rolls) => {
    let r: Rotation = start(origin), now = new Date(0), doubt: VersionId | null = null, names = 0;
    for (const [c, p, crash] of rolls) {
      now = new Date(Math.max(now.getTime() + 1_000, r.nextAt?.getTime() ?? 0));
      const from: Rotation = r, action = next(r, facts, now, T);
      if (r.state === "queued") r = prepare(r, id(`c${++names}`), 1).to;
      else if (r.state === "applying") { r = crash ? takeOver(r, now, T).to : absorbChange(r, CHANGES[c]!, facts, now, T).to; if (r.sent) doubt = from.candidate; }
      else if (action.do === "apply") r = beginApply(r as Appliable, action.as, now, T).to;
      else if (r.state === "probing") r = absorbProbe(r, PROBES[p]!, facts, now, T).to;
      else return;
      expect(NEXT[from.state] as readonly string[]).toContain(r.state);
      expect(r.state).not.toBe("committed");
      if (doubt !== null) { expect(r.candidate).toBe(doubt); expect(["queued", "refused"]).not.toContain(r.state); }
      expect(r.rejected).toBeLessThanOrEqual(3);
    }
  }), { numRuns: 500 });
});

test("law: I2 a proof of another version cannot commit; I3 a stale fence or a short lease does not touch", () => {
  const now = new Date(0), applying = beginApply(prepare(start("given"), id("c1"), 1).to, "administrative", now, T).to;
  expect(fenceHolds(applying, applying.fence, now, T)).toBe(true);
  expect(fenceHolds(applying, applying.fence + 1, now, T)).toBe(false);
  expect(fenceHolds(applying, applying.fence, new Date(T.rotationLease - T.changeLimit - T.leaseMargin + 1), T)).toBe(false);
  expect(takeOver(applying, now, T).to).toMatchObject({ state: "probing", sent: true, fence: applying.fence + 1 });
  expect(absorbChange(applying, { refused: "too short" }, facts, now, T).to).toMatchObject({ state: "refused", why: "too short" });
  expect(absorbChange(applying, { not_sent: "unreachable", why: "down" }, facts, now, T).to).toMatchObject({ state: "refused", why: "unchanged: down" });
});
