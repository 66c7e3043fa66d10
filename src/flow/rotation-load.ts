/** What a rotation must know, read under its row lock. Rule: facts are read, never remembered; who changes whom is decided here. */
import type { AccountId, TargetId } from "../kernel/ids.ts";
import type { Connector } from "../connectors/connector.ts";
import { pastUntried, type Account } from "../domain/account.ts";
import type { Facts, Helper } from "../domain/rotation-facts.ts";
import { keepsIn } from "../domain/no-release.ts";
import type { Rotation } from "../domain/rotation.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Guarded } from "../store/accounts.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as rotations from "../store/rotations.ts";
import * as targets from "../store/targets.ts";
import * as versions from "../store/versions.ts";
import type { Listed } from "../store/versions.ts";
import type { Deps } from "./deps.ts";

export type World = {
  readonly account: Account; readonly target: Target; readonly connector: Connector; readonly versions: readonly Listed[]; readonly facts: Facts;
  readonly administrative: AccountId | null; readonly reconcile: AccountId | null;
};

/** What a target says of itself is not to be read by this version of the broker: its rotations wait, everybody else's go on. */
export class Unreadable extends Error { override readonly name = "Unreadable"; }
const carrierOf = (connector: Connector, target: Target): string | undefined => {
  if (!connector.carrier) return undefined;
  const settings = connector.config.safeParse(target.settings);
  if (!settings.success) throw new Unreadable(`the settings of ${target.name} cannot be read: ${settings.error.issues[0]?.path.join(".") ?? ""} ${settings.error.issues[0]?.message ?? ""}`.trim());
  return connector.carrier(settings.data);
};

/** Row-locked: the account first, then its rotation or request, everywhere in this order; two orders would be a deadlock. */
export const loadForWork = async (deps: Deps, tx: Tx, mine: Pick<Rotation, "id" | "account">): Promise<{ r: Rotation; w: World }> => {
  const account = await accounts.lock(tx, mine.account), r = await rotations.lock(tx, mine.id);
  return { r, w: await loadWorld(deps, tx, account, tx.now) };
};

export const loadWorld = async (deps: Deps, db: Reader, account: Guarded, now: Date): Promise<World> => {
  const target = (await targets.find(db, account.target))!;
  const connector = deps.connectors.get(target.platform);
  if (!connector) throw new Unreadable(`this broker knows no platform ${target.platform}, which ${target.name} is of`);
  const rows = await versions.listed(db, account.id);
  // law A1: who may rescue the administrator is not changed by it; both change themselves, so "is changed by" has no cycle.
  // Who has to log in before the administrator can is not changed by it either.
  const carries = carrierOf(connector, target) === account.name;
  const administrative = connector.unaided || target.administrative === account.id || target.reconcile === account.id || carries ? null : target.administrative;
  const reconcile = target.reconcile === account.id ? null : target.reconcile;
  // Where something of ours stands on the target itself, it is always there to ask; that it is not connected is an answer.
  const admin = connector.unaided ? "ready" : await helper(db, administrative, target, now, deps.trial), { budget, healerPaused: paused } = account.guards;
  const facts: Facts = {
    versions: rows, credential: account.credential,
    // An administrative account changes itself with its own rights; elsewhere nobody else needs to.
    self: connector.changesItself === true || target.administrative === account.id || target.reconcile === account.id || account.name === "root",
    administrative: admin, reconcile: await helper(db, reconcile, target, now, deps.trial),
    canCompare: connector.compare !== undefined && admin === "ready",
    budget, resetsOnSuccess: true, lockoutWindow: null,
    blocked: stopped(account, target, deps.trial) || target.locked || account.identityNo !== target.identityNo || deps.passive.why !== null
      || (paused !== null && paused > now),
    adoptedBefore: account.adopted,
  };
  return { account, target, connector, versions: rows, facts, administrative, reconcile };
};

const stopped = (a: Account, target: Target, trial: TargetId | undefined): boolean => (trial === target.id ? pastUntried(a) : a).block !== "none";
/** A2 and A4: an account that changes others is ready only while nothing is in doubt about its own password. */
export const helper = async (db: Reader, id: AccountId | null, target: Target, now: Date, trial?: TargetId): Promise<Helper> => {
  const a = id === null ? null : await accounts.find(db, id);
  if (!a) return "none";
  const until = a.guards.breaker;
  const busy = stopped(a, target, trial) || a.identityNo !== target.identityNo || a.credential === "changing" || a.credential === "unverified" || a.credential === "quarantined" || (until !== null && until > now);
  if (busy) return "busy";
  const open = await rotations.openOf(db, a.id);
  if (open && keepsIn(open, now)) return "busy";
  return (await versions.inForce(db, a.id)) === null ? "none" : "ready";
};
