/**
 * A command set tried on somebody's own device: logged in, the right looked at, and, where that is wished, the password changed once by an
 * ordinary rotation. Rule: what was said is kept scrubbed; without a trial that changed a password, no account behind a draft is managed.
 */
import { commandSet, SHIPPED, type CommandSetSettings, type Heard } from "../connectors/command-set.ts";
import type { Connector } from "../connectors/connector.ts";
import type { Account } from "../domain/account.ts";
import { parseCommandSet, type CommandSet, type PlatformTest, type TestSaid } from "../domain/command-set/index.ts";
import { may } from "../domain/may.ts";
import { takeOver, type OpenState, type Rotation } from "../domain/rotation.ts";
import type { Target } from "../domain/target.ts";
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId, type RotationId, type TargetId } from "../kernel/ids.ts";
import * as accounts from "../store/accounts.ts";
import * as sets from "../store/command-sets.ts";
import type { Reader } from "../store/db.ts";
import * as rotations from "../store/rotations.ts";
import * as targets from "../store/targets.ts";
import * as versions from "../store/versions.ts";
import { gradeOf, textOf } from "./command-sets.ts";
import { refuseHeld } from "./change-password.ts";
import type { Deps } from "./deps.ts";
import { managedBy } from "./managed-by.ts";
import { stopNow } from "./obstacle.ts";
import { actor, record, type Caller } from "./record.ts";
import { drive, openRotation } from "./rotate.ts";
import { helper, loadWorld } from "./rotation-load.ts";
import { saveStep } from "./rotation-save.ts";
import { openVersion } from "./secrets.ts";
import { credentialOf } from "./target-calls.ts";

/** Why an account here is not managed yet, as a sentence; null: nothing stands against it. */
export const untried = async (db: Reader, target: Target): Promise<string | null> => {
  if (gradeOf(target.platform) !== "draft") return null;
  if (await sets.passedOn(db, target.id, target.identityHash, textOf(target.platform, target.settings).hash)) return null;
  return `${target.platform} is a draft that was never tried on ${target.name}: lockstep platform test ACCOUNT@${target.name} --change tries it, and adopts that account.`;
};
export const untriedBy = async (db: Reader, account: Pick<Account, "target">): Promise<string | null> => untried(db, (await targets.find(db, account.target))!);

export const platformTests = async (db: Reader, caller: Caller, id: TargetId): Promise<PlatformTest[]> => {
  const target = await targets.find(db, id);
  if (!target || !may(caller.person, "target.manage", { owner: target.owner })) throw new Fault("not_found", "No such target.");
  return sets.testsOf(db, id);
};

const setOf = async (db: Reader, target: Target): Promise<CommandSet> => {
  const { shipped, hash } = textOf(target.platform, target.settings), kept = shipped === null ? await sets.find(db, hash) : null, read = kept?.accepted ? parseCommandSet(kept.body) : null;
  if (shipped !== null) return shipped;
  if (read === null || "mistakes" in read) throw new Fault("conflict", "The command set this target is bound to is not accepted here.");
  return read.set;
};
/** The same broker, with an ear at this one platform, and a bus nobody else is woken by: the rotation is driven here. */
const listening = (deps: Deps, target: Target, set: CommandSet, said: Heard[]): Deps => {
  const version = String((target.settings as CommandSetSettings).version ?? SHIPPED);
  const c = commandSet(set, { newest: version, version: (v) => (v === version ? set : undefined), hear: (h) => said.push(h) }) as Connector;
  return { ...deps, connectors: new Map([...deps.connectors, [target.platform, c]]), bus: { publish: () => undefined, subscribe: () => () => undefined } };
};

type Found = { readonly passed: boolean; readonly changed: boolean; readonly why: string };
/** Without a change: the helper's login and right, then the account's own login where the vault holds a password. */
const look = async (deps: Deps, account: Account, target: Target): Promise<Found> => {
  const c = deps.connectors.get(target.platform)!, config = c.config.parse(target.settings), limit = () => AbortSignal.timeout(deps.times.probeLimit);
  if (target.administrative) {
    if (await helper(deps.db, target.administrative, target, deps.clock.now()) !== "ready") return { passed: false, changed: false, why: "the vault holds no certain password of the administrative account now, or it was refused a moment ago: look at its page" };
    using as = (await credentialOf(deps, deps.db, target.administrative)).secret;
    const r = await c.test!(config, deps.link(target), { name: (await accounts.find(deps.db, target.administrative))!.name, secret: as }, limit());
    if (!r.ok) return { passed: false, changed: false, why: `${r.stage ?? "login"}: ${r.why}` };
  }
  const row = (await versions.of(deps.db, account.id)).find((v) => v.id === account.current) ?? (await versions.of(deps.db, account.id)).at(-1);
  if (!row) return { passed: true, changed: false, why: "the vault holds no password of the account, so its login was not tried" };
  using secret = openVersion(deps, row);
  const said = await c.probe(config, deps.link(target), { name: account.name }, secret, limit());
  return said === "yes" ? { passed: true, changed: false, why: "" } : { passed: false, changed: false, why: said === "no" ? "the device does not take the vault's password" : said.unknown };
};

