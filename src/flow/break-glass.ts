/**
 * Break-glass: asked, approved by rule and checked out in one transaction, and reviewed afterwards by somebody else. Rule: it skips the vote and
 * nothing else: a policy must name the person, no change of their own may have given it to them, and a block or a lock stops it too.
 */
import { Fault } from "../kernel/fault.ts";
import { newId, type RequestId } from "../kernel/ids.ts";
import { pastUntried, type Account } from "../domain/account.ts";
import { inDoubt, toShow, type Shown } from "../domain/break-glass.ts";
import { waits } from "../domain/order.ts";
import { closesAt } from "../domain/hours.ts";
import { approve, checkOut, isState, type Request } from "../domain/request.ts";
import type { Policy } from "../domain/policy.ts";
import * as accounts from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import * as requests from "../store/requests.ts";
import * as rotations from "../store/rotations.ts";
import * as targets from "../store/targets.ts";
import * as versions from "../store/versions.ts";
import { closeCheckout } from "./checkin.ts";
import type { Deps } from "./deps.ts";
import { stopNow } from "./obstacle.ts";
import { actor, broker, record, type Caller } from "./record.ts";
import { refuseTime } from "./times-and-places.ts";
import { standingOf } from "./vote.ts";

export type Others = "share" | "cut";

/** In the transaction of the ask, right after `submit`. */
export const breakGlass = async (deps: Deps, tx: Tx, caller: Caller, pending: Request<"pending">, policy: Policy, others: Others): Promise<void> => {
  const account = await accounts.lock(tx, pending.terms.account), target = (await targets.find(tx, account.target))!;
  if (deps.passive.why !== null) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
  const blocked = await stopNow(tx, pastUntried(account), target) ?? (account.credential === "unmanaged" ? "This account is not managed yet: the vault has nothing to show." : null);
  if (blocked) throw new Fault("conflict", blocked);
  refuseTime(policy, pending, actor(caller), tx.now);
  // law no-way-round-4: there is no vote here that could wait for the second person.
  if ((await standingOf(tx, pending, caller.person, policy)).helped) throw new Fault("forbidden", "You changed this policy, a group or a credential it rests on yourself, and nobody has confirmed that yet. Another admin or an auditor must confirm it first.");
  const held = await requests.live(tx, account.id), about = { request: pending.id, account: account.id, policy: policy.id, target: target.id };
  if (held.some((h) => h.requester === caller.person.id && h.terms.preset === "break-glass")) throw new Fault("conflict", "You have broken the glass for this account already, and still hold it.");
  const approved = await requests.save(tx, approve(pending, tx.now, pending.terms.minutes, policy.terms.startWindowMinutes)) as Request<"approved">;
  await record(deps, tx, { what: "request.approved", who: broker("policy"), about, outcome: "ok", why: "break-glass: approved by rule, without a vote", facts: { by: "rule", minutes: approved.minutes } });
  const mine = await requests.save(tx, checkOut(approved, tx.now, policy.terms.maxMinutes, closesAt(policy.terms.hours, tx.now))) as Request<"checked_out">;
  await record(deps, tx, { what: "checkout.started", who: actor(caller), about, outcome: "ok", facts: { minutes: mine.minutes, until: mine.until.toISOString() } });
  if (others === "cut") for (const h of held) await cutHolder(deps, tx, caller, h, pending.terms.reason);
  await record(deps, tx, { what: "break_glass.opened", who: actor(caller), about, outcome: "ok", why: pending.terms.reason, facts: { others, holders: held.length, until: mine.until.toISOString() } });
  tx.onCommit(() => { deps.bus.publish("deadlines"); deps.bus.publish("requests"); });
};

const cutHolder = async (deps: Deps, tx: Tx, caller: Caller, seen: Request<"checked_out">, reason: string): Promise<void> => {
  const r = await requests.lock(tx, seen.id);
  if (isState(r, "checked_out")) await closeCheckout(deps, tx, r, "revoked", caller.person.id, actor(caller), `break-glass by ${caller.person.name}: ${reason}`);
};

/** law I5, its exception: what may be in force, likeliest first; an open rotation touches nothing for `healerPause`, so that what is shown stays true for a while. */
export const underGlass = async (deps: Deps, tx: Tx, caller: Caller, request: RequestId, account: Account): Promise<readonly Shown[]> => {
  const open = await rotations.openOf(tx, account.id), shown = toShow(await versions.of(tx, account.id), account.credential, open, tx.now);
  if (shown.length === 0) throw new Fault("conflict", "The vault holds no password for this account.");
  // One that waits for the end of the use is moved to its new end instead.
  if (open !== null && !waits(open)) {
    const until = new Date(tx.now.getTime() + deps.times.healerPause);
    await accounts.pauseHealer(tx, account.id, until);
    await record(deps, tx, { what: "healer.paused", who: actor(caller), about: { request, account: account.id, rotation: open.id }, outcome: "ok", why: "break-glass looked at the passwords: nothing touches the target for a while", facts: { until: until.toISOString(), in_doubt: inDoubt(account.credential, open, tx.now) } });
  }
  return shown;
};

export const exposureOf = (deps: Pick<Deps, "random">, caller: Caller, account: Account, version: Shown["id"], request: RequestId) =>
  ({ id: newId("exposure", deps.random), person: caller.person.id, account: account.id, version, request, how: "released" as const });
