/** A target that no longer proves itself by the pinned key. Rule: its accounts stop at once; somebody else than the author of the change accepts. */
import { Fault } from "../kernel/fault.ts";
import type { TargetId } from "../kernel/ids.ts";
import { may } from "../domain/may.ts";
import { samePerson } from "../domain/person.ts";
import * as accounts from "../store/accounts.ts";
import * as locks from "../store/locks.ts";
import * as targets from "../store/targets.ts";
import * as people from "../store/people.ts";
import type { Deps } from "./deps.ts";
import { actor, broker, record, type Caller } from "./record.ts";
import { fallBack } from "./untried.ts";

/** Seen by a connector or a session: nothing was sent. */
export const blockIdentity = (deps: Pick<Deps, "db" | "random" | "eventJournal" | "bus">, target: TargetId, why: string): Promise<void> => deps.db.transaction(async (tx) => {
  const blocked = await accounts.blockForIdentity(tx, target);
  if (blocked.length === 0) return;
  await record(deps, tx, { what: "target.identity_changed", who: broker("identity"), about: { target }, outcome: "refused", why, facts: { accounts: blocked.length } });
});

export const MOVED = "This target's identity is not the one you looked at: it was changed meanwhile. Nothing was accepted. Look at its address and keys again, then decide.";

/**
 * law no-way-round: the author of a change cannot accept it, unless there is no second administrator at all (and then the log says so).
 * `seen`: the hash of the identity this person looked at; what was changed behind their back is not accepted with it.
 */
export const acceptIdentity = (deps: Pick<Deps, "db" | "random" | "eventJournal" | "bus">, caller: Caller, id: TargetId, seen: string): Promise<void> => deps.db.transaction(async (tx) => {
  // What a lock stops is read below: none is set meanwhile.
  await locks.gate(tx, "hand_out");
  const target = await targets.lock(tx, id);
  if (!target || !may(caller.person, "target.manage", { owner: target.owner })) throw new Fault("not_found", "No such target.");
  const everyone = await people.byId(tx), author = everyone.get((await targets.changedBy(tx, id))!), own = author !== undefined && samePerson(author, caller.person);
  const alone = ![...everyone.values()].some((p) => !samePerson(p, caller.person) && may(p, "target.manage", { owner: target.owner }));
  if (own && !alone) throw new Fault("forbidden", "You changed where this target's passwords go, so somebody else must accept it: its owner or another admin.");
  if (seen !== target.identityHash) throw new Fault("conflict", MOVED);
  const freed = await accounts.acceptIdentity(tx, id, target.identityNo);
  await fallBack(deps, tx, target, actor(caller));
  await record(deps, tx, { what: "target.identity_accepted", who: actor(caller), about: { target: id }, outcome: "ok", facts: { accounts: freed.length, identity: target.identityHash, four_eyes: !own }, ...(own ? { why: "single administrator: changes are not four-eyed" } : {}) });
});
