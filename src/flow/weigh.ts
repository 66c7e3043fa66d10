/** The facts that matter to a vote, beside the ask itself. Rule: read-only, and for those who decide: nobody is told them of their own request. */
import { standing, type Account, type Hold, type Standing } from "../domain/account.ts";
import { samePerson, type Person } from "../domain/person.ts";
import type { Request } from "../domain/request.ts";
import { risksOf, type Risk } from "../domain/risk.ts";
import type { Reader } from "../store/db.ts";
import * as requests from "../store/requests.ts";
import * as sessions from "../store/sessions.ts";

/** `queued`: approved and not yet begun by others on this account. `state`: the account's, as every list words it. */
export type Weighed = { readonly risks: readonly Risk[]; readonly live: readonly sessions.Listed[]; readonly queued: number; readonly state: Standing };
type About = { readonly request: Request; readonly requester: Person; readonly account: Account; readonly holders: readonly Hold[]; readonly everyone: readonly Person[] };

const PAST = 300;
const known = async (db: Reader, { request: r, requester, everyone }: About) => {
  const logins = everyone.filter((p) => samePerson(p, requester)), before = new Date(r.submittedAt.getTime() + 1);
  const past = await Promise.all(logins.map((p) => requests.list(db, { requester: p.id, before, limit: PAST })));
  const used = await Promise.all(logins.map((p) => sessions.list(db, { person: p.id, before, limit: PAST })));
  return { name: requester.name, past: past.flat().map((l) => l.request), marked: used.flat().filter((s) => s.flagged).map((s) => s.session.openedAt) };
};

/** Null: there is no vote to cast any more, or it is this person's own. */
export const weighed = async (db: Reader, person: Person, about: About): Promise<Weighed | null> => {
  const { request: r, requester, account, holders } = about;
  if (r.state !== "pending" || samePerson(person, requester)) return null;
  const queued = (await requests.list(db, { account: account.id, states: ["approved"] })).filter((l) => l.request.requester !== r.requester).length;
  return { risks: risksOf(r, await known(db, about)), live: await sessions.list(db, { account: account.id, live: true }), queued, state: standing(account, holders) };
};
