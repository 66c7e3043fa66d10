/**
 * A command set tried on somebody's own device: logged in, the right looked at, and, where that is wished, the password changed once by an
 * ordinary rotation. Rule: what was said is kept scrubbed; without a trial that changed a password, no account behind a draft is managed.
 */
import type { Heard } from "../connectors/command-set.ts";
import { pastUntried, type Account } from "../domain/account.ts";
import type { PlatformTest } from "../domain/command-set/index.ts";
import { may } from "../domain/may.ts";
import { takeOver, type OpenState, type Rotation } from "../domain/rotation.ts";
import type { Target } from "../domain/target.ts";
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId, type RotationId, type TargetId } from "../kernel/ids.ts";
import * as accounts from "../store/accounts.ts";
import * as sets from "../store/command-sets.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as rotations from "../store/rotations.ts";
import * as targets from "../store/targets.ts";
import * as versions from "../store/versions.ts";
import { gradeOf, textOf } from "./command-sets.ts";
import { refuseHeld } from "./change-password.ts";
import type { Deps } from "./deps.ts";
import { managedBy } from "./managed-by.ts";
import { stopNow } from "./obstacle.ts";
import { bounded, driveTrial, listening, plainly, setOf, type Found } from "./platform-ear.ts";
import { actor, record, type Caller } from "./record.ts";
import { openRotation } from "./rotate.ts";
import { helper, loadWorld } from "./rotation-load.ts";
import { saveStep } from "./rotation-save.ts";
import { openForUse } from "./secrets.ts";
import { credentialOf } from "./target-calls.ts";

export const platformTests = async (db: Reader, caller: Caller, id: TargetId): Promise<PlatformTest[]> => {
  const target = await targets.find(db, id);
  if (!target || !may(caller.person, "target.manage", { owner: target.owner })) throw new Fault("not_found", "No such target.");
  return sets.testsOf(db, id);
};

/** Without a change: the helper's login and right, then the account's own login where the vault holds a password. */
const look = async (deps: Deps, account: Account, target: Target): Promise<Found> => {
  const c = deps.connectors.get(target.platform)!, config = c.config.parse(target.settings), limit = () => AbortSignal.timeout(deps.times.probeLimit);
  if (target.administrative) {
    if (await helper(deps.db, target.administrative, target, deps.clock.now(), deps.trial) !== "ready") return { passed: false, changed: false, why: "the vault holds no certain password of the administrative account now, or it was refused a moment ago: look at its page" };
    using as = (await credentialOf(deps, deps.db, target.administrative)).secret;
    const r = await c.test!(config, deps.link(target), { name: (await accounts.find(deps.db, target.administrative))!.name, secret: as }, limit());
    if (!r.ok) return { passed: false, changed: false, why: `${r.stage ?? "login"}: ${r.why}` };
  }
  const row = (await versions.of(deps.db, account.id)).find((v) => v.id === account.current) ?? (await versions.of(deps.db, account.id)).at(-1);
  if (!row) return { passed: true, changed: false, why: "the vault holds no password of the account, so its login was not tried" };
  using secret = await openForUse(deps, row);
  const said = await c.probe(config, deps.link(target), { name: account.name }, secret, limit());
  return said === "yes" ? { passed: true, changed: false, why: "" } : { passed: false, changed: false, why: said === "no" ? "the device does not take the vault's password" : said.unknown };
};

