/** Votes and when they are enough. Rule: nobody votes on their own request, a quorum counts distinct humans, votes bind to the terms. */
import type { PersonId, RequestId, VoteId } from "../kernel/ids.ts";
import { samePerson, type Person } from "./person.ts";
import { entitled, type Policy } from "./policy.ts";
import type { Request } from "./request.ts";

export type Vote = {
  readonly id: VoteId; readonly request: RequestId; readonly voter: PersonId; readonly decision: "approve" | "deny";
  readonly minutes: number | null; readonly reason: string; readonly termsHash: string; readonly at: Date;
};

/** Why this person may not vote here, or null. law: own-request. */
export const mayNotVote = (voter: Person, requester: Person, policy: Policy): string | null => {
  if (samePerson(voter, requester)) return "Nobody votes on their own request, through whichever login.";
  if (!entitled(policy, voter)) return "The policy of this request does not name you as an approver.";
  return null;
};

export type Tally = { readonly enough: boolean; readonly have: number; readonly need: number; readonly minutes: number };

/** Counts the approving votes that stand now: entitled today, on these very terms, one per human, not the requester's. */
export const tally = (request: Request, requester: Person, policy: Policy, votes: readonly Vote[], people: ReadonlyMap<PersonId, Person>): Tally => {
  const counted: Person[] = [];
  let minutes = request.terms.minutes;
  for (const vote of votes) {
    const voter = people.get(vote.voter);
    if (!voter || vote.decision !== "approve" || vote.termsHash !== request.termsHash) continue;
    if (mayNotVote(voter, requester, policy) !== null || counted.some((p) => samePerson(p, voter))) continue;
    counted.push(voter);
    if (vote.minutes !== null) minutes = Math.min(minutes, vote.minutes);
  }
  return { enough: counted.length >= policy.terms.approvals, have: counted.length, need: policy.terms.approvals, minutes };
};

/** A change that could help its author (policy, approvers, roles, credentials, what a policy covers) and that nobody else has confirmed yet. */
export type Change = { readonly author: PersonId; readonly subject: string; readonly confirmed: boolean };

/** law: no-way-round 4. The requester's own unconfirmed changes to the policy, to what it covers or to anybody whose vote is counted keep it pending. */
export const helpedByOwnChange = (requester: PersonId, subjects: readonly string[], changes: readonly Change[]): boolean =>
  changes.some((c) => !c.confirmed && c.author === requester && subjects.includes(c.subject));
