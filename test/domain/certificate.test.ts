/** What a certificate says. Rule: never "closed" while anything is not known; every word of it has its fact. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { certificateOf, type CertificateFacts, type Check } from "../../src/domain/certificate.ts";
import { NEXT, type State } from "../../src/domain/rotation.ts";

const at = (n: number): Date => new Date(n * 60_000);
const USED = { versions: 1, lastAt: at(1), seen: true };
const rotation = (state: State, over = {}) => ({ id: "rot_1", state, openedAt: at(2), endedAt: state === "committed" || state === "refused" ? at(3) : null, why: null, provenBy: "compare" as const, ...over });
const check = (over: Partial<Check> = {}): Check => ({ step: "first", dueAt: at(4), doneAt: at(4), fresh: "in force", old: "refused", ...over });
const whole: CertificateFacts = { used: USED, inUse: false, rotation: rotation("committed"), checks: [check()], logins: "2 ended" };
const says = (f: Partial<CertificateFacts>) => { const c = certificateOf({ ...whole, ...f }); return `${c.state}: ${c.says} ${c.lines.map((l) => `[${l.what} ${l.tone}] ${l.says}`).join(" ")}`; };

it.each([
  ["all known", {}, /^closed: Closed: the new password works, the old one does not/], ["nothing used", { used: null }, /^unused: No password left the vault/], ["in use", { inUse: true, rotation: null }, /^in_use/], ["not begun", { rotation: null }, /^open: The use is over\. The password was not changed yet/],
  ["waits", { rotation: rotation("waiting", { why: "unreachable" }) }, /^open: .*may open the account.*\[new open\] unreachable/], ["gave up", { rotation: rotation("dead_letter") }, /^failed: The password could NOT be changed/], ["refused", { rotation: rotation("refused", { why: "the target's own words" }) }, /^failed: .*the target's own words/],
  ["not asked yet", { checks: [check({ doneAt: null, fresh: null, old: null })] }, /^open: .*\[old open\] Whether the old password is refused is not known yet/], ["no record to compare", { checks: [check({ old: "not asked" })] }, /^open: .*\[old open\] The old password was not asked: this target shows no record/],
  ["no check at all", { checks: [] }, /no check of it is planned/], ["changed once more", { checks: [check({ fresh: "superseded", old: "superseded" })] }, /changed once more before this could be checked/], ["drift", { checks: [check({ fresh: "refused", old: "not asked" })] }, /^failed: .*\[new bad\]/],
  ["logins not asked", { logins: null }, /^open: .*\[logins open\] Whether logins were open directly on the target was not asked/], ["logins not ended", { logins: "were not ended: no administrative credential, or the platform cannot" }, /^open: .*\[logins open\]/], ["proven by login", { rotation: rotation("committed", { provenBy: "login" }) }, /by a fresh login/],
] as const)("%s", (_, f, words) => { expect(says(f as Partial<CertificateFacts>)).toMatch(words); });

it("is closed only when all of it is known and good", () => {
  const checks = fc.array(fc.record({ step: fc.constant("first"), dueAt: fc.constant(at(4)), doneAt: fc.constantFrom(null, at(5)), fresh: fc.constantFrom(null, "in force", "refused", "superseded", "unknown: x"), old: fc.constantFrom(null, "refused", "not asked", "none", "superseded") }), { maxLength: 3 });
  const facts = fc.record({ used: fc.constantFrom(null, USED), inUse: fc.boolean(), rotation: fc.constantFrom(null, ...(Object.keys(NEXT) as State[]).map((s) => rotation(s))), checks, logins: fc.constantFrom(null, "0 ended", "were not ended: x") });
  fc.assert(fc.property(facts, (f) => {
    const c = certificateOf(f);
    if (c.state === "closed") expect([f.rotation?.state, f.checks.some((x) => x.old === "refused"), f.checks.some((x) => x.fresh === "refused"), f.logins]).toEqual(["committed", true, false, "0 ended"]);
    if (c.lines.some((l) => l.tone !== "ok")) expect(c.state).not.toBe("closed");
  }));
});
