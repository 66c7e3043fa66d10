/** Named sets of targets and accounts as rows. Rule: a member that is gone is not an error, it is merely not found. */
import { asc, eq } from "drizzle-orm";
import { Fault } from "../kernel/fault.ts";
import type { AccountId, CollectionId, TargetId } from "../kernel/ids.ts";
import { violated, type Reader, type Tx } from "./db.ts";
import { collectionMembers, collections } from "./schema.ts";

export type Member = TargetId | AccountId;
export type Collection = { readonly id: CollectionId; readonly name: string; readonly members: readonly Member[] };

export const all = async ({ q }: Reader): Promise<Collection[]> => {
  const rows = await q.select().from(collections).orderBy(asc(collections.name)), members = await q.select().from(collectionMembers);
  return rows.map((c) => ({ id: c.id as CollectionId, name: c.name, members: members.filter((m) => m.collection === c.id).map((m) => m.member as Member) }));
};
export const put = async (tx: Tx, id: CollectionId, name: string, members: readonly Member[]): Promise<void> => {
  try { await tx.q.insert(collections).values({ id, name }).onConflictDoUpdate({ target: collections.id, set: { name } }); } catch (e) {
    if (violated(e) === "collections_name_unique") throw new Fault("conflict", `There is a group named ${name} already.`);
    throw e;
  }
  await tx.q.delete(collectionMembers).where(eq(collectionMembers.collection, id));
  if (members.length > 0) await tx.q.insert(collectionMembers).values([...new Set(members)].map((member) => ({ collection: id, member })));
};
export const remove = async (tx: Tx, id: CollectionId): Promise<void> => {
  await tx.q.delete(collectionMembers).where(eq(collectionMembers.collection, id));
  await tx.q.delete(collections).where(eq(collections.id, id));
};
