/**
 * What is live under a lock, or is a disabled person's, ends: checkouts are closed, sessions cut, and the accounts become due. Rule: in the transaction of
 * what ends it, which stands behind `locks.gate`, so that no hand-out under way is missed.
 */
import type { AccountId, PersonId, TargetId } from "../kernel/ids.ts";
import type { LockKind } from "../domain/lock.ts";
import { isState, type Request } from "../domain/request.ts";
import * as accounts from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import * as requests from "../store/requests.ts";
import * as sessions from "../store/sessions.ts";
import { closeCheckout } from "./checkin.ts";
import { cutSoon, type Deps } from "./deps.ts";
import { actor, type Caller } from "./record.ts";

/** `reason` stands with the checkout, `said` is what whoever sits in a session reads. */
export type Ending = { readonly kind: LockKind; readonly id: string; readonly reason: string; readonly said: string };

const struck = async (tx: Tx, { kind, id }: Ending): Promise<Request[]> => {
  const all = (await requests.list(tx, { states: ["checked_out"], limit: 10_000, ...(kind === "person" ? { requester: id as PersonId } : {}), ...(kind === "account" ? { account: id as AccountId } : {}) })).map((l) => l.request);
  if (kind !== "target") return all;
  const on = new Set((await accounts.onTarget(tx, id as TargetId)).map((a) => a.id));
  return all.filter((r) => on.has(r.terms.account));
};
/** Accounts are locked in the order of their ids, each before its requests, as everywhere. */
export const endAccess = async (deps: Deps, tx: Tx, caller: Caller, e: Ending): Promise<{ sessions: number; checkouts: number }> => {
  const open = await sessions.openWhere(tx, e.kind === "broker" ? {} : { [e.kind]: e.id });
  const held = (await struck(tx, e)).toSorted((a, b) => (a.terms.account < b.terms.account ? -1 : 1));
  for (const seen of held) {
    await accounts.lock(tx, seen.terms.account);
    const r = await requests.lock(tx, seen.id);
    if (isState(r, "checked_out")) await closeCheckout(deps, tx, r, "locked", caller.person.id, actor(caller), e.reason, e.said);
  }
  // What is live without a live checkout: it is being closed already, or its end was lost.
  const loose = open.filter((s) => !held.some((r) => r.id === s.request));
  for (const s of loose) await sessions.markCut(tx, s.id, "killed", caller.person.name);
  tx.onCommit(() => { for (const s of loose) cutSoon(deps, s.id, e.said); });
  return { sessions: open.length, checkouts: held.length };
};
