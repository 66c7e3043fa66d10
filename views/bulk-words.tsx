/** What the states of a bulk change and of its accounts are called. Rule: one word and one tone a state, here alone. */
import type { Bulk, Counts, ItemState } from "../src/domain/bulk.ts";
import { Badge, type Tone } from "./parts.tsx";

export const BULK_STATE: Record<Bulk["state"], readonly [Tone, string]> = {
  running: ["busy", "under way"],
  paused: ["warn", "paused"],
  halted: ["bad", "halted"],
  stopping: ["warn", "stopping"],
  done: ["ok", "over"],
  stopped: ["quiet", "stopped"],
};
export const ITEM_STATE: Record<ItemState, readonly [Tone, string]> = {
  waiting: ["quiet", "not begun"],
  held: ["warn", "held"],
  changing: ["busy", "changing"],
  done: ["ok", "changed"],
  failed: ["bad", "failed"],
  skipped: ["warn", "left out"],
};
/** An end with failures is not a good end. */
export const BulkBadge = ({ bulk, counts }: { bulk: Pick<Bulk, "state">; counts: Counts }) => {
  const [tone, word] = BULK_STATE[bulk.state];
  return <Badge tone={bulk.state === "done" && counts.failed + counts.skipped > 0 ? "warn" : tone}>{word}</Badge>;
};
export const ItemBadge = ({ state }: { state: ItemState }) => <Badge tone={ITEM_STATE[state][0]}>{ITEM_STATE[state][1]}</Badge>;

export const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;
/** "180 of 200 changed, 3 failed, 2 held" */
export const progressText = (c: Counts, total: number): string =>
  [
    `${c.done} of ${total} changed`,
    ...(["failed", "skipped", "held", "changing", "waiting"] as const).flatMap((s) => (c[s] > 0 ? [`${c[s]} ${ITEM_STATE[s][1]}`] : [])),
  ].join(", ");
