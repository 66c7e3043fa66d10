/** Steps of a bulk change and of its accounts, each with its event. Rule: law event-same-transaction; nothing here decides. */
import type { Actor, EventName } from "../domain/audit.ts";
import type { Bulk, Item, ItemStep, Step } from "../domain/bulk.ts";
import * as bulks from "../store/bulks.ts";
import type { Tx } from "../store/db.ts";
import * as versions from "../store/versions.ts";
import { tellBulk } from "./bulk-tell.ts";
import type { Deps } from "./deps.ts";
import { broker, record } from "./record.ts";

type Small = Pick<Deps, "random" | "eventJournal" | "bus">;
export const BULK = broker("bulk");

export const saveStep = async (deps: Small, tx: Tx, step: Step, who: Actor = BULK): Promise<Bulk> => {
  const saved = await bulks.save(tx, step);
  await record(deps, tx, {
    what: "bulk.step" satisfies EventName, who, about: { bulk: saved.id }, outcome: saved.state === "halted" ? "failed" : "ok", ...(saved.why ? { why: saved.why } : {}), facts: { from: step.from.state, to: saved.state },
  });
  await tellBulk(deps, tx, saved);
  tx.onCommit(() => deps.bus.publish("bulks"));
  return saved;
};

const OUTCOME = { done: "ok", failed: "failed", skipped: "refused", changing: "intent", waiting: "ok", held: "ok" } as const;
export const saveItem = async (deps: Small, tx: Tx, step: ItemStep): Promise<Item> => {
  const saved = await bulks.saveItem(tx, step);
  // A given password that will not be sent: kept as every version is, and no candidate any more.
  if (saved.version !== null && saved.rotation === null && (saved.state === "skipped" || saved.state === "failed")) await versions.setStatuses(tx, [{ id: saved.version, to: "rejected" }]);
  if (step.from.state === saved.state && step.from.why === saved.why) return saved;
  await record(deps, tx, {
    what: "bulk.item", who: BULK, about: { bulk: saved.bulk, account: saved.account, ...(saved.rotation ? { rotation: saved.rotation } : {}) }, outcome: OUTCOME[saved.state], ...(saved.why ? { why: saved.why } : {}), facts: { from: step.from.state, to: saved.state, tries: saved.tries },
  });
  return saved;
};
