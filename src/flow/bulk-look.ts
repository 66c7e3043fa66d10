/** Bulk changes, looked at. Rule: read-only, and what may() does not give reads as if it were not there. */
import { Fault } from "../kernel/fault.ts";
import type { BulkId, ScheduleId } from "../kernel/ids.ts";
import type { Counts, ItemState } from "../domain/bulk.ts";
import { may } from "../domain/may.ts";
import * as bulks from "../store/bulks.ts";
import type { ItemLine, Listed } from "../store/bulks.ts";
import type { Reader } from "../store/db.ts";
import { movesOf, type BulkMove } from "./bulk-moves.ts";
import type { Caller } from "./record.ts";

export type BulkCard = Listed & { readonly counts: Counts; readonly moves: readonly BulkMove[] };
const seenBy = (l: Listed | null, caller: Caller): l is Listed => l !== null && may(caller.person, "bulk.see", { requester: l.bulk.by });

export const bulkCard = async (db: Reader, caller: Caller, id: BulkId): Promise<BulkCard> => {
  const l = await bulks.one(db, id);
  if (!seenBy(l, caller)) throw new Fault("not_found", "No such bulk change.");
  return { ...l, counts: await bulks.counts(db, id), moves: movesOf(l.bulk, caller) };
};
/** Newest first; of people who may not see all, their own. */
export const bulkList = async (db: Reader, caller: Caller, f: { schedule?: ScheduleId; before?: Date; limit: number }): Promise<BulkCard[]> => {
  const list = await bulks.list(db, { ...f, ...(may(caller.person, "bulk.see") ? {} : { by: caller.person.id }) }), counts = await bulks.countsOf(db, list.map((l) => l.bulk.id));
  return list.map((l) => ({ ...l, counts: counts.get(l.bulk.id)!, moves: movesOf(l.bulk, caller) }));
};
export const bulkItems = async (db: Reader, caller: Caller, id: BulkId, f: { states?: readonly ItemState[]; after?: number; limit: number }): Promise<ItemLine[]> => {
  await bulkCard(db, caller, id);
  return bulks.items(db, id, f);
};
