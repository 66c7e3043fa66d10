/** Which accounts a bulk change or a schedule is about. Rule: whatever was chosen by, only accounts this person may change are in the answer; one named outright that is not theirs is an error. */
import { Fault } from "../kernel/fault.ts";
import type { AccountId, TargetId } from "../kernel/ids.ts";
import { standing, type Account, type Hold, type Standing } from "../domain/account.ts";
import type { Choice } from "../domain/bulk.ts";
import { holds, parseQuery } from "../domain/filter.ts";
import { may } from "../domain/may.ts";
import type { Person } from "../domain/person.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import * as collections from "../store/collections.ts";
import type { Reader } from "../store/db.ts";
import * as requests from "../store/requests.ts";
import * as targets from "../store/targets.ts";

export type Chosen = { readonly account: Account; readonly target: Target; readonly standing: Standing; readonly holds: readonly Hold[] };
export const nameOf = (c: Pick<Chosen, "account" | "target">): string => `${c.account.name}@${c.target.name}`;

const factsOf = (c: Chosen, groups: readonly string[]) => ({
  text: `${nameOf(c)} ${c.target.platform} ${c.target.tags.join(" ")} ${c.account.tags.join(" ")} ${c.standing.word} ${c.holds.map((h) => h.personName).join(" ")}`,
  state: [c.standing.word], tag: [...c.target.tags, ...c.account.tags], target: [c.target.name], platform: [c.target.platform], group: groups,
});
/** The search of accounts, one everywhere. */
export const finder = (text: string): ((c: Chosen, groups: readonly string[]) => boolean) => {
  const query = parseQuery(text);
  return (c, groups) => holds(query, factsOf(c, groups));
};

/** Every account this person may change, by target and name. */
export const changeable = async (db: Reader, person: Person): Promise<Chosen[]> => {
  const byTarget = new Map((await targets.all(db)).filter((t) => may(person, "account.rotate", { owner: t.owner })).map((t) => [t.id, t])), held = await requests.allHolds(db);
  return (await accounts.all(db)).filter((a) => byTarget.has(a.target)).map((account) => {
    const its = held.get(account.id) ?? [];
    return { account, target: byTarget.get(account.target)!, holds: its, standing: standing(account, its) };
  }).sort((a, b) => `${a.target.name} ${a.account.name}`.localeCompare(`${b.target.name} ${b.account.name}`));
};

const refuseStrange = (wanted: readonly string[], known: ReadonlySet<string>, what: string): void => {
  const strange = wanted.filter((w) => !known.has(w));
  if (strange.length > 0) throw new Fault("not_found", `There is no such ${what}, or it is not yours to change: ${strange.slice(0, 5).join(", ")}${strange.length > 5 ? ` and ${strange.length - 5} more` : ""}.`);
};
/** Empty is not an error here: a search may find nothing tonight. */
export const choose = async (db: Reader, person: Person, choice: Choice): Promise<Chosen[]> => {
  const all = await changeable(db, person), sets = await collections.all(db), found = choice.search === "" ? () => false : finder(choice.search);
  const byId = new Set<string>(all.flatMap((c) => [c.account.id, nameOf(c)])), onTargets = new Set<string>((await targets.all(db)).filter((t) => may(person, "account.rotate", { owner: t.owner })).flatMap((t) => [t.id, t.name]));
  refuseStrange(choice.accounts, byId, "account");
  refuseStrange(choice.targets, onTargets, "target");
  refuseStrange(choice.groups, new Set(sets.flatMap((s) => [s.id, s.name])), "group");
  const named = new Set(choice.accounts), on = new Set(choice.targets), members = new Set<AccountId | TargetId>(sets.filter((s) => choice.groups.includes(s.id) || choice.groups.includes(s.name)).flatMap((s) => s.members));
  const groupsOf = (c: Chosen) => sets.filter((s) => s.members.some((m) => m === c.account.id || m === c.target.id)).map((s) => s.name);
  return all.filter((c) => named.has(c.account.id) || named.has(nameOf(c)) || on.has(c.target.id) || on.has(c.target.name) || members.has(c.account.id) || members.has(c.target.id) || found(c, groupsOf(c)));
};
