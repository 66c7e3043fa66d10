/** What people may look at. Rule: read-only, and what may() does not give is not in the answer. */
import type { AccountId, PersonId, RequestId, SessionId } from "../kernel/ids.ts";
import { Fault } from "../kernel/fault.ts";
import type { Times } from "../kernel/times.ts";
import { byHand, typedUntil } from "../domain/due.ts";
import { standing, type Account, type Hold, type Standing } from "../domain/account.ts";
import { coverageOf, type Coverage, type Ledger } from "../domain/ledger.ts";
import { may } from "../domain/may.ts";
import type { Bound } from "../domain/password-policy.ts";
import type { Person } from "../domain/person.ts";
import { channelsOf, approverNames, entitled, offeredTo, PRESETS, type Policy } from "../domain/policy.ts";
import { desktopOf } from "../domain/desktop.ts";
import { carriesSessions, carriesShells, hasKeys } from "../domain/platform.ts";
import type { QueuePlace } from "../domain/queue.ts";
import { isState, type Request } from "../domain/request.ts";
import type { Target } from "../domain/target.ts";
import { mayNotVote, type Tally, type Vote } from "../domain/vote.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader } from "../store/db.ts";
import * as events from "../store/events.ts";
import * as passwordPolicies from "../store/password-policies.ts";
import * as people from "../store/people.ts";
import * as policies from "../store/policies.ts";
import * as requests from "../store/requests.ts";
import * as rotations from "../store/rotations.ts";
import * as sessions from "../store/sessions.ts";
import * as targets from "../store/targets.ts";
import * as versions from "../store/versions.ts";
import { queuePlace } from "./queue.ts";
import { brokenGlass, decides, loginsOf, mayNotReview, toReview } from "./review.ts";
import { standingOf } from "./vote.ts";
import { weighed, type Weighed } from "./weigh.ts";

export type AccountCard = { readonly account: Account; readonly target: Target; readonly standing: Standing; readonly holds: readonly Hold[]; readonly offers: readonly Policy[]; readonly manage: boolean;
  /** The password policy in force, and where it comes from. */
  readonly password: Bound;
};

type Rules = { readonly known: passwordPolicies.Known; readonly platforms: passwordPolicies.Platforms };
const rulesOf = async (db: Reader): Promise<Rules> => ({ known: await passwordPolicies.known(db), platforms: await passwordPolicies.platforms(db) });
const card = async (db: Reader, person: Person, account: Account, target: Target, all: readonly Policy[], rules: Rules): Promise<AccountCard | null> => {
  const offers = offeredTo(all, person, account, target);
  if (!may(person, "account.see", { owner: target.owner, offered: offers.length > 0 })) return null;
  const holds = await requests.holds(db, account.id);
  return { account, target, standing: standing(account, holds), holds, offers, manage: may(person, "account.manage", { owner: target.owner }), password: passwordPolicies.among(account, target, rules.known, rules.platforms) };
};

export const accountCards = async (db: Reader, person: Person): Promise<AccountCard[]> => {
  const all = await policies.all(db), rules = await rulesOf(db), byTarget = new Map((await targets.all(db)).map((t) => [t.id, t]));
  const cards = await Promise.all((await accounts.all(db)).map((a) => card(db, person, a, byTarget.get(a.target)!, all, rules)));
  return cards.filter((c) => c !== null).sort((a, b) => `${a.target.name} ${a.account.name}`.localeCompare(`${b.target.name} ${b.account.name}`));
};
export const accountCard = async (db: Reader, person: Person, id: string): Promise<AccountCard> => {
  const account = id.startsWith("acc_") ? await accounts.find(db, id as AccountId) : await accounts.named(db, id);
  const found = account ? await card(db, person, account, (await targets.find(db, account.target))!, await policies.all(db), await rulesOf(db)) : null;
  if (!found) throw new Fault("not_found", "There is no such account, or no policy lets you ask for it.");
  return found;
};
/** The password the vault goes by, if a person typed it: who knows it since when, and when it is changed again (null: not before the account is managed). */
const typedOf = (account: Account, list: readonly versions.SecretRow[], t: Pick<Times, "typedTtl">): { by: PersonId | null; at: Date; changesAt: Date | null } | null => {
  const v = list.find((x) => x.id === account.current) ?? list.findLast((x) => x.status === "declared");
  return v && byHand(v.origin) ? { by: v.by, at: v.createdAt, changesAt: account.current === null ? null : typedUntil(v.createdAt, t) } : null;
};
export const accountHistory = async (db: Reader, person: Person, id: AccountId, t: Pick<Times, "typedTtl">) => {
  const { account, target } = await accountCard(db, person, id);
  if (!may(person, "account.history", { owner: target.owner })) throw new Fault("forbidden", "Its history is for its owner, admins and auditors.");
  const list = await versions.of(db, account.id);
  return {
    rotations: await rotations.recent(db, { account: account.id }), closures: await rotations.closuresOfAccount(db, account.id), exposures: await versions.exposuresOf(db, { account: account.id }),
    typed: typedOf(account, list, t), versions: list.map((v) => ({ id: v.id, no: v.no, status: v.status, origin: v.origin.split(" ")[0]!, createdAt: v.createdAt, provenAt: v.provenAt })),
  };
};

