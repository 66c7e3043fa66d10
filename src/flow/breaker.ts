/** law A4: one refused login of an administrative account, and everything that would use it waits. Rule: people are told once, when it opens. */
import type { AccountId } from "../kernel/ids.ts";
import { later } from "../domain/rotation.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import type { Deps } from "./deps.ts";
import { broker, record } from "./record.ts";

export const breakCircuit = async (deps: Deps, tx: Tx, admin: AccountId, target: Pick<Target, "id">, why: string): Promise<void> => {
  const open = (await accounts.guards(tx, admin)).breaker;
  await accounts.openBreaker(tx, admin, later(tx.now, deps.times.probeWindow));
  if (open !== null && open > tx.now) return;
  await record(deps, tx, { what: "account.blocked", who: broker("rotation"), about: { account: admin, target: target.id }, outcome: "refused", why: `admin_refused: ${why}. Rotations through it wait; one more try per budget window.` });
};
