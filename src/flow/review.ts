/** Somebody else looks at a past use and says so. Rule: never the person who used it, through whichever login; its verdict is a sentence, not a tick. */
import { Fault } from "../kernel/fault.ts";
import type { PersonId, PolicyId, RequestId } from "../kernel/ids.ts";
import { may } from "../domain/may.ts";
import { samePerson, type Person } from "../domain/person.ts";
import { entitled, type Policy } from "../domain/policy.ts";
import { isState, review, type Request } from "../domain/request.ts";
import type { Reader } from "../store/db.ts";
import * as people from "../store/people.ts";
import * as policies from "../store/policies.ts";
import * as requests from "../store/requests.ts";
import type { Deps } from "./deps.ts";
import { actor, record, type Caller } from "./record.ts";

/** Why this person may not review it, or null. */
export const mayNotReview = (person: Person, requester: Person, policy: Policy): string | null => {
  if (samePerson(person, requester)) return "Nobody reviews their own use, through whichever login.";
  return may(person, "request.review", { entitled: entitled(policy, person) }) ? null : "Its approvers and auditors review it.";
};

export const reviewRequest = (deps: Pick<Deps, "db" | "random" | "eventJournal" | "bus">, caller: Caller, id: RequestId, verdict: string): Promise<Request> => deps.db.transaction(async (tx) => {
  const r = await requests.lock(tx, id), policy = (await policies.find(tx, r.terms.policy))!, requester = (await people.find(tx, r.requester))!;
  if (!may(caller.person, "request.see", { requester: r.requester, entitled: entitled(policy, caller.person) })) throw new Fault("not_found", "No such request.");
  const refusal = mayNotReview(caller.person, requester, policy);
  if (refusal !== null) throw new Fault("forbidden", refusal);
  if (!isState(r, "closed") || !r.review) throw new Fault("conflict", r.state === "reviewed" ? "This request is reviewed already." : r.review ? "It is reviewed when it is closed." : "Its policy asks for no review.");
  if (verdict.trim().length < 3) throw new Fault("invalid", "Say what you found, in three or more characters.");
  const done = await requests.save(tx, review(r, caller.person.id, verdict.trim(), tx.now));
  await record(deps, tx, { what: "request.reviewed", who: actor(caller), about: { request: r.id, account: r.terms.account, person: r.requester }, outcome: "ok", why: verdict.trim() });
  tx.onCommit(() => { deps.bus.publish("requests"); deps.bus.publish("news"); });
  return done;
});

/** The policies whose requests this person decides. A list is narrowed by them before it is cut, so that others' requests never push one's own out of it. */
export const decides = async (db: Reader, person: Person): Promise<PolicyId[]> => (await policies.all(db)).filter((p) => entitled(p, person)).map((p) => p.id);
/** All logins of this human: none of them decides what another asked for. */
export const loginsOf = async (db: Reader, person: Person): Promise<PersonId[]> => (await people.all(db)).filter((p) => samePerson(p, person)).map((p) => p.id);

/** What is over and waits for this person's review (`mayNotReview`), oldest first. */
export const toReview = async (db: Reader, person: Person): Promise<requests.Listed[]> => requests.list(db, {
  states: ["closed"], review: true, notOf: await loginsOf(db, person), oldestFirst: true, limit: 500,
  ...(may(person, "request.review") ? {} : { policies: await decides(db, person) }),
});

/** Glass that is broken right now, for those who are told: its approvers, auditors and admins. */
export const brokenGlass = async (db: Reader, person: Person): Promise<requests.Listed[]> => {
  const policies = may(person, "request.see") ? {} : { policies: await decides(db, person) };
  return requests.list(db, { states: ["checked_out"], preset: "break-glass", notOf: [person.id], limit: 100, ...policies });
};
