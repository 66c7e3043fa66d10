/** One search over everything a person may see. Rule: it asks the same lists the pages ask, so nothing is found that may() would not show. */
import { may } from "../domain/may.ts";
import type { Person } from "../domain/person.ts";
import type { Target } from "../domain/target.ts";
import type { Reader } from "../store/db.ts";
import * as people from "../store/people.ts";
import { accountCards, requestList, sessionList, type AccountCard } from "./look.ts";
import type { Caller } from "./record.ts";
import { manageable } from "./targets.ts";

type Requests = Awaited<ReturnType<typeof requestList>>;
type Sessions = Awaited<ReturnType<typeof sessionList>>;
export type Found = { readonly accounts: readonly AccountCard[]; readonly targets: readonly Target[]; readonly people: readonly Person[]; readonly requests: Requests; readonly sessions: Sessions };

const RECENT = 500;
/** Every word must be in it, wherever. */
const hit = (words: readonly string[], ...texts: readonly (string | null)[]): boolean => { const all = texts.join(" ").toLowerCase(); return words.every((w) => all.includes(w)); };

/** Requests and sessions: the latest 500 this person may see. */
export const search = async (db: Reader, caller: Caller, q: string): Promise<Found> => {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean), { person } = caller;
  if (words.length === 0) return { accounts: [], targets: [], people: [], requests: [], sessions: [] };
  return {
    accounts: (await accountCards(db, person)).filter((c) => hit(words, c.account.id, `${c.account.name}@${c.target.name}`, c.target.platform, c.target.host, ...c.target.tags, ...c.account.tags)),
    targets: (await manageable(db, caller)).filter((t) => hit(words, t.id, t.name, t.host, t.platform, ...t.tags)),
    people: may(person, "person.manage") || may(person, "policy.see") ? (await people.all(db)).filter((p) => hit(words, p.id, p.name, p.fullName, p.mail, p.employeeNo, ...p.roles)) : [],
    requests: (await requestList(db, person, { limit: RECENT })).filter(({ request: r, ...n }) => hit(words, r.id, `${n.accountName}@${n.targetName}`, n.requesterName, r.terms.reason, r.terms.ticket)),
    sessions: (await sessionList(db, person, { limit: RECENT })).filter(({ session: s, ...n }) => hit(words, s.id, `${n.accountName}@${n.targetName}`, n.personName, s.address)),
  };
};