/** Exactly the legal moves of this person on this request now: a page's buttons, and nothing else. */
export type Can = { readonly approve: boolean; readonly deny: boolean; readonly cancel: boolean; readonly show: boolean; readonly connect: boolean; readonly desktop: boolean; readonly giveBack: boolean; readonly revoke: boolean; readonly review: boolean };
export type RequestCard = {
  readonly request: Request; readonly requester: Person; readonly account: Account; readonly target: Target; readonly policy: Policy; readonly standing: Tally; readonly votes: readonly (Vote & { voterName: string })[];
  readonly approvers: readonly string[]; readonly can: Can; readonly waitsForConfirmation: boolean; readonly holders: readonly Hold[]; readonly sessions: readonly sessions.Listed[]; readonly rotation: Awaited<ReturnType<typeof rotations.openOf>>;
  readonly queue: QueuePlace | null; readonly weighed: Weighed | null; readonly carries: boolean; readonly keys: boolean;
};
export const requestCard = async (db: Reader, person: Person, id: RequestId): Promise<RequestCard> => {
  const r = await requests.find(db, id);
  if (!r) throw new Fault("not_found", "No such request.");
  const policy = (await policies.find(db, r.terms.policy))!, requester = (await people.find(db, r.requester))!;
  if (!may(person, "request.see", { requester: r.requester, entitled: entitled(policy, person) })) throw new Fault("not_found", "No such request.");
  const account = (await accounts.find(db, r.terms.account))!, target = (await targets.find(db, account.target))!, everyone = await people.all(db);
  const { standing: tally, votes, helped } = await standingOf(db, r, requester, policy), names = new Map(everyone.map((p) => [p.id, p.name])), queue = await queuePlace(db, id);
  const holders = await requests.holds(db, account.id);
  return {
    carries: carriesSessions(target), keys: hasKeys(target), queue, weighed: await weighed(db, person, { request: r, requester, account, holders, everyone }), request: r, requester, account, target, policy, standing: tally, approvers: approverNames(policy, everyone, r.requester), waitsForConfirmation: helped, can: canDo(person, r, requester, policy, target),
    votes: votes.map((v) => ({ ...v, voterName: names.get(v.voter) ?? "?" })), holders, sessions: await sessions.list(db, { request: r.id }), rotation: await rotations.openOf(db, account.id),
  };
};
export const canDo = (person: Person, r: Request, requester: Person, policy: Policy, target: Pick<Target, "platform" | "settings">): Can => {
  const mine = r.requester === person.id, votes = mayNotVote(person, requester, policy) === null, usable = isState(r, "approved", "checked_out");
  return {
    approve: votes && isState(r, "pending"), deny: votes && isState(r, "pending"), cancel: mine && isState(r, "pending", "approved"),
    show: mine && usable && PRESETS[r.terms.preset].shows, connect: mine && usable && carriesShells(target) && channelsOf(policy.terms).some((c) => c !== "desktop"), desktop: mine && usable && desktopOf(target) !== null && channelsOf(policy.terms).includes("desktop"), giveBack: may(person, "checkout.close", { requester: r.requester }) && isState(r, "checked_out"),
    revoke: !mine && may(person, "request.revoke", { entitled: entitled(policy, person) }) && usable,
    review: r.review && isState(r, "closed") && mayNotReview(person, requester, policy) === null,
  };
};
/** `shortened`: what came before is left out. */
export type RequestStory = { readonly items: readonly events.EventRow[]; readonly shortened: boolean };
const STORY = 500;
export const requestStory = async (db: Reader, person: Person, id: RequestId): Promise<RequestStory> => {
  await requestCard(db, person, id);
  const found = await events.story(db, id, STORY + 1);
  return { items: found.slice(-STORY), shortened: found.length > STORY };
};

