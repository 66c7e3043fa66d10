/** The time in which an approved request holds an account begins here. Rule: at first use, never at submission; one exclusive hold, decided by the table. */
import { Fault } from "../kernel/fault.ts";
import type { RequestId } from "../kernel/ids.ts";
import { obstacle, type Account } from "../domain/account.ts";
import type { Actor } from "../domain/audit.ts";
import type { Policy } from "../domain/policy.ts";
import { checkOut, isState, type Request } from "../domain/request.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import * as people from "../store/people.ts";
import * as policies from "../store/policies.ts";
import * as requests from "../store/requests.ts";
import * as rotations from "../store/rotations.ts";
import * as targets from "../store/targets.ts";
import { isDue } from "../domain/due.ts";
import { NO_RELEASE } from "../domain/rotation.ts";
import type { Deps } from "./deps.ts";
import { record } from "./record.ts";
import { useOf } from "./rotate.ts";
import { standingOf } from "./vote.ts";

export type Held = { readonly request: Request<"checked_out">; readonly account: Account; readonly target: Target; readonly policy: Policy };

/** Locks account, then request; checks everything that may stand in the way; starts the clock if this is the first use. */
export const hold = async (deps: Deps, tx: Tx, id: RequestId, who: Actor): Promise<Held> => {
  if (deps.passive.why !== null) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
  const seen = await requests.find(tx, id);
  if (!seen) throw new Fault("not_found", "No such request.");
  const account = await accounts.lock(tx, seen.terms.account), r = await requests.lock(tx, id);
  const target = (await targets.find(tx, account.target))!, policy = (await policies.find(tx, r.terms.policy))!;
  if (isState(r, "checked_out")) {
    if (r.until <= tx.now) throw new Fault("conflict", "Your time with this account is over. Ask again.");
  } else if (!isState(r, "approved")) throw new Fault("conflict", r.state === "pending" ? "Nobody has approved this request yet." : `This request is ${r.state}. Ask again.`);
  else if (r.startBy <= tx.now) throw new Fault("conflict", "This approval was not used in time. Ask again.");
  if ((await people.find(tx, r.requester))!.disabled) throw new Fault("forbidden", "This person is disabled.");
  await refuseObstacles(deps, tx, account, target);
  if (isState(r, "checked_out")) return { request: r, account, target, policy };
  return { request: await start(deps, tx, r as Request<"approved">, policy, who), account, target, policy };
};

const refuseObstacles = async (deps: Deps, tx: Tx, account: Account, target: Target): Promise<void> => {
  // Within the reconnect grace, and while a released password is still held, a use goes on and nothing is due.
  const why = obstacle(account, isDue(await useOf(tx, account), tx.now, deps.times));
  if (why) throw new Fault("conflict", why);
  if (target.locked) throw new Fault("conflict", "This target is locked. Ask an admin.");
  if (account.identityNo !== target.identityNo) throw new Fault("conflict", obstacle({ ...account, block: "identity_changed" }, false)!);
  const open = await rotations.openOf(tx, account.id);
  if (open && (NO_RELEASE as readonly string[]).includes(open.state)) throw new Fault("conflict", "Its password is being changed right now. Try again in a moment.");
};

const start = async (deps: Deps, tx: Tx, r: Request<"approved">, policy: Policy, who: Actor): Promise<Request<"checked_out">> => {
  const requester = (await people.find(tx, r.requester))!;
  const { standing, helped } = await standingOf(tx, r, requester, policy);
  // Removing an approver acts at once; so does a change nobody else has confirmed.
  if (!standing.enough || helped || !policy.active) throw new Fault("conflict", "The approval does not stand any more: an approver or the policy changed. Ask again.");
  const held = await requests.save(tx, checkOut(r, tx.now, policy.terms.maxMinutes)) as Request<"checked_out">;
  await record(deps, tx, { what: "checkout.started", who, about: { request: r.id, account: r.terms.account }, outcome: "ok", facts: { minutes: held.minutes, until: held.until.toISOString() } });
  tx.onCommit(() => { deps.bus.publish("deadlines"); deps.bus.publish("requests"); });
  return held;
};
