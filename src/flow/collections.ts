/** Named sets of targets and accounts, to filter and choose by. Rule: a set gives nobody anything; it holds only what its author may manage, and shows only what its reader may see. */
import { Fault } from "../kernel/fault.ts";
import { newId, type CollectionId } from "../kernel/ids.ts";
import { may } from "../domain/may.ts";
import * as collections from "../store/collections.ts";
import type { Reader } from "../store/db.ts";
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

export const putCollection = async (deps: Small, caller: Caller, name: string, members: readonly string[], id?: CollectionId): Promise<CollectionId> => {
  if (!may(caller.person, "target.add")) throw new Fault("forbidden", "Only admins and owners keep groups of targets and accounts.");
  if (!/^[\p{L}\p{Nd} ._-]{1,64}$/u.test(name)) throw new Fault("invalid", "A group's name is 1 to 64 letters, digits, blanks, dots, dashes or underscores.");
  return deps.db.transaction(async (tx) => {
    const mine = new Set<string>([...(await accountCards(tx, caller.person)).filter((c) => c.manage).map((c) => c.account.id), ...(await manageable(tx, caller)).map((t) => t.id)]);
    const before = id === undefined ? null : (await collections.all(tx)).find((c) => c.id === id);
    if (before === undefined) throw new Fault("not_found", "No such group.");
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
  await collections.remove(tx, id);
  await record(deps, tx, { what: "collection.removed", who: actor(caller), about: { collection: id }, outcome: "ok", facts: { name: found.name } });
});
