/** Approvers decide. Rule: laws own-request and no-way-round are asked here, in the transaction that counts. */
import { Fault } from "../kernel/fault.ts";
import { newId, type RequestId } from "../kernel/ids.ts";
import { may } from "../domain/may.ts";
import { samePerson, type Person } from "../domain/person.ts";
import { entitled, stillGives, type Policy } from "../domain/policy.ts";
import { approve, cancel, deny, isState, revoke, type Request } from "../domain/request.ts";
import { helpedByOwnChange, mayNotVote, tally, type Tally, type Vote } from "../domain/vote.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as passwordPolicies from "../store/password-policies.ts";
import * as people from "../store/people.ts";
import * as policies from "../store/policies.ts";
import * as requests from "../store/requests.ts";
import * as targets from "../store/targets.ts";
import { closeCheckout } from "./checkin.ts";
import type { Deps } from "./deps.ts";
import { actor, broker, record, type Caller } from "./record.ts";
import { overlapObstacle } from "./times-and-places.ts";

export type VoteInput = { readonly decision: "approve" | "deny"; readonly minutes?: number; readonly reason?: string };
type Needs = Deps;

const facts = async (tx: Reader, r: Request): Promise<{ requester: Person; policy: Policy }> =>
  ({ requester: (await people.find(tx, r.requester))!, policy: (await policies.find(tx, r.terms.policy))! });

export const vote = (deps: Needs, caller: Caller, id: RequestId, input: VoteInput): Promise<Request> => deps.db.transaction(async (tx) => {
  const r = await requests.lock(tx, id), { requester, policy } = await facts(tx, r);
  const named = entitled(policy, caller.person);
  if (!may(caller.person, "request.see", { requester: r.requester, entitled: named })) throw new Fault("not_found", "No such request.");
  const refusal = mayNotVote(caller.person, requester, policy);
  if (refusal !== null || !may(caller.person, "request.vote", { entitled: named })) throw new Fault("forbidden", refusal ?? "You may not vote here.");
  if (!isState(r, "pending", "approved", "checked_out")) throw new Fault("conflict", `This request is ${r.state} already; there is nothing to vote on.`);
  if (input.decision === "approve" && !isState(r, "pending")) throw new Fault("conflict", `This request is ${r.state.replace("_", " ")} already.`);
  const cast: Vote = { id: newId("vote", deps.random), request: r.id, voter: caller.person.id, decision: input.decision, minutes: input.minutes ?? null, reason: (input.reason ?? "").trim(), termsHash: r.termsHash, at: tx.now };
  if (input.minutes !== undefined && (input.minutes < 1 || input.minutes > r.terms.minutes)) throw new Fault("invalid", `An approver may shorten: 1 to ${r.terms.minutes} minutes.`);
  if (cast.decision === "deny" && cast.reason.length < 3) throw new Fault("invalid", "Say why, in three or more characters: the requester reads it.");
  await requests.cast(tx, cast);
  await record(deps, tx, { what: "vote.cast", who: actor(caller), about: { request: r.id, account: r.terms.account, vote: cast.id }, outcome: "ok", ...(cast.reason ? { why: cast.reason } : {}), facts: { decision: cast.decision, minutes: cast.minutes } });
  tx.onCommit(() => deps.bus.publish("requests"));
  return cast.decision === "deny" ? denied(deps, tx, caller, r, cast.reason) : counted(deps, tx, r as Request<"pending">, "refuse");
});

/** A later deny by an entitled approver is a revocation. */
const denied = async (deps: Needs, tx: Tx, caller: Caller, r: Request, reason: string): Promise<Request> => {
  const who = actor(caller), about = { request: r.id, account: r.terms.account };
  if (isState(r, "pending")) {
    await record(deps, tx, { what: "request.denied", who, about, outcome: "refused", why: reason });
    return requests.save(tx, deny(r, caller.person.id, reason, tx.now));
  }
  if (isState(r, "approved")) {
    await record(deps, tx, { what: "request.revoked", who, about, outcome: "ok", why: reason });
    return requests.save(tx, revoke(r, caller.person.id, reason, tx.now));
  }
  return closeCheckout(deps, tx, r as Request<"checked_out">, "revoked", caller.person.id, who, reason);
};

const NOT_GIVEN = (policy: Policy, requester: Person): string => `The policy "${policy.name}" does not give this account to ${requester.name} any more. Deny the request, or have an admin look at the policy.`;

