/**
 * A password change to be shown by hand: asked for, let by somebody else, looked at. Rule: a free line to a device is access like every other,
 * so nobody lets themselves there; what is approved is this account, this login and this very identity of the target.
 */
import type { CommandSetSettings } from "../connectors/command-set.ts";
import { inferCommandSet, type CommandSet, type Inferred } from "../domain/command-set/index.ts";
import type { Account } from "../domain/account.ts";
import { approve, drop, isState, type Demonstration } from "../domain/demonstration.ts";
import { may } from "../domain/may.ts";
import { samePerson } from "../domain/person.ts";
import type { Rotation } from "../domain/rotation.ts";
import { currentOf } from "../domain/rotation-facts.ts";
import type { Target } from "../domain/target.ts";
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId, type DemonstrationId } from "../kernel/ids.ts";
import * as accounts from "../store/accounts.ts";
import * as demonstrations from "../store/demonstrations.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as people from "../store/people.ts";
import * as rotations from "../store/rotations.ts";
import * as sessions from "../store/sessions.ts";
import * as targets from "../store/targets.ts";
import * as versions from "../store/versions.ts";
import { gradeOf } from "./command-sets.ts";
import type { Deps } from "./deps.ts";
import { managedBy } from "./managed-by.ts";
import { stopNow } from "./obstacle.ts";
import { setOf } from "./platform-ear.ts";
import { actor, record, type Caller } from "./record.ts";

type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus" | "times" | "passive">;
export const about = (d: Demonstration) => ({ demonstration: d.id, target: d.target, account: d.account, person: d.by });
const writes = (caller: Caller): void => { if (!may(caller.person, "platform.write")) throw new Fault("forbidden", "Only admins and owners record changes."); };

/** Why this account's password cannot be changed by hand now, by whom logs in there; null: nothing stands against it. Asked at every step, and all the while. */
export const standsAgainst = async (db: Reader, target: Target, account: Account, login: Account): Promise<string | null> => {
  if (gradeOf(target.platform) === null) return `${target.name} is no device with a command line. Add the device as cli:any-device first.`;
  if (account.credential !== "unmanaged") return `${account.name} is managed: the broker changes it, and its users would not know. Record with an account that is not.`;
  for (const a of [account, login]) {
    const stop = await stopNow(db, a, target);
    if (stop !== null) return `${a.name}: ${stop}`;
    if (currentOf({ versions: await versions.of(db, a.id) }) === null) return `The vault holds no password of ${a.name} yet: type it on the account's page.`;
  }
  return null;
};

export type DemonstrationAsk = { readonly account: AccountId; /** The target's administrative account logs in, not the account itself. */ readonly administrative: boolean; readonly reason: string };
export const askDemonstration = async (deps: Small, caller: Caller, input: DemonstrationAsk): Promise<DemonstrationId> => {
  writes(caller);
  const account = await managedBy(deps.db, caller, input.account, "account.manage"), target = (await targets.find(deps.db, account.target))!;
  if (input.administrative && (target.administrative === null || target.administrative === account.id)) throw new Fault("conflict", `${target.name} has no other account that changes ${account.name}: name one on its Remote reset page, or let ${account.name} change itself.`);
  const login = input.administrative ? (await accounts.find(deps.db, target.administrative!))! : account;
  return deps.db.transaction(async (tx) => {
    const stop = await standsAgainst(tx, target, account, login);
    if (stop !== null) throw new Fault("conflict", stop);
    const d: Demonstration<"asked"> = { id: newId("demonstration", deps.random), target: target.id, account: account.id, login: login.id, by: caller.person.id, reason: input.reason.trim(), at: tx.now, identity: target.identityHash, state: "asked" };
    await demonstrations.ask(tx, d);
    await record(deps, tx, { what: "demonstration.asked", who: actor(caller), about: about(d), outcome: "ok", why: d.reason, facts: { account: `${account.name}@${target.name}`, login: login.name } });
    return d.id;
  });
};

/** Whose it is, or who may let it: for everybody else there is none. */
export const seen = (caller: Caller, d: Demonstration | null): Demonstration => {
  if (d && may(caller.person, "demonstration.see", { requester: d.by })) return d;
  throw new Fault("not_found", "No such recorded change.");
};
const alone = async (tx: Reader, caller: Caller): Promise<boolean> => ![...(await people.byId(tx)).values()].some((p) => !samePerson(p, caller.person) && may(p, "demonstration.allow"));
const mine = async (db: Reader, caller: Caller, d: Demonstration): Promise<boolean> => samePerson((await people.find(db, d.by))!, caller.person);
export const MOVED = "The target is not the one this was asked for any more: its address, key or command set was changed. Ask again.";