/** No trial goes past what stops everybody: a lock, a block, an identity that waits for somebody. */
const refuseStopped = async (db: Reader, account: Account): Promise<void> => {
  const stop = await stopNow(db, pastUntried(account), (await targets.find(db, account.target))!);
  if (stop !== null) throw new Fault("conflict", stop);
};
/** One that waits for this very trial, nothing of it sent; or a new one. */
const ours = async (deps: Deps, tx: Tx, caller: Caller, account: Account): Promise<Rotation<OpenState>> => {
  const open = await rotations.openOf(tx, account.id), waits = open !== null && account.block === "untried" && (open.state === "queued" || open.state === "prepared" || open.state === "waiting");
  if (open && (!waits || (open.leaseUntil !== null && open.leaseUntil > tx.now))) throw new Fault("conflict", "Its password is being changed right now. Try again when that is over.");
  const trigger = account.credential === "unmanaged" || account.credential === "adopting" ? "adopt" as const : "manual" as const;
  if (open) await rotations.sleep(tx, open, tx.now);
  const id = open?.id ?? await openRotation(deps, tx, account, { trigger, reason: "platform test", by: caller.person.id });
  return await rotations.lock(tx, id) as Rotation<OpenState>;
};
type Begun = { readonly test: PlatformTest; readonly claimed: Rotation };
/** An ordinary rotation, claimed at once: the candidate is in the journal before the device hears of it, as always. The trial's row is there before it, too. */
const begin = (deps: Deps, caller: Caller, id: AccountId, target: Target): Promise<Begun> => deps.db.transaction(async (tx) => {
  const account = await accounts.lock(tx, id);
  await refuseStopped(tx, account);
  await refuseHeld(tx, id);
  const r = await ours(deps, tx, caller, account);
  const claimed = await saveStep(deps, tx, takeOver(r, tx.now, deps.times), await loadWorld(deps, tx, await accounts.lock(tx, id), tx.now));
  await sets.addTest(tx, { ...rowOf(deps, caller, account, target), passed: false, changed: false, why: UNDER_WAY, said: [], rotation: claimed.id });
  return { test: (await sets.testOf(tx, claimed.id))!, claimed };
});
const UNDER_WAY = "not over yet";
const rowOf = (deps: Deps, caller: Caller, account: Account, target: Target) =>
  ({ id: newId("run", deps.random), target: target.id, account: account.id, identity: target.identityHash, text: textOf(target.platform, target.settings).hash, by: caller.person.id });

/** `rotation`: null where nothing was to be changed. */
export type Tried = { readonly test: PlatformTest; readonly rotation: RotationId | null };
export const tryPlatform = async (deps: Deps, caller: Caller, id: AccountId, change: boolean): Promise<Tried> => {
  const account = await managedBy(deps.db, caller, id, "account.manage"), target = (await targets.find(deps.db, account.target))!;
  if (gradeOf(target.platform) === null) throw new Fault("invalid", `${target.name} is no device behind a command set; its own Test button is on its page.`);
  if (deps.passive.why !== null) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
  await refuseStopped(deps.db, account);
  return change ? changed(deps, caller, account, target) : { test: await looked(deps, caller, account, target), rotation: null };
};
const changed = async (deps: Deps, caller: Caller, account: Account, target: Target): Promise<Tried> => {
  await setOf(deps.db, target);
  // A bus nobody else is woken by: the rotation is driven here.
  const quiet: Deps = { ...deps, trial: target.id, bus: { publish: () => undefined, subscribe: () => () => undefined } };
  const { test, claimed } = await begin(quiet, caller, account.id, target);
  await driveTrial(quiet, test, claimed);
  for (const topic of ["rotations", "rotation-ends", "events"]) deps.bus.publish(topic);
  return { test: (await sets.testOf(deps.db, claimed.id))!, rotation: claimed.id };
};
const looked = async (deps: Deps, caller: Caller, account: Account, target: Target): Promise<PlatformTest> => {
  const said: Heard[] = [], found = await look(listening(deps, target, await setOf(deps.db, target), said), account, target), row = rowOf(deps, caller, account, target);
  await deps.db.transaction(async (tx) => {
    await sets.addTest(tx, { ...row, ...found, said: bounded(plainly(said)), rotation: null });
    await record(deps, tx, { what: "platform.tried", who: actor(caller), about: { target: target.id, account: account.id }, outcome: found.passed ? "ok" : "failed",
      ...(found.why === "" ? {} : { why: found.why.slice(0, 500) }), facts: { platform: target.platform, changed: false } });
  });
  return (await sets.testsOf(deps.db, target.id, 1))[0]!;
};
