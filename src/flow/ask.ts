/** A person asks. Rule: what no policy gives this person does not exist for them, and reads like it. */
import { Fault } from "../kernel/fault.ts";
import { newId, type RequestId } from "../kernel/ids.ts";
import { sha256Hex } from "../crypto/envelope.ts";
import type { Account } from "../domain/account.ts";
import { canonical } from "../domain/audit.ts";
import { may } from "../domain/may.ts";
import type { Person } from "../domain/person.ts";
import { noSessions } from "../domain/platform.ts";
import { approverNames, coversAccount, givesSomething, mayAsk, offeredTo, PRESETS, type Policy } from "../domain/policy.ts";
import type { AskInput, Request, Terms } from "../domain/request.ts";
import { ticketMatches, unreadable } from "../domain/ticket-pattern.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader } from "../store/db.ts";
import * as locks from "../store/locks.ts";
import * as people from "../store/people.ts";
import * as policies from "../store/policies.ts";
import * as requests from "../store/requests.ts";
import * as targets from "../store/targets.ts";
import { breakGlass } from "./break-glass.ts";
import type { Deps } from "./deps.ts";
import { actor, record, type Caller } from "./record.ts";
import { refusePlace, windowOf } from "./times-and-places.ts";

export const UNKNOWN_ACCOUNT = "There is no such account, or no policy lets you ask for it.";
export const hashTerms = (t: Terms): string => sha256Hex(canonical(t));

/** The policies by which this person may ask for this account. */
export const offers = async (db: Reader, person: Person, account: Account): Promise<Policy[]> => {
  const target = (await targets.find(db, account.target))!;
  return offeredTo(await policies.all(db), person, account, target);
};
/** Whoever is given sessions where there are none is told so; to everybody else the account does not exist. `wanted`: the policy they named. */
export const refuseSessionsOnly = async (db: Reader, person: Person, account: Account, wanted?: string): Promise<void> => {
  const target = (await targets.find(db, account.target))!;
  const withheld = (await policies.all(db)).filter((p) => coversAccount(p, account, target) && mayAsk(p, person) && !givesSomething(p, target));
  if (withheld.some((p) => wanted === undefined || p.id === wanted || p.name === wanted)) throw new Fault("invalid", noSessions(target));
};

/** For the page where one asks: the same sentence, before anything is filled in. */
export const refuseWhereNothingIsGiven = async (db: Reader, person: Person, text: string): Promise<void> => {
  const account = await findAccount(db, text);
  if (account && (await offers(db, person, account)).length === 0) await refuseSessionsOnly(db, person, account);
};

const findAccount = async (db: Reader, text: string) => (text.startsWith("acc_") ? accounts.find(db, text as never) : accounts.named(db, text));

export const ask = (deps: Deps, caller: Caller, input: AskInput): Promise<RequestId> => deps.db.transaction(async (tx) => {
  await locks.gate(tx, "hand_out");
  const account = await findAccount(tx, input.account);
  const offered = account ? await offers(tx, caller.person, account) : [];
  if (account && !offered.some((p) => input.policy === undefined || p.id === input.policy || p.name === input.policy)) await refuseSessionsOnly(tx, caller.person, account, input.policy);
  if (!account || !may(caller.person, "account.ask", { offered: offered.length > 0 })) throw new Fault("not_found", UNKNOWN_ACCOUNT);
  const policy = choose(offered, input.policy);
  refusePlace(policy, caller.address);
  const window = refuseTerms(policy, input, tx.now), minutes = window ? Math.ceil((Date.parse(window.to) - Date.parse(window.from)) / 60_000) : input.minutes;
  const glass = policy.terms.preset === "break-glass";
  if (!glass && approverNames(policy, await people.all(tx), caller.person.id).length === 0) throw new Fault("conflict", `Nobody who may approve is seated in the policy "${policy.name}". Ask an admin to name an approver.`);
  const terms: Terms = { account: account.id, policy: policy.id, preset: policy.terms.preset, minutes, reason: input.reason, ticket: input.ticket, ...(window ? { window } : {}) };
  const request: Request<"pending"> = {
    id: newId("request", deps.random), requester: caller.person.id, terms, termsHash: hashTerms(terms), exclusive: PRESETS[policy.terms.preset].exclusive, review: glass || policy.terms.review, submittedAt: tx.now,
    state: "pending", expiresAt: new Date(Math.min(tx.now.getTime() + policy.terms.requestTtlMinutes * 60_000, window ? Date.parse(window.to) : Infinity)),
  };
  await requests.submit(tx, request);
  await record(deps, tx, { what: "request.submitted", who: actor(caller), about: { request: request.id, account: account.id, policy: policy.id }, outcome: "ok", why: input.reason, facts: { minutes, preset: policy.terms.preset, ticket: input.ticket, ...(window ? { from: window.from, to: window.to } : {}) } });
  if (glass) await breakGlass(deps, tx, caller, request, policy, input.others ?? "share");
  tx.onCommit(() => { deps.bus.publish("requests"); deps.bus.publish("deadlines"); });
  return request.id;
});

/** Glass is broken by name only, never because it happened to be the first policy. */
const choose = (offered: readonly Policy[], wanted: string | undefined): Policy => {
  const policy = wanted ? offered.find((p) => p.id === wanted || p.name === wanted) : offered.find((p) => p.terms.preset !== "break-glass");
  if (!policy && !wanted && offered.length > 0) throw new Fault("invalid", `Only break-glass lets you have this account. If that is what you mean, name its policy: ${offered.map((p) => `"${p.name}"`).join(", ")}.`);
  if (!policy) throw new Fault("not_found", `No policy named "${wanted ?? ""}" lets you ask for this account.`);
  return policy;
};

/** Every broken term at once. */
const refuseTerms = (policy: Policy, input: AskInput, now: Date): Terms["window"] | null => {
  const { terms } = policy;
  const broken: string[] = [];
  if (!input.window && input.minutes > terms.maxMinutes) broken.push(`at most ${terms.maxMinutes} minutes are allowed`);
  if (input.reason.length < terms.reasonMin) broken.push(`a reason of ${terms.reasonMin} or more characters is needed`);
  const ticket = terms.ticketPattern === "" || ticketMatches(terms.ticketPattern, input.ticket);
  if (ticket === null) broken.push(`the policy's ticket pattern cannot be read (${unreadable(terms.ticketPattern)}); an admin must write it anew`);
  if (ticket === false) broken.push(`the ticket must look like ${terms.ticketPattern}`);
  const window = windowOf(policy, input, now, broken);
  if (broken.length > 0) throw new Fault("invalid", `Not asked: ${broken.join("; ")}.`);
  return window;
};
