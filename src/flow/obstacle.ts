/** What stands in the way of a hand-out right now, whoever asks. Rule: one sentence, asked under the account's lock by everybody who hands out or promises to. */
import type { PersonId } from "../kernel/ids.ts";
import { obstacle, type Account } from "../domain/account.ts";
import { isDue } from "../domain/due.ts";
import { lockSentence } from "../domain/lock.ts";
import { NO_RELEASE } from "../domain/rotation.ts";
import type { Target } from "../domain/target.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as locks from "../store/locks.ts";
import * as rotations from "../store/rotations.ts";
import type { Deps } from "./deps.ts";
import { useOf } from "./rotate.ts";

/** Blocked by a person or by its identity: nobody gets it, break-glass neither. */
const blockNow = (account: Account, target: Target): string | null => {
  const why = obstacle({ block: account.block, credential: "in_sync" }, false);
  if (why) return why;
  if (target.locked) return "This target is locked. Ask an admin.";
  return account.identityNo !== target.identityNo ? obstacle({ ...account, block: "identity_changed" }, false) : null;
};

/** As `blockNow`, and every standing lock, in its own words. */
export const stopNow = async (tx: Reader, account: Account, target: Target, person?: PersonId): Promise<string | null> => {
  const lock = await locks.stopping(tx, { account: account.id, target: target.id, ...(person ? { person } : {}) });
  return lock ? lockSentence(lock) : blockNow(account, target);
};

export const obstacleNow = async (deps: Pick<Deps, "times">, tx: Tx, account: Account, target: Target): Promise<string | null> => {
  const blocked = await stopNow(tx, account, target);
  if (blocked) return blocked;
  // Within the reconnect grace, and while a released password is still held, a use goes on and nothing is due.
  const why = obstacle(account, isDue(await useOf(tx, account), tx.now, deps.times));
  if (why) return why;
  const open = await rotations.openOf(tx, account.id);
  return open && (NO_RELEASE as readonly string[]).includes(open.state) ? "Its password is being changed right now. Try again in a moment." : null;
};
