/**
 * Was a draft tried where it is used? Rule: behind a text that was not, nobody is handed out and nothing is changed but by a trial; the block
 * "untried" says so on the account's row, and is looked at again wherever a block ends or a text changes.
 */
import type { Account, Block } from "../domain/account.ts";
import type { Actor } from "../domain/audit.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import * as sets from "../store/command-sets.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as locks from "../store/locks.ts";
import * as targets from "../store/targets.ts";
import { gradeOf, textOf } from "./command-sets.ts";
import type { Deps } from "./deps.ts";
import { broker, record } from "./record.ts";

type Small = Pick<Deps, "random" | "eventJournal" | "bus">;

/** Why an account here is not managed, as a sentence; null: nothing stands against it. */
export const untried = async (db: Reader, target: Target): Promise<string | null> => {
  if (gradeOf(target.platform) !== "draft") return null;
  if (await sets.passedOn(db, target.id, target.identityHash, textOf(target.platform, target.settings).hash)) return null;
  return `${target.platform} is a draft that was never tried on ${target.name}: lockstep platform test ACCOUNT@${target.name} --change tries it, and adopts that account.`;
};
export const untriedBy = async (db: Reader, account: Pick<Account, "target">): Promise<string | null> => untried(db, (await targets.find(db, account.target))!);
/** Of these, by name: a form shows them where they can be chosen. */
export const untriedOf = async (db: Reader, list: readonly Target[]): Promise<string[]> => {
  const found = await Promise.all(list.map(async (t) => (await untried(db, t) === null ? [] : [t.name])));
  return found.flat().toSorted();
};

/** What an account goes back to when a lock or somebody's block is lifted: what still stands against it, for rotations and probes read its row alone. */
export const atRest = async (db: Reader, account: Account, target: Target): Promise<Block> => {
  if (account.identityNo !== target.identityNo) return "identity_changed";
  if (await locks.standingOn(db, "account", account.id)) return "locked";
  return account.credential !== "unmanaged" && await untried(db, target) !== null ? "untried" : "none";
};

/** Who was managed here by another text is unproven again. */
export const fallBack = async (deps: Small, tx: Tx, target: Target, who: Actor): Promise<void> => {
  const why = await untried(tx, target), blocked = why === null ? [] : await accounts.blockUntried(tx, target.id);
  if (why === null || blocked.length === 0) return;
  await record(deps, tx, { what: "account.blocked", who, about: { target: target.id }, outcome: "ok", why, facts: { block: "untried", accounts: blocked.length } });
};
/** A release may bring another text of a shipped draft: asked at every start, and from time to time. */
export const fallBackAll = async (deps: Small & Pick<Deps, "db" | "passive">): Promise<void> => {
  if (deps.passive.why !== null) return;
  for (const target of (await targets.all(deps.db)).filter((t) => gradeOf(t.platform) === "draft")) {
    if (await untried(deps.db, target) !== null) await deps.db.transaction((tx) => fallBack(deps, tx, target, broker("platforms")));
  }
};
/** A trial passed: who waited for it is free. */
export const freeTried = async (deps: Small, tx: Tx, target: Target, who: Actor): Promise<void> => {
  if (await untried(tx, target) !== null) return;
  const freed = await accounts.freeUntried(tx, target.id);
  if (freed.length > 0) await record(deps, tx, { what: "account.unblocked", who, about: { target: target.id }, outcome: "ok", why: "its draft was tried there", facts: { block: "none", accounts: freed.length } });
};