/** No trial goes past what stops everybody: a lock, a block, an identity that waits for somebody. */
const refuseStopped = async (db: Reader, account: Account): Promise<void> => {
  const stop = await stopNow(db, account, (await targets.find(db, account.target))!);
  if (stop !== null) throw new Fault("conflict", stop);
};
/** An ordinary rotation, claimed at once: the candidate is in the journal before the device hears of it, as always. */
const rotateHere = async (deps: Deps, caller: Caller, id: AccountId): Promise<RotationId> => {
  const claimed = await deps.db.transaction(async (tx) => {
    const account = await accounts.lock(tx, id);
    await refuseStopped(tx, account);
    await refuseHeld(tx, id);
    if (await rotations.openOf(tx, id)) throw new Fault("conflict", "Its password is being changed right now. Try again when that is over.");
    const trigger = account.credential === "unmanaged" || account.credential === "adopting" ? "adopt" as const : "manual" as const;
    const opened = await openRotation(deps, tx, account, { trigger, reason: "platform test", by: caller.person.id });
    return await saveStep(deps, tx, takeOver(await rotations.lock(tx, opened) as Rotation<OpenState>, tx.now, deps.times), await loadWorld(deps, tx, await accounts.lock(tx, id), tx.now));
  });
  await drive(deps, claimed);
  return claimed.id;
};

export type Tried = { readonly test: PlatformTest; readonly rotation: RotationId | null };
export const tryPlatform = async (deps: Deps, caller: Caller, id: AccountId, change: boolean): Promise<Tried> => {
  const account = await managedBy(deps.db, caller, id, "account.manage"), target = (await targets.find(deps.db, account.target))!;
  if (gradeOf(target.platform) === null) throw new Fault("invalid", `${target.name} is no device behind a command set; its own Test button is on its page.`);
  if (deps.passive.why !== null) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
  await refuseStopped(deps.db, account);
  const said: Heard[] = [], ear = listening(deps, target, await setOf(deps.db, target), said);
  const rotation = change ? await rotateHere(ear, caller, id) : null, found = rotation === null ? await look(ear, account, target) : await outcome(deps, rotation);
  const test = await keep(deps, caller, account, target, found, said.map(({ verb, over, said: lines }) => ({ verb, over, said: lines })));
  deps.bus.publish("rotations");
  return { test, rotation };
};
const outcome = async (deps: Deps, id: RotationId): Promise<Found> => {
  const r = (await rotations.find(deps.db, id))!, done = r.state === "committed";
  return { passed: done, changed: done, why: done ? "" : `${r.state}: ${r.why}` };
};
/** Newest last, and no more than a row should hold. */
const MOST = 65_536;
const bounded = (said: TestSaid): TestSaid => { let size = 0; return said.toReversed().filter((s) => (size += JSON.stringify(s).length) <= MOST).toReversed(); };
const keep = async (deps: Deps, caller: Caller, account: Account, target: Target, found: Found, said: TestSaid): Promise<PlatformTest> => {
  const id = newId("run", deps.random);
  await deps.db.transaction(async (tx) => {
    await sets.addTest(tx, { ...found, id, target: target.id, account: account.id, identity: target.identityHash, text: textOf(target.platform, target.settings).hash, said: bounded(said), by: caller.person.id });
    await record(deps, tx, { what: "platform.tried", who: actor(caller), about: { target: target.id, account: account.id }, outcome: found.passed ? "ok" : "failed",
      ...(found.why === "" ? {} : { why: found.why.slice(0, 500) }), facts: { platform: target.platform, changed: found.changed } });
  });
  return (await sets.testsOf(deps.db, target.id, 1))[0]!;
};
