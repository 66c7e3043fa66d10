/**
 * Named sets of targets and accounts, to filter and choose by. Rule: a set gives nobody anything; it holds only what its author may manage, and shows only
 * what its reader may see. What others are in, or something goes by, nobody takes away.
 */
import { Fault } from "../kernel/fault.ts";
import { newId, type CollectionId } from "../kernel/ids.ts";
import { may } from "../domain/may.ts";
import * as collections from "../store/collections.ts";
import type { Reader } from "../store/db.ts";
import * as discoveries from "../store/discoveries.ts";
import * as schedules from "../store/schedules.ts";
import * as told from "../store/told.ts";
import type { Deps } from "./deps.ts";
import { accountCards } from "./look.ts";
import { actor, record, type Caller } from "./record.ts";
import { manageable } from "./targets.ts";

export type { Collection, Member } from "../store/collections.ts";
type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus">;

/** Sets as this person sees them: members they may not see are not in the answer. */
export const collectionList = async (db: Reader, caller: Caller): Promise<collections.Collection[]> => {
  const seen = new Set<string>([...(await accountCards(db, caller.person)).flatMap((c) => [c.account.id, ...(c.manage ? [c.target.id] : [])]), ...(await manageable(db, caller)).map((t) => t.id)]);
  return (await collections.all(db)).map((c) => ({ ...c, members: c.members.filter((m) => seen.has(m)) }));
};

const mineOf = async (db: Reader, caller: Caller): Promise<ReadonlySet<string>> =>
  new Set<string>([...(await accountCards(db, caller.person)).filter((c) => c.manage).map((c) => c.account.id), ...(await manageable(db, caller)).map((t) => t.id)]);

/** Schedules that find it by its name, and by its id. */
const scheduled = async (db: Reader, c: collections.Collection): Promise<{ readonly named: string[]; readonly byId: string[] }> => {
  const standing = (await schedules.list(db)).map((l) => l.schedule).filter((s) => s.state !== "ended"), said = (text: string) => /\bgroup:/i.test(text) && text.toLowerCase().includes(c.name.toLowerCase());
  const those = (goes: (s: schedules.Listed["schedule"]) => boolean) => standing.filter(goes).map((s) => `the schedule ${s.name}`);
  return { named: those((s) => s.choice.groups.includes(c.name) || said(s.choice.search)), byId: those((s) => s.choice.groups.includes(c.id)) };
};
/** What would cover nothing without it, and say nothing about that. */
const goneBy = async (db: Reader, c: collections.Collection): Promise<string[]> => {
  const { named, byId } = await scheduled(db, c), of = (x: { readonly collection: string | null }) => x.collection === c.id;
  return [
    ...(await told.hooks(db)).filter(of).map((h) => `the webhook ${h.name}`), ...(await told.rules(db)).filter(of).map(() => "a rule of who is told"),
    ...(await discoveries.rules(db)).filter(of).map((r) => `the rule of found accounts ${r.pattern}`), ...new Set([...named, ...byId]),
  ];
};
const refuse = (c: collections.Collection, mine: ReadonlySet<string>, by: readonly string[]): void => {
  if (c.members.some((m) => !mine.has(m))) throw new Fault("conflict", "Others' targets or accounts are in this group, so it stays, and keeps its name. You can take yours out of it: save it without them.");
  if (by.length > 0) throw new Fault("conflict", `This group is gone by: ${by.join(", ")}. Change that first; without the group it would cover nothing, and say nothing.`);
};

export const putCollection = async (deps: Small, caller: Caller, name: string, members: readonly string[], id?: CollectionId): Promise<CollectionId> => {
  if (!may(caller.person, "target.add")) throw new Fault("forbidden", "Only admins and owners keep groups of targets and accounts.");
  if (!/^[\p{L}\p{Nd} ._-]{1,64}$/u.test(name)) throw new Fault("invalid", "A group's name is 1 to 64 letters, digits, blanks, dots, dashes or underscores.");
  return deps.db.transaction(async (tx) => {
    const mine = await mineOf(tx, caller), before = id === undefined ? null : (await collections.all(tx)).find((c) => c.id === id);
    if (before === undefined) throw new Fault("not_found", "No such group.");
    if (before && before.name !== name) refuse(before, mine, (await scheduled(tx, before)).named);
    const strange = members.filter((m) => !mine.has(m));
    if (strange.length > 0) throw new Fault("not_found", `There is no such target or account: ${strange.join(", ")}.`);
    const collection = id ?? newId("collection", deps.random), others = (before?.members ?? []).filter((m) => !mine.has(m));
    await collections.put(tx, collection, name, [...(members as readonly collections.Member[]), ...others]);
    await record(deps, tx, { what: "collection.changed", who: actor(caller), about: { collection }, outcome: "ok", facts: { name, members: members.length } });
    return collection;
  });
};

export const dropCollection = (deps: Small, caller: Caller, id: CollectionId): Promise<void> => deps.db.transaction(async (tx) => {
  if (!may(caller.person, "target.add")) throw new Fault("forbidden", "Only admins and owners keep groups of targets and accounts.");
  const found = (await collections.all(tx)).find((c) => c.id === id);
  if (!found) throw new Fault("not_found", "No such group.");
  refuse(found, await mineOf(tx, caller), await goneBy(tx, found));
  await collections.remove(tx, id);
  await record(deps, tx, { what: "collection.removed", who: actor(caller), about: { collection: id }, outcome: "ok", facts: { name: found.name } });
});
