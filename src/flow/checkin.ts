/** Giving back, and every other end of a checkout. Rule: it never fails because the target is down; sessions are cut after the commit, and the account's due-ness is looked at. */
import { Fault } from "../kernel/fault.ts";
import type { PersonId, RequestId, SessionId } from "../kernel/ids.ts";
import type { Actor } from "../domain/audit.ts";
import { may } from "../domain/may.ts";
import { close, expire, isState, notBegunInTime, type CloseWhy, type Request } from "../domain/request.ts";
import type { EndedWhy } from "../domain/session.ts";
import * as accounts from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import * as requests from "../store/requests.ts";
import * as sessions from "../store/sessions.ts";
import type { Deps } from "./deps.ts";
import { actor, broker, record, type Caller } from "./record.ts";
import { rotateAfterUse } from "./rotate.ts";

const CUT: Record<CloseWhy, EndedWhy> = { checked_in: "checked_in", entries_used: "checked_in", expired: "expired", revoked: "revoked", locked: "killed", idle_hold: "idle" };
const SAID: Record<CloseWhy, string> = {
  checked_in: "you gave the account back", entries_used: "this approval was for one session", expired: "your time with this account is over", revoked: "your access was revoked", locked: "an administrator locked this", idle_hold: "the account was not used for a while and somebody else waits",
};

const saying = (why: CloseWhy, reason: string): string => (reason ? `${SAID[why]}: ${reason}` : SAID[why]);

/** In the caller's transaction: the step, its event, the mark on every live session; the cut follows the commit, and says `said` to whoever is in one. */
export const closeCheckout = async (deps: Deps, tx: Tx, r: Request<"checked_out">, why: CloseWhy, by: PersonId | null, who: Actor, reason: string, said = saying(why, reason)): Promise<Request> => {
  const closed = await requests.save(tx, close(r, why, by, reason, tx.now));
  const open = await sessions.openWhere(tx, { request: r.id });
  for (const s of open) await sessions.markCut(tx, s.id, CUT[why], who.kind === "person" ? who.name : "broker");
  await record(deps, tx, { what: why === "revoked" ? "request.revoked" : "checkout.closed", who, about: { request: r.id, account: r.terms.account }, outcome: "ok", why: reason || SAID[why], facts: { closed: why, sessions: open.length } });
  tx.onCommit(() => { deps.bus.publish("requests"); void cutAndRotate(deps, r, open.map((s) => s.id), CUT[why], said); });
  return closed;
};

const cutAndRotate = async (deps: Deps, r: Request, open: readonly SessionId[], why: EndedWhy, message: string): Promise<void> => {
  await Promise.all(open.map((s) => deps.cut(s, why, message).catch((e: unknown) => deps.log("warn", `cut ${s}: ${String(e)}`))));
  // A lost hook loses nothing: the sweep derives the same.
  await rotateAfterUse(deps, r.terms.account).catch((e: unknown) => deps.log("warn", `rotation after ${r.id}: ${e instanceof Error ? e.message : String(e)}`));
};

export const giveBack = (deps: Deps, caller: Caller, id: RequestId): Promise<Request> => deps.db.transaction(async (tx) => {
  const seen = await requests.find(tx, id);
  if (!seen || !may(caller.person, "checkout.close", { requester: seen.requester })) throw new Fault("not_found", "No such request.");
  await accounts.lock(tx, seen.terms.account);
  const r = await requests.lock(tx, id);
  if (isState(r, "closed", "reviewed")) return r;
  if (!isState(r, "checked_out")) throw new Fault("conflict", `There is nothing to give back: this request is ${r.state}.`);
  return closeCheckout(deps, tx, r, "checked_in", caller.person.id, actor(caller), "");
});

/** Time is up for a pending, approved or checked-out request. Called by the deadline timer and the sweep; false when it is not so. */
export const expireRequest = (deps: Deps, id: RequestId): Promise<boolean> => deps.db.transaction(async (tx) => {
  const seen = await requests.find(tx, id);
  if (!seen) return false;
  await accounts.lock(tx, seen.terms.account);
  const r = await requests.lock(tx, id);
  if (isState(r, "checked_out") && r.until <= tx.now) { await closeCheckout(deps, tx, r, "expired", null, broker("clock"), ""); return true; }
  const over = (isState(r, "pending") && r.expiresAt <= tx.now) || (isState(r, "approved") && notBegunInTime(r, tx.now));
  if (!over) return false;
  await requests.save(tx, expire(r as Request<"pending">, tx.now));
  await record(deps, tx, { what: "request.expired", who: broker("clock"), about: { request: r.id, account: r.terms.account }, outcome: "ok", why: r.state === "pending" ? "nobody decided in time" : "the approval was not used in time" });
  tx.onCommit(() => deps.bus.publish("requests"));
  return true;
});
