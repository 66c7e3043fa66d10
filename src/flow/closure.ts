/** Closure: is the old password refused, is the new one still in force? Rule: it never blocks a hand-over; a surprise opens a heal. */
import { currentOf } from "../domain/rotation-facts.ts";
import { later } from "../domain/rotation.ts";
import * as accounts from "../store/accounts.ts";
import * as rotations from "../store/rotations.ts";
import type { Closure } from "../store/rotations.ts";
import type { AccountId, TargetId, VersionId } from "../kernel/ids.ts";
import type { Deps } from "./deps.ts";
import { broker, record } from "./record.ts";
import { loginAnswered, spendLogin } from "./budget.ts";
import { loadWorld, type World } from "./rotation-load.ts";
import { compare, login } from "./target-calls.ts";
import { drifted, settleStill } from "./verify.ts";

export type Certificate = { readonly newResult: string; readonly oldResult: string; readonly ended: string };

/** The next check whose time has come, of no target that has its share already. */
export const closeNext = async (deps: Deps, busy: readonly string[], full: readonly TargetId[] = []): Promise<{ readonly id: string; readonly target: TargetId; readonly closure: Closure } | null> => {
  if (deps.passive.why) return null;
  return deps.db.transaction(async (tx) => {
    const closure = await rotations.dueClosure(tx, busy, full);
    return closure && { id: closure.id, target: (await accounts.find(tx, closure.account as AccountId))!.target, closure };
  });
};

const SETTLING = "not asked: being settled";
const UNSETTLED: readonly string[] = ["changing", "unverified", "quarantined"];
export const runClosure = async (deps: Deps, c: Closure): Promise<void> => {
  const w = await deps.db.transaction(async (tx) => loadWorld(deps, tx, await accounts.lock(tx, c.account as AccountId), tx.now));
  if (currentOf(w.facts) !== c.version || w.facts.blocked) return finish(deps, c, w, { newResult: w.facts.blocked ? "not asked: blocked" : "superseded", oldResult: "not asked", ended: "not asked" });
  // After a refused login nobody logs in for a look: whoever settles it has the logins that are left.
  if (UNSETTLED.includes(w.account.credential)) return finish(deps, c, w, { newResult: SETTLING, oldResult: "not asked", ended: "not asked" });
  await deps.moment("closing");
  const result = w.facts.canCompare ? await byCompare(deps, w, c) : await byLogin(deps, w, c);
  await finish(deps, c, w, { ...result, ended: "see the rotation" });
};

/** One comparison answers both: the verifier that matches the new one refuses the old. Where none can be read, a login says half of it. */
const byCompare = async (deps: Deps, w: World, c: Closure): Promise<Omit<Certificate, "ended">> => {
  const o = await compare(deps, w, [c.version as VersionId], c.id);
  if (typeof o === "object" && "unknown" in o) return byLogin(deps, w, c);
  if (o === "none_matches") return { newResult: "refused", oldResult: "not asked" };
  return "match" in o ? { newResult: "in force", oldResult: c.old ? "refused" : "none" } : { newResult: `unknown: ${"unknown" in o ? o.unknown : ""}`, oldResult: "not asked" };
};
/** One login with the new one; the old one is not tried, to keep logins for people. */
const byLogin = async (deps: Deps, w: World, c: Closure): Promise<Omit<Certificate, "ended">> => {
  if (!(await spendLogin(deps, w))) return { newResult: "not asked: login budget", oldResult: "not asked" };
  const o = await login(deps, w, c.version as VersionId, c.id);
  await loginAnswered(deps, w, o);
  if (o === "none_matches" || "refused_login" in o) return { newResult: "refused", oldResult: "not asked" };
  return "match" in o ? { newResult: "in force", oldResult: w.connector.lingers === undefined ? "not asked" : `not asked: ${w.connector.lingers}` } : { newResult: `unknown: ${o.unknown}`, oldResult: "not asked" };
};

const finish = (deps: Deps, c: Closure, w: World, cert: Certificate): Promise<void> => deps.db.transaction(async (tx) => {
  const account = await accounts.lock(tx, c.account as AccountId);
  if (!(await rotations.closureDone(tx, c.id, cert))) return;
  await record(deps, tx, { what: "rotation.closure", who: broker("closure"), about: { rotation: c.rotation, account: c.account, version: c.version }, outcome: cert.newResult === "refused" ? "failed" : "ok", facts: { step: c.step, new: cert.newResult, old: cert.oldResult, logins: cert.ended } });
  if (cert.newResult === "in force") await accounts.credit(tx, account.id, { verifiedAt: tx.now });
  if (cert.newResult === "refused") await drifted(deps, tx, broker("closure"), account, c.version as VersionId, `the ${c.step === "nightly" ? "nightly" : "closure"} check was refused with the vault's password`);
  if (cert.newResult === SETTLING) await settleStill(deps, tx, account);
  if (c.step !== "first" && cert.newResult !== "superseded") {
    const no = Number(c.id.split("_").at(-1)) + 1;
    await rotations.addClosure(tx, { id: `${c.id.slice(0, c.id.lastIndexOf("_"))}_${no}`, rotation: c.rotation as never, account: c.account as AccountId, version: c.version as VersionId, old: c.old as VersionId | null, step: "nightly", dueAt: later(tx.now, deps.times.closureNightly) });
  }
  void w;
});
