/**
 * A change left with the machine's own agent while somebody uses an account, so that access ends in time though the broker is down. Rule: derived
 * from rows under the account's lock, like due-ness; calling it twice, late or never gives the same, and without it the hook at the end stands.
 */
import { handedOut, type Account } from "../domain/account.ts";
import { outOfUse } from "../domain/agent.ts";
import { isDue } from "../domain/due.ts";
import { isOrder, waits } from "../domain/order.ts";
import { isState, type Request } from "../domain/request.ts";
import { moveOrder, type Rotation } from "../domain/rotation.ts";
import { isId, type AccountId, type AgentId } from "../kernel/ids.ts";
import * as accounts from "../store/accounts.ts";
import * as agents from "../store/agents.ts";
import type { Tx } from "../store/db.ts";
import * as dependents from "../store/dependents.ts";
import * as requests from "../store/requests.ts";
import * as rotations from "../store/rotations.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import { broker, record } from "./record.ts";
import { openRotation, useOf } from "./rotate.ts";

/** True: an order was wished for, or is wished for another time. */
export const leaveOrder = (deps: Deps, id: AccountId): Promise<boolean> => deps.db.transaction(async (tx) => {
  const account = await accounts.lock(tx, id);
  if (deps.passive.why !== null || account.credential !== "in_sync" || account.block !== "none" || !handedOut(account)) return false;
  const held = (await requests.live(tx, id)).filter((r) => isState(r, "checked_out")), wanted = new Date(Math.max(...held.map((r) => r.until.getTime())));
  if (held.length === 0 || wanted <= tx.now || isDue(await useOf(tx, account), tx.now, deps.times)) return false;
  const open = await rotations.openOf(tx, id);
  if (open) return moved(deps, tx, open, wanted);
  const agent = await agentOf(deps, tx, account);
  // What hangs on the password is seen to by the broker, before and after: nobody changes it without it.
  if (agent === null || await dependents.any(tx, id) || await refusedSince(tx, id, held)) return false;
  await openRotation(deps, tx, account, { trigger: "end_of_use", reason: "for the end of a use", by: null, order: { state: "wished", agent, wanted } });
  return true;
});

/** The agent that stands for its machine, is connected here, may be used and keeps changes for later. */
const agentOf = async (deps: Deps, tx: Tx, account: Account): Promise<AgentId | null> => {
  const t = (await targets.find(tx, account.target))!, id = String(t.settings["agent"] ?? "");
  if (!isId("agent", id) || t.locked || account.identityNo !== t.identityNo || deps.tunnel.heard(id)?.orders !== true) return null;
  const a = await agents.find(tx, id);
  return a !== null && outOfUse(a) === null && a.target === t.id ? id : null;
};
/** One that was refused is not asked for again in the same use. */
const refusedSince = async (tx: Tx, account: AccountId, held: readonly Request<"checked_out">[]): Promise<boolean> => {
  const [last] = await rotations.recent(tx, { account, limit: 1 }), begun = Math.min(...held.map((r) => r.checkedOutAt.getTime()));
  return last?.state === "refused" && last.openedAt.getTime() >= begun;
};

const moved = async (deps: Deps, tx: Tx, r: Rotation, wanted: Date): Promise<boolean> => {
  if (!waits(r) || !isOrder(r.order, "wished", "sent", "placed") || r.order.wanted.getTime() === wanted.getTime()) return false;
  await rotations.save(tx, moveOrder(r as Rotation<"prepared">, r.order, wanted));
  await record(deps, tx, { what: "rotation.step", who: broker("orders"), about: { rotation: r.id, account: r.account }, outcome: "ok", why: "the use it waits for ends at another time now", facts: { from: r.order.wanted.toISOString(), until: wanted.toISOString() } });
  tx.onCommit(() => deps.bus.publish("rotations"));
  return true;
};