/** Approves when enough distinct people stand behind these very terms and nothing of it rests on the requester's own unconfirmed change.
 * `blocked`: who votes is told what else is in the way; a confirmation is for more than this request, and leaves it pending. */
export const counted = async (deps: Needs, tx: Tx, r: Request<"pending">, blocked: "refuse" | "wait"): Promise<Request> => {
  const { requester, policy } = await facts(tx, r), { standing, helped, given } = await standingOf(tx, r, requester, policy);
  if (!standing.enough || helped) return r;
  const why = given ? await overlapObstacle(tx, r) : NOT_GIVEN(policy, requester);
  if (why !== null && blocked === "refuse") throw new Fault("conflict", why);
  if (why !== null) return r;
  const approved = await requests.save(tx, approve(r, tx.now, standing.minutes, policy.terms.startWindowMinutes));
  await record(deps, tx, { what: "request.approved", who: broker("policy"), about: { request: r.id, account: r.terms.account, policy: policy.id }, outcome: "ok", facts: { votes: standing.have, minutes: standing.minutes } });
  tx.onCommit(() => { deps.bus.publish(r.terms.account); deps.bus.publish("deadlines"); });
  return approved;
};

/** `given`: the policy of now gives this account to this person; asked of what has not begun. */
export type Standing = { readonly standing: Tally; readonly helped: boolean; readonly given: boolean; readonly votes: readonly Vote[] };
export const standingOf = async (db: Reader, r: Request, requester: Person, policy: Policy): Promise<Standing> => {
  const votes = await requests.votesOf(db, r.id), everyone = await people.byId(db);
  const standing = tally(r, requester, policy, votes, everyone);
  const account = (await accounts.find(db, r.terms.account))!;
  const target = (await targets.find(db, account.target))!, bound = await passwordPolicies.of(db, account, target);
  const subjects = [`password policy ${bound.policy.name}`, `platform ${target.platform}`, policy.id, r.requester, account.id, account.target, ...votes.map((v) => v.voter), ...policy.binding.approverGroups, ...policy.binding.requesterGroups];
  // A change made with the requester's second login is the requester's own.
  const changes = (await people.openChanges(db)).map((c) => (samePerson(everyone.get(c.author)!, requester) ? { ...c, author: r.requester } : c));
  return { standing, votes, given: stillGives(policy, requester, r.terms.preset, account, target), helped: helpedByOwnChange(r.requester, subjects, changes) };
};

export const cancelRequest = (deps: Pick<Deps, "db" | "random" | "eventJournal" | "bus">, caller: Caller, id: RequestId, reason: string): Promise<Request> => deps.db.transaction(async (tx) => {
  const r = await requests.lock(tx, id);
  if (!may(caller.person, "request.cancel", { requester: r.requester })) throw new Fault("not_found", "No such request.");
  if (!isState(r, "pending", "approved")) throw new Fault("conflict", r.state === "checked_out" ? "You hold this account: give it back instead." : `This request is ${r.state} already.`);
  await record(deps, tx, { what: "request.cancelled", who: actor(caller), about: { request: r.id, account: r.terms.account }, outcome: "ok", ...(reason ? { why: reason } : {}) });
  tx.onCommit(() => deps.bus.publish("requests"));
  return requests.save(tx, cancel(r, caller.person.id, reason, tx.now));
});

/** Revokes what is approved or in use; live sessions are cut within a second of the commit. */
export const revokeRequest = (deps: Deps, caller: Caller, id: RequestId, reason: string): Promise<Request> => deps.db.transaction(async (tx) => {
  const r = await requests.lock(tx, id), { policy } = await facts(tx, r);
  const thing = { requester: r.requester, entitled: entitled(policy, caller.person) };
  if (!may(caller.person, "request.see", thing)) throw new Fault("not_found", "No such request.");
  if (!may(caller.person, "request.revoke", thing)) throw new Fault("forbidden", "Only its approvers and admins revoke a request. Your own you can cancel or give back.");
  if (reason.trim().length < 3) throw new Fault("invalid", "Say why, in three or more characters: the requester reads it.");
  if (!isState(r, "pending", "approved", "checked_out")) throw new Fault("conflict", `This request is ${r.state} already.`);
  return denied(deps, tx, caller, r, reason.trim());
});
