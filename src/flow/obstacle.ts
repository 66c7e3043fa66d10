/** What stands in the way of a hand-out right now, whoever asks. Rule: one sentence, asked under the account's lock by everybody who hands out or promises to. */
import type { AccountId, PersonId } from "../kernel/ids.ts";
import { obstacle, type Account } from "../domain/account.ts";
import { isDue } from "../domain/due.ts";
import { lockSentence } from "../domain/lock.ts";
import { keepsIn } from "../domain/no-release.ts";
import type { Request } from "../domain/request.ts";
import type { Target } from "../domain/target.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as locks from "../store/locks.ts";
import * as requests from "../store/requests.ts";
import * as rotations from "../store/rotations.ts";
import * as sessions from "../store/sessions.ts";
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

/** Sessions of uses that are over, not ended yet: they are being cut, or their process is gone. As long as they live, their account is not free. */
export const stillEnding = async (db: Reader, account: AccountId): Promise<Request[]> => {
  const live = new Set((await requests.live(db, account)).map((r) => r.id)), open = await sessions.openWhere(db, { account });
  const over = await Promise.all([...new Set(open.map((s) => s.request))].filter((id) => !live.has(id)).map((id) => requests.find(db, id)));
  return over.filter((r) => r !== null);
};

export const obstacleNow = async (deps: Pick<Deps, "times">, tx: Tx, account: Account, target: Target): Promise<string | null> => {
  const blocked = await stopNow(tx, account, target);
  if (blocked) return blocked;
  // Within the reconnect grace, and while a released password is still held, a use goes on and nothing is due.
  const why = obstacle(account, isDue(await useOf(tx, account), tx.now, deps.times));
  if (why) return why;
  const open = await rotations.openOf(tx, account.id);
  return open && keepsIn(open, tx.now) ? "Its password is being changed right now. Try again in a moment." : null;
};
