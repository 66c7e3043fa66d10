/** Logins spent outside a rotation (verify, closure). Rule: counted durably before it leaves, settled after; one account, one budget. */
import { loginAccepted, loginNotSent, loginsLeft, reserveLogin } from "../domain/rotation-facts.ts";
import type { ProbeOutcome } from "../domain/rotation-absorb.ts";
import * as accounts from "../store/accounts.ts";
import type { Deps } from "./deps.ts";
import type { World } from "./rotation-load.ts";

/** False: one more refused login could lock the account. */
export const spendLogin = (deps: Deps, w: World): Promise<boolean> => deps.db.transaction(async (tx) => {
  const { budget } = (await accounts.lock(tx, w.account.id)).guards;
  if (loginsLeft(budget, tx.now) < 1) return false;
  await accounts.setBudget(tx, w.account.id, reserveLogin(budget, w.facts, tx.now, deps.times));
  return true;
});

export const loginAnswered = (deps: Deps, w: World, o: ProbeOutcome): Promise<void> => deps.db.transaction(async (tx) => {
  const { budget } = (await accounts.lock(tx, w.account.id)).guards;
  if (o !== "none_matches" && "match" in o) await accounts.setBudget(tx, w.account.id, loginAccepted(budget, w.facts));
  else if (o !== "none_matches" && "unknown" in o && o.reached === false) await accounts.setBudget(tx, w.account.id, loginNotSent(budget));
});