export type Home = { readonly mine: readonly requests.Listed[]; readonly waiting: readonly requests.Listed[]; readonly accounts: readonly AccountCard[]; readonly recent: readonly requests.Listed[]; readonly glass: readonly requests.Listed[]; readonly toReview: readonly requests.Listed[] };
export const home = async (db: Reader, person: Person): Promise<Home> => ({
  mine: await requests.list(db, { requester: person.id, states: ["pending", "approved", "checked_out"] }), waiting: await waitingFor(db, person), glass: await brokenGlass(db, person), toReview: await toReview(db, person),
  accounts: (await accountCards(db, person)).filter((c) => c.offers.length > 0), recent: await requests.list(db, { requester: person.id, states: ["closed", "denied", "cancelled", "expired", "revoked", "reviewed"], limit: 8 }),
});
/** Pending requests this person may vote on (`mayNotVote`) and has not, oldest first. */
export const waitingFor = async (db: Reader, person: Person): Promise<requests.Listed[]> =>
  requests.list(db, { states: ["pending"], policies: await decides(db, person), notOf: await loginsOf(db, person), notVotedBy: person.id, oldestFirst: true, limit: 500 });
/** A limit counts what this person may see, so that others' requests never push their own out of it. */
export const requestList = async (db: Reader, person: Person, filter: Parameters<typeof requests.list>[1]): Promise<requests.Listed[]> => {
  if (may(person, "request.see")) return requests.list(db, filter);
  return requests.list(db, { ...filter, seenBy: { person: person.id, policies: await decides(db, person) } });
};

export const sessionList = async (db: Reader, person: Person, filter: Parameters<typeof sessions.list>[1]): Promise<sessions.Listed[]> =>
  sessions.list(db, may(person, "session.list") ? filter : { ...filter, person: person.id as PersonId });
export const session = async (db: Reader, person: Person, id: SessionId): Promise<sessions.Listed> => {
  const [found] = await sessions.list(db, { id, limit: 1 });
  if (!found || !may(person, "session.list", { requester: found.session.person })) throw new Fault("not_found", "No such session.");
  return found;
};
/** What the session process reported while it lived, oldest first: those after a row. */
export const sessionEvents = async (db: Reader, person: Person, id: SessionId, page: { readonly after: number; readonly limit: number }): Promise<events.EventRow[]> => {
  await session(db, person, id);
  return events.reports(db, id, page);
};
/** More than a player can offer to choose from. */
const CHANNELS = 1_000;
/** The openings of its channels, however much was reported in between. */
export const sessionChannels = async (db: Reader, person: Person, id: SessionId): Promise<events.EventRow[]> => {
  await session(db, person, id);
  return events.reports(db, id, { after: 0, limit: CHANNELS, kind: "channel_opened" });
};
/** Its recording could not be read for the search. */
export const sessionUnread = async (db: Reader, person: Person, id: SessionId): Promise<boolean> => {
  await session(db, person, id);
  return (await sessions.recordingOf(db, id))?.indexState === "unreadable";
};
/** Null: it has not ended, or nobody was left to count. */
export const sessionCoverage = async (db: Reader, person: Person, id: SessionId): Promise<{ readonly ledger: Ledger; readonly coverage: Coverage } | null> => {
  await session(db, person, id);
  const ledger = await sessions.ledgerOf(db, id);
  return ledger && { ledger, coverage: coverageOf(ledger) };
};
export const audit = async (db: Reader, person: Person, filter: events.EventPage): Promise<events.EventRow[]> => {
  if (!may(person, "audit.read")) throw new Fault("forbidden", "The audit log is for auditors and admins.");
  return events.list(db, filter);
};
