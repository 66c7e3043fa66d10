/**
 * Lending an administrative account: to a rotation for its change, to a verify or closure for its comparison. Rule: laws A2 and A4 are asked here
 * alone: many share it, nobody has it while it changes itself or its breaker is open, and until its login has just worked one goes first.
 */
import type { AccountId } from "../kernel/ids.ts";
import { later } from "../domain/rotation.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import * as rotations from "../store/rotations.ts";
import { breakCircuit } from "./breaker.ts";
import type { Deps } from "./deps.ts";
import { helper } from "./rotation-load.ts";

/** busy: another goes first, or it changes itself: ask again. refused: its login was, and everybody waits for the next window. */
export type Borrowed = "lent" | "busy" | "refused";
/** What the target made of its login; nothing is known of one that never got there. */
export type LoginOf = "accepted" | "unknown" | { readonly refused: string };

const topic = (admin: AccountId): string => `lent:${admin}`;

/** `pastBreaker`: a person's one look while it is open; whoever asks so has spent a login of the account's own budget. */
export type Terms = { readonly pastBreaker: boolean };

/** In the caller's transaction. The breaker is read after the place is taken: who was refused before us has left both in one commit. */
export const borrow = async (deps: Deps, tx: Tx, admin: AccountId, target: Target, usedBy: string, { pastBreaker }: Terms = { pastBreaker: false }): Promise<Borrowed> => {
  const { served } = await accounts.guards(tx, admin), alone = served === null || served.getTime() < tx.now.getTime() - deps.times.leaseMargin;
  if (!(await rotations.takeAdmin(tx, admin, usedBy, { exclusive: false, alone }, later(tx.now, deps.times.rotationLease)))) return "busy";
  const { breaker } = await accounts.guards(tx, admin), now = pastBreaker && breaker !== null && breaker > tx.now ? breaker : tx.now, shut = breaker !== null && breaker > now;
  if (!shut && await helper(tx, admin, target, now, deps.trial) === "ready") return "lent";
  await rotations.dropAdmin(tx, usedBy);
  return shut ? "refused" : "busy";
};

/** A refused login stops everybody; one that worked lets those who waited go on. */
export const handBack = async (deps: Deps, tx: Tx, admin: AccountId, target: Pick<Target, "id">, usedBy: string, login: LoginOf): Promise<void> => {
  await rotations.dropAdmin(tx, usedBy);
  tx.onCommit(() => deps.bus.publish(topic(admin)));
  if (login === "unknown") return;
  if (login !== "accepted") return breakCircuit(deps, tx, admin, target, login.refused);
  await accounts.served(tx, admin);
  await rotations.wakeWaiting(tx, target.id);
};

/** Until somebody hands it back; on another node nobody tells us, so not for longer than a part of the first retry. */
const handedBack = (deps: Deps, admin: AccountId): Promise<void> => new Promise((resolve) => {
  const done = (): void => { clearTimeout(timer); off(); resolve(); }, timer = setTimeout(done, deps.times.retryFirst / 5), off = deps.bus.subscribe(topic(admin), done);
});
/** One question with it. Waits its turn as long as a question may take; then it is asked nothing, and says why. */
export const withAdmin = async <T>(deps: Deps, admin: AccountId, target: Target, usedBy: string, ask: () => Promise<{ answer: T; login: LoginOf }>, terms?: Terms): Promise<T | { unknown: string }> => {
  const end = deps.clock.mono() + deps.times.probeLimit;
  let got: Borrowed;
  while ((got = await deps.db.transaction((tx) => borrow(deps, tx, admin, target, usedBy, terms))) === "busy" && deps.clock.mono() < end) await handedBack(deps, admin);
  if (got !== "lent") return { unknown: got === "refused" ? "the target refused the account that is to do it; everybody waits until that is settled" : "the account that is to do it is busy: being changed itself, or trying its own login first" };
  let login: LoginOf = "unknown";
  try {
    const asked = await ask();
    login = asked.login;
    return asked.answer;
  } finally { await deps.db.transaction((tx) => handBack(deps, tx, admin, target, usedBy, login)); }
};
