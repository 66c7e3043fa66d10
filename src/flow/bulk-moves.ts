/** What a person does to a bulk change that is under way: pause, go on, stop, once more. Rule: its author or an admin; nothing that has begun is taken back. */
import { Fault } from "../kernel/fault.ts";
import type { BulkId } from "../kernel/ids.ts";
import { again, anew, pause, resume, stop, type Bulk, type Item, type Step } from "../domain/bulk.ts";
import { may } from "../domain/may.ts";
import * as bulks from "../store/bulks.ts";
import type { Tx } from "../store/db.ts";
import { saveItem, saveStep } from "./bulk-events.ts";
import type { Deps } from "./deps.ts";
import { actor, type Caller } from "./record.ts";

export const MOVES = ["pause", "resume", "stop", "retry"] as const;
export type BulkMove = (typeof MOVES)[number];
const WORD: Record<Bulk["state"], string> = { running: "is running", paused: "is paused", halted: "has halted", stopping: "is being stopped", done: "is over", stopped: "was stopped" };

/** Which moves this person has now: a page's buttons, and nothing else. */
export const movesOf = (b: Bulk, caller: Caller): BulkMove[] => {
  if (!may(caller.person, "bulk.move", { requester: b.by })) return [];
  switch (b.state) {
    case "running": return ["pause", "stop"];
    case "paused": case "halted": return ["resume", "stop"];
    case "done": case "stopped": return ["retry"];
    case "stopping": return [];
  }
};
const stepOf = (b: Bulk, move: BulkMove, caller: Caller, now: Date): Step | null => {
  const by = caller.person.id;
  if (move === "pause" && b.state === "running") return pause(b, by);
  if (move === "resume" && (b.state === "paused" || b.state === "halted")) return resume(b, by);
  if (move === "stop" && (b.state === "running" || b.state === "paused" || b.state === "halted")) return stop(b, by, `stopped by ${caller.person.name}`);
  return move === "retry" && (b.state === "done" || b.state === "stopped") ? again(b, by, now) : null;
};

/** Those that failed or were left out. Their rows are locked in the order of the list. */
const anewAll = async (deps: Deps, tx: Tx, id: BulkId): Promise<number> => {
  const list = await bulks.left(tx, id, ["failed", "skipped"], 10_000);
  for (const { account } of list) await saveItem(deps, tx, anew(await bulks.lockItem(tx, id, account) as Item<"failed" | "skipped">));
  return list.length;
};
export const moveBulk = (deps: Deps, caller: Caller, id: BulkId, move: BulkMove): Promise<void> => deps.db.transaction(async (tx) => {
  const seen = await bulks.find(tx, id);
  if (!seen || !may(caller.person, "bulk.see", { requester: seen.by })) throw new Fault("not_found", "No such bulk change.");
  if (!may(caller.person, "bulk.move", { requester: seen.by })) throw new Fault("forbidden", "Whoever began it, or an admin, pauses, stops and repeats it.");
  if (deps.passive.why) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
  const b = await bulks.lock(tx, id), step = stepOf(b, move, caller, tx.now);
  if (!step) throw new Fault("conflict", `That cannot be done now: this bulk change ${WORD[b.state]}.`);
  await saveStep(deps, tx, step, actor(caller));
  if (move === "retry" && await anewAll(deps, tx, id) === 0) throw new Fault("conflict", "Every account of it was changed: there is nothing to repeat.");
});
