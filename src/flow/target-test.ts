/** The Test button of a target: logs in as the account that changes the others, checks its right to, changes nothing. Rule: law no-way-round-2: it sends a password, so a changed identity gets none. */
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId, type TargetId } from "../kernel/ids.ts";
import type { TestResult } from "../connectors/connector.ts";
import { obstacle, type Account } from "../domain/account.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader } from "../store/db.ts";
import * as events from "../store/events.ts";
import * as versions from "../store/versions.ts";
import type { Deps } from "./deps.ts";
import { blockIdentity } from "./identity.ts";
import { handBack } from "./lend.ts";
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
  const as = await credentialOf(deps, deps.db, helper);
  const result = await withConfig(deps, { connector: c, target: t }, (config) => c.test!(config, deps.link(t), as, AbortSignal.timeout(deps.times.probeLimit))).finally(() => as.secret.wipe());
  const tested: Tested = result.ok ? result : { ok: false, stage: result.stage ?? "login", why: result.why };
  await note(deps, caller, t, helper, tested, which);
  if (!tested.ok && tested.stage === "identity") await blockIdentity(deps, id, tested.why);
  return tested;
};

const note = (deps: Deps, caller: Caller, target: Target, account: AccountId, r: Tested, which: Helper): Promise<void> => deps.db.transaction(async (tx) => {
  // Put right and proven: whoever waited for this account goes on at once.
  if (r.ok) await handBack(deps, tx, account, target, newId("event", deps.random), "accepted");
  await record(deps, tx, {
    what: "target.tested", who: actor(caller), about: { target: target.id, account }, outcome: r.ok ? "ok" : "failed",
    ...(r.ok ? {} : { why: r.why }), facts: { which, ...(r.ok ? {} : { stage: r.stage }) },
  });
});

export type LastTest = { readonly at: Date; readonly ok: boolean; readonly why: string | null; readonly account: string | null };
/** The last Test of a target that is in the log, or null. */
export const lastTest = async (db: Reader, caller: Caller, id: TargetId): Promise<LastTest | null> => {
  await visible(db, caller, id);
  const [e] = await events.list(db, { what: "target.tested", about: id, limit: 1 });
  return e ? { at: e.at, ok: e.outcome === "ok", why: e.why, account: e.about["account"] ?? null } : null;
};