export const allowDemonstration = (deps: Small, caller: Caller, id: DemonstrationId): Promise<void> => deps.db.transaction(async (tx) => {
  const d = seen(caller, await demonstrations.lock(tx, id)), target = (await targets.find(tx, d.target))!;
  if (!may(caller.person, "demonstration.allow")) throw new Fault("forbidden", "Only admins let somebody record a change.");
  if (!isState(d, "asked")) throw new Fault("conflict", `It is ${d.state} already.`);
  const own = await mine(tx, caller, d), single = own && await alone(tx, caller);
  if (own && !single) throw new Fault("forbidden", "You asked for this, so another admin must let you.");
  if (target.identityHash !== d.identity) throw new Fault("conflict", MOVED);
  await demonstrations.save(tx, approve(d, caller.person.id, single, tx.now, deps.times));
  await record(deps, tx, { what: "demonstration.allowed", who: actor(caller), about: about(d), outcome: "ok", facts: { four_eyes: !single }, ...(single ? { why: "single administrator: changes are not four-eyed" } : {}) });
});
/** Taken back by whoever asked, or denied. */
export const dropDemonstration = (deps: Small, caller: Caller, id: DemonstrationId, why: string): Promise<void> => deps.db.transaction(async (tx) => {
  const d = seen(caller, await demonstrations.lock(tx, id)), own = await mine(tx, caller, d);
  if (!may(caller.person, "demonstration.drop", { requester: d.by })) throw new Fault("forbidden", "Whoever asked takes it back; an admin denies it.");
  if (!isState(d, "asked") && !isState(d, "approved")) throw new Fault("conflict", `It is ${d.state} already.`);
  await dropped(deps, tx, d, `${own ? "taken back" : "denied"}${why.trim() === "" ? "" : `: ${why.trim()}`}`, actor(caller));
});
export const dropped = async (deps: Small, tx: Tx, d: Demonstration<"asked" | "approved">, why: string, who: ReturnType<typeof actor>): Promise<void> => {
  await demonstrations.save(tx, drop(d, why, tx.now));
  await record(deps, tx, { what: "demonstration.dropped", who, about: about(d), outcome: "ok", why });
};

export type DemonstrationCard = {
  readonly d: Demonstration; readonly target: Target; readonly account: Account; readonly login: Account; readonly byName: string; readonly approvedBy: string | null;
  /** What became of the candidate: the rotation's word. */
  readonly rotation: Rotation | null;
  /** There is a recording of it, to be played when it is over. */
  readonly recorded: boolean;
  /** When it is over. */
  readonly inferred: Inferred | null;
  readonly can: { readonly allow: boolean; readonly drop: boolean; readonly begin: boolean; readonly say: boolean };
};
const cardOf = async (db: Reader, caller: Caller, d: Demonstration, everyone: Awaited<ReturnType<typeof people.byId>>): Promise<DemonstrationCard> => {
  const target = (await targets.find(db, d.target))!, account = (await accounts.find(db, d.account))!, login = (await accounts.find(db, d.login))!, own = samePerson(everyone.get(d.by)!, caller.person);
  const rotation = isState(d, "open") || isState(d, "over") ? await rotations.find(db, d.rotation) : null, allows = may(caller.person, "demonstration.allow"), approval = "approval" in d ? d.approval : null, shows = may(caller.person, "demonstration.show", { requester: d.by });
  return {
    d, target, account, login, rotation, recorded: isState(d, "over") && (await sessions.recordingOf(db, d.id)) !== null, byName: everyone.get(d.by)?.name ?? "", approvedBy: approval ? everyone.get(approval.by)?.name ?? "" : null,
    inferred: isState(d, "over") ? inferCommandSet(d.said, { account: account.name, user: login.name, self: account.id === login.id, over: d.over, where: target.name, tried: await triedIn(db, target) }) : null,
    can: { allow: d.state === "asked" && allows && (!own || await alone(db, caller)), drop: (d.state === "asked" || d.state === "approved") && may(caller.person, "demonstration.drop", { requester: d.by }), begin: d.state === "approved" && shows, say: d.state === "open" && shows },
  };
};
/** What the candidate could hold: nothing else was tried. */
const triedIn = async (db: Reader, target: Target): Promise<CommandSet["passwords"]> => { try { return (await setOf(db, target)).passwords; } catch { return { forbid: "[^A-Za-z0-9]", longest: 64 }; } };

export const demonstrationCard = async (db: Reader, caller: Caller, id: DemonstrationId): Promise<DemonstrationCard> => cardOf(db, caller, seen(caller, await demonstrations.find(db, id)), await people.byId(db));
/** Newest first. */
export const demonstrationList = async (db: Reader, caller: Caller): Promise<DemonstrationCard[]> => {
  const everyone = await people.byId(db), list = (await demonstrations.list(db)).filter((d) => may(caller.person, "demonstration.see", { requester: d.by }));
  return Promise.all(list.map((d) => cardOf(db, caller, d, everyone)));
};
/** SSH without a shell is no line for hands. */
export const wireOf = (target: Target): CommandSetSettings["over"] => ((target.settings as CommandSetSettings).over === "telnet" ? "telnet" : "ssh-shell");
