/**
 * The runs of what depends on a password, written down with the step of the change they belong to. Rule: in that step's transaction or not at
 * all, so neither a crash nor a second call makes one more or one less; what an older change left is skipped, because the newer one does it.
 */
import { newId, type AccountId, type RotationId, type VersionId } from "../kernel/ids.ts";
import type { Account } from "../domain/account.ts";
import { beforeOf } from "../domain/dependent-absorb.ts";
import { open, skip, type Dependent } from "../domain/dependent.ts";
import type { Before } from "../domain/rotation-facts.ts";
import type { Rotation } from "../domain/rotation.ts";
import * as store from "../store/dependents.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";

type Small = Pick<Deps, "random" | "bus">;
const openAll = async (deps: Small, tx: Tx, list: readonly Dependent[], rotation: RotationId, version: VersionId | null): Promise<void> => {
  for (const d of list) await store.open(tx, open(d, { id: newId("dependentRun", deps.random), rotation, version, now: tx.now }));
  if (list.length > 0) tx.onCommit(() => { deps.bus.publish("dependents"); deps.bus.publish(rotation); });
};

/** How far what comes before this change has come; asked only where nothing of the change can have left. */
export const beforeThat = async (db: Reader, r: Rotation): Promise<Before> => {
  const list = r.state === "prepared" || r.state === "waiting" ? await store.inForce(db, r.account, "before") : [];
  if (list.length === 0) return "none";
  const runs = (await store.runsOf(db, r.id)).filter((run) => run.phase === "before"), known = await store.named(db, runs.map((run) => run.dependent));
  const names = new Map((await Promise.all(runs.map((run) => targets.find(db, run.target)))).map((t) => [t!.id, t!.name]));
  return beforeOf(list.length, runs.map((run) => ({ ...run, what: known.get(run.dependent)!.what, on: names.get(run.target) ?? "?" })));
};
export const openBefore = async (deps: Small, tx: Tx, r: Rotation): Promise<void> => {
  await passOver(tx, r.account, r.id, "a later change of the same password does it");
  await openAll(deps, tx, await store.inForce(tx, r.account, "before"), r.id, null);
};

/**
 * At the end of a change: `became` is in force now; null: nothing else than before is. Where something was begun before a change that did not
 * happen, what comes after it is done all the same: what was stopped is started again.
 */
export const openAfter = async (deps: Small, tx: Tx, r: Rotation, became: VersionId | null, account: Pick<Account, "current">): Promise<void> => {
  if (!(await store.any(tx, r.account))) return;
  const runs = (await store.runsOf(tx, r.id)).filter((run) => run.phase === "before"), begun = runs.some((run) => run.state !== "skipped" && run.tries > 0);
  for (const run of runs) if (run.state === "waiting") await store.save(tx, skip(run, "the change it came before is over", tx.now));
  const version = became ?? (begun ? account.current : null);
  if (version === null) return;
  await passOver(tx, r.account, r.id, "a later change of the same password does it");
  await openAll(deps, tx, await store.inForce(tx, r.account, "after"), r.id, version);
};

const passOver = async (tx: Tx, account: AccountId, but: RotationId, why: string): Promise<void> => {
  for (const run of await store.left(tx, account)) if (run.rotation !== but && run.state !== "done" && run.state !== "skipped" && run.state !== "running") await store.save(tx, skip(run, why, tx.now));
};
