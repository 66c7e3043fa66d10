/**
 * The Test button of a target: logs in as the account that changes the others, checks its right to, changes nothing.
 * Rule: law no-way-round-2: it sends a password, so a changed identity gets none. Laws A2 and A4: it borrows the account like everybody else, and a
 * refused login opens the breaker; while that is open a person has one look a window, out of the account's own login budget.
 */
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId, type TargetId } from "../kernel/ids.ts";
import type { Connector, TestResult } from "../connectors/connector.ts";
import { obstacle, type Account } from "../domain/account.ts";
import { LOGINS_PER_WINDOW, loginAccepted, loginNotSent, loginsLeft, reserveLogin } from "../domain/rotation-facts.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader } from "../store/db.ts";
import * as events from "../store/events.ts";
import * as versions from "../store/versions.ts";
import type { Deps } from "./deps.ts";
import { blockIdentity } from "./identity.ts";
import { withAdmin, type LoginOf } from "./lend.ts";
import { actor, record, type Caller } from "./record.ts";
import { credentialOf, withConfig } from "./target-calls.ts";
import { connectorOf, visible } from "./targets.ts";

export type Helper = "administrative" | "reconcile";
const NAMED: Record<Helper, string> = { administrative: "administrative credential", reconcile: "reconcile credential" };

/** How far it got: nothing was sent before "reach" was done, and no password before "identity" was. */
export type Stage = NonNullable<Extract<TestResult, { ok: false }>["stage"]> | "setup";
export type Tested = { readonly ok: true; readonly identity: string } | { readonly ok: false; readonly stage: Stage; readonly why: string };
const missing = (why: string): Tested => ({ ok: false, stage: "setup", why });

const standsInTheWay = (admin: Account, t: Target): string | null =>
  obstacle({ credential: "in_sync", block: admin.block === "none" && admin.identityNo !== t.identityNo ? "identity_changed" : admin.block }, false);

export const testTarget = async (deps: Deps, caller: Caller, id: TargetId, which: Helper = "administrative"): Promise<Tested> => {
  const t = await visible(deps.db, caller, id), c = connectorOf(deps, t.platform), helper = t[which];
  if (deps.passive.why) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
  if (!helper) return missing(`No ${NAMED[which]} is set for this target.`);
  const admin = (await accounts.find(deps.db, helper))!, obstacle = standsInTheWay(admin, t);
  if (obstacle !== null) return missing(obstacle);
  if (!c.test) return missing("This platform has no test.");
  if (!(await versions.inForce(deps.db, helper))) return missing(`The vault holds no password of ${admin.name} yet: type it on the account's page.`);
  const way = await wayIn(deps, helper);
  if (way === "spent") return missing(`The target refused ${admin.name} a moment ago. Nothing was sent now: one more refused login could lock the account. Test again after the lock-out window.`);
  const tested = await withAdmin<Tested>(deps, helper, t, newId("event", deps.random), () => tried(deps, t, c, helper), { pastBreaker: way === "look" });
  if (way === "look") await looked(deps, helper, "unknown" in tested ? null : tested);
  if ("unknown" in tested) return missing(tested.unknown);
  await note(deps, caller, t, helper, tested, which);
  if (!tested.ok && tested.stage === "identity") await blockIdentity(deps, id, tested.why);
  return tested;
};

/** Accepted: put right and proven, so whoever waited for this account goes on at once. */
const tried = async (deps: Deps, t: Target, c: Connector, helper: AccountId): Promise<{ answer: Tested; login: LoginOf }> => {
  const as = await credentialOf(deps, deps.db, helper);
  try {
    const r = await withConfig(deps, { connector: c, target: t }, (config) => c.test!(config, deps.link(t), as, AbortSignal.timeout(deps.times.probeLimit)));
    if (r.ok) return { answer: r, login: "accepted" };
    return { answer: { ok: false, stage: r.stage ?? "login", why: r.why }, login: r.stage === "login" ? { refused: r.why } : "unknown" };
  } finally { as.secret.wipe(); }
};

/** shut: no breaker is open. look: it is, and the window's one look is reserved. spent: that look was had. */
const wayIn = (deps: Deps, helper: AccountId): Promise<"shut" | "look" | "spent"> => deps.db.transaction(async (tx) => {
  const { breaker, budget } = (await accounts.lock(tx, helper)).guards;
  if (breaker === null || breaker <= tx.now) return "shut";
  if (loginsLeft(budget, tx.now) < LOGINS_PER_WINDOW) return "spent";
  await accounts.setBudget(tx, helper, reserveLogin(budget, { lockoutWindow: null }, tx.now, deps.times));
  return "look";
});
/** Null: nothing was sent. Who was refused has had the look. */
const looked = (deps: Deps, helper: AccountId, r: Tested | null): Promise<void> => deps.db.transaction(async (tx) => {
  const { budget } = (await accounts.lock(tx, helper)).guards;
  if (r === null || (!r.ok && (r.stage === "reach" || r.stage === "identity"))) await accounts.setBudget(tx, helper, loginNotSent(budget));
  else if (r.ok || r.stage === "right") await accounts.setBudget(tx, helper, loginAccepted(budget, { resetsOnSuccess: true }));
});

const note = (deps: Deps, caller: Caller, target: Target, account: AccountId, r: Tested, which: Helper): Promise<void> => deps.db.transaction((tx) => record(deps, tx, {
  what: "target.tested", who: actor(caller), about: { target: target.id, account }, outcome: r.ok ? "ok" : "failed",
  ...(r.ok ? {} : { why: r.why }), facts: { which, ...(r.ok ? {} : { stage: r.stage }) },
}));

export type LastTest = { readonly at: Date; readonly ok: boolean; readonly why: string | null; readonly account: string | null };
/** The last Test of a target that is in the log, or null. */
export const lastTest = async (db: Reader, caller: Caller, id: TargetId): Promise<LastTest | null> => {
  await visible(db, caller, id);
  const [e] = await events.list(db, { what: "target.tested", about: id, limit: 1 });
  return e ? { at: e.at, ok: e.outcome === "ok", why: e.why, account: e.about["account"] ?? null } : null;
};
