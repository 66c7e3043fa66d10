/** What a person holds and may ask for, as a terminal lists it. Rule: read-only; what no policy gives is not in it. */
import { Fault } from "../kernel/fault.ts";
import { standing, type Account, type Standing } from "../domain/account.ts";
import { may } from "../domain/may.ts";
import type { Person } from "../domain/person.ts";
import { carriesSessions, carriesShells, noSessions, noShells } from "../domain/platform.ts";
import { approverNames, type Policy } from "../domain/policy.ts";
import type { Request } from "../domain/request.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader } from "../store/db.ts";
import * as people from "../store/people.ts";
import * as requests from "../store/requests.ts";
import * as targets from "../store/targets.ts";
import { offers, refuseSessionsOnly, UNKNOWN_ACCOUNT } from "./ask.ts";
import { accountCards } from "./look.ts";

export type Open = Extract<Request, { state: "pending" | "approved" | "checked_out" }>;
export type MenuOffer = { readonly policy: Policy; readonly approvers: readonly string[] };
export type MenuEntry = { readonly account: Pick<Account, "name">; readonly target: Pick<Target,
  "name" | "platform" | "settings">; readonly standing: Standing; readonly mine: Open | null; readonly offers: readonly MenuOffer[] };

const ORDER = ["checked_out", "approved", "pending"] as const;
/** This person's open request for an account: the one that is nearest to a session. */
const nearest = (open: readonly Open[]): Open | null => ORDER.map((state) => open.find((r) => r.state === state)).find((r) =>
  r !== undefined) ?? null;
const openOf = async (db: Reader, person: Person, account?: Account["id"]): Promise<Open[]> =>
  (await requests.list(db, { requester: person.id, states: ORDER, ...(account ? { account } : {}), limit: 500 })).map((l) => l.request as Open);

const named = (offered: readonly Policy[], everyone: readonly Person[], asker: Person): MenuOffer[] =>
  offered.map((policy) => ({ policy, approvers: approverNames(policy, everyone, asker.id) }));

const entry = async (db: Reader, person: Person, account: Account, mine: Open | null): Promise<MenuEntry | null> => {
  const offered = await offers(db, person, account);
  if (mine === null && !may(person, "account.ask", { offered: offered.length > 0 })) return null;
  return { account, target: (await targets.find(db, account.target))!, standing: standing(account, await requests.holds(db, account.id)), mine,
    offers: named(offered, await people.all(db), person) };
};

/** One account by the names a login gives. */
export const menuEntry = async (db: Reader, person: Person, account: string, target: string): Promise<MenuEntry> => {
  const found = await accounts.named(db, `${account}@${target}`);
  const made = found ? await entry(db, person, found, nearest(await openOf(db, person, found.id))) : null;
  if (found && !made) await refuseSessionsOnly(db, person, found);
  if (!made) throw new Fault("not_found", UNKNOWN_ACCOUNT);
  if (!carriesShells(made.target)) throw new Fault("conflict", (carriesSessions(made.target) ? noShells : noSessions)(made.target));
  return made;
};

export const askPage = (account: string, target: string): string => `/ask/${encodeURIComponent(`${account}@${target}`).replaceAll("%40", "@")}`;
/** The page of the portal where this person asks for it, or looks at the request under way; null where there is none. */
export const whereToAsk = async (db: Reader, person: Person, account: string, target: string): Promise<string | null> => {
  const { mine } = await menuEntry(db, person, account, target);
  return mine ? `/requests/${mine.id}` : askPage(account, target);
};

const matches = (e: MenuEntry, find: string): boolean => `${e.account.name}@${e.target.name}`.toLowerCase().includes(find.toLowerCase());
const rank = (e: MenuEntry): number => (e.mine ? ORDER.indexOf(e.mine.state) : ORDER.length);

/** What is held first, then what may be asked for, by name; `find` is a part of the name. Only what a terminal can be used on. */
export const menu = async (db: Reader, person: Person, find = ""): Promise<MenuEntry[]> => {
  const open = await openOf(db, person), everyone = await people.all(db), byAccount = Map.groupBy(open, (r) => r.terms.account),
    out: MenuEntry[] = [];
  for (const c of await accountCards(db, person)) {
    const mine = nearest(byAccount.get(c.account.id) ?? []);
    byAccount.delete(c.account.id);
    if (mine || may(person, "account.ask", { offered: c.offers.length > 0 })) out.push({ account: c.account, target: c.target, standing: c.standing,
      mine, offers: named(c.offers, everyone, person) });
  }
  // Held still, though no policy would give it again.
  for (const [id, list] of byAccount) {
    const account = await accounts.find(db, id), left = account ? await entry(db, person, account, nearest(list)) : null;
    if (left) out.push(left);
  }
  return out.filter((e) => carriesShells(e.target) && matches(e, find)).toSorted((a, b) => rank(a) - rank(b));
};
