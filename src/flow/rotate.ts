/** Opening and driving rotations. Rule: the row is the truth; `drive` may be called twice, late or never, and the next claim goes on where this one stopped. */
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId, type PersonId, type RotationId, type TargetId, type VersionId } from "../kernel/ids.ts";
import { byHand, isDue, joinOrAgain, strictest, type Use } from "../domain/due.ts";
import { isOrder, waits, type Order } from "../domain/order.ts";
import { next } from "../domain/rotation-next.ts";
import { beginDoubt, beginProbe, callIn, later, open as opening, refuse, takeOver, wait, type Appliable, type OpenState, type Origin, type Rotation, type Trigger } from "../domain/rotation.ts";
import { handedOut, type Account } from "../domain/account.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as policies from "../store/policies.ts";
import * as requests from "../store/requests.ts";
import * as rotations from "../store/rotations.ts";
import { Fenced } from "../store/rotations.ts";
import * as sessions from "../store/sessions.ts";
import * as versions from "../store/versions.ts";
import { beforeThat, openBefore } from "./dependent-open.ts";
import type { Deps } from "./deps.ts";
import { broker, record } from "./record.ts";
import { placeOrder } from "./order-place.ts";
import { prepareCandidate } from "./rotation-candidate.ts";
import { loadForWork, loadWorld, Unreadable } from "./rotation-load.ts";
import { saveStep, underLock } from "./rotation-save.ts";
import { applyChange, askTarget } from "./rotation-touch.ts";

type Wish = { readonly trigger: Trigger; readonly reason: string; readonly by: PersonId | null; readonly origin?: Origin; readonly candidate?: VersionId; readonly order?: Order<"wished"> };

/** Opens a rotation, or joins the open one where its candidate covers this wish; else the open one opens the next. The account's row is locked by the caller. */
export const openRotation = async (deps: Deps, tx: Tx, account: Account, wish: Wish): Promise<RotationId> => {
  const found = await rotations.openOf(tx, account.id) as Rotation<OpenState> | null, existing = found && await calledIn(deps, tx, found, account);
  if (existing) {
    const joined = joinOrAgain(existing, wish.trigger, account);
    if (joined.do === "again") await rotations.save(tx, joined.step);
    return existing.id;
  }
  const r = opening({ id: newId("rotation", deps.random), account: account.id, trigger: wish.trigger, reason: wish.reason, by: wish.by, origin: wish.origin ?? "generated", before: account.credential, candidate: wish.candidate ?? null, ...(wish.order ? { order: wish.order } : {}) });
  if (!(await rotations.open(tx, r))) throw new Fault("conflict", "Another rotation of this account was opened a moment ago.");
  await record(deps, tx, { what: "rotation.opened", who: broker("rotation"), about: { rotation: r.id, account: account.id, ...(wish.by ? { person: wish.by } : {}) }, outcome: "ok", why: wish.reason, facts: { trigger: wish.trigger } });
  tx.onCommit(() => deps.bus.publish("rotations"));
  return r.id;
};

/** A change that waits with an agent for the end of a use is made now, by us: with the very candidate that was left there. */
const calledIn = async (deps: Deps, tx: Tx, r: Rotation<OpenState>, account: Account): Promise<Rotation<OpenState>> => {
  if (!waits(r) || !isOrder(r.order, "wished", "sent", "placed")) return r;
  const saved = await rotations.save(tx, callIn(r as Rotation<"prepared">, r.order, account.usedNo));
  await record(deps, tx, { what: "rotation.step", who: broker("rotation"), about: { rotation: r.id, account: account.id }, outcome: "ok", why: "the use is over: the change that was prepared for its end is made now", facts: { order: saved.order?.state ?? null } });
  tx.onCommit(() => deps.bus.publish("rotations"));
  return saved as Rotation<OpenState>;
};

/** law due-derived: re-reads the predicate under the row lock; calling it twice, late, from any road gives the same. */
export const rotateAfterUse = (deps: Deps, id: AccountId): Promise<RotationId | null> => deps.db.transaction(async (tx) => {
  const account = await accounts.lock(tx, id);
  if (deps.passive.why !== null || !isDue(await useOf(tx, account), tx.now, deps.times)) return null;
  return openRotation(deps, tx, account, { trigger: "end_of_use", reason: handedOut(account) ? "the last use is over" : "a person typed it, and its time is over", by: null });
});

/** What due-ness is derived from. The strictest preset of the live checkouts counts. */
export const useOf = async (tx: Reader, account: Account): Promise<Use> => {
  const held = await requests.live(tx, account.id), open = await sessions.openWhere(tx, { account: account.id });
  const policy = held[0] ? await policies.find(tx, held[0].terms.policy) : null, current = account.current ? await versions.find(tx, account.current) : null;
  return {
    credential: account.credential, usedNo: account.usedNo, rotatedNo: account.rotatedNo, typedRun: account.typedRun, preset: strictest(held.map((h) => h.terms.preset)),
    liveSessions: open.length, liveCheckouts: held.length, lastSessionEndedAt: await accounts.lastUseEnded(tx, account.id),
    reconnectGrace: policy ? policy.terms.reconnectGraceSeconds * 1_000 : null, typedAt: current && byHand(current.origin) ? current.createdAt : null,
  };
};

/** Claims one rotation whose time has come: fence + 1 and a fresh lease. Null: nothing to do, or somebody else was quicker. */
export const claim = async (deps: Deps, busy: readonly RotationId[]): Promise<Rotation | null> => (await claimFor(deps, busy, []))?.rotation ?? null;
export type ClaimedRotation = { readonly id: RotationId; readonly target: TargetId; readonly rotation: Rotation };
/** The same, of no target that has its share already. */
export const claimFor = async (deps: Deps, busy: readonly RotationId[], full: readonly TargetId[]): Promise<ClaimedRotation | null> => {
  for (;;) { const found = await claimOne(deps, busy, full); if (found !== "put_off") return found; }
};
const claimOne = (deps: Deps, busy: readonly RotationId[], full: readonly TargetId[]): Promise<ClaimedRotation | null | "put_off"> => deps.db.transaction(async (tx) => {
  const hint = await rotations.claimable(tx, busy, full);
  if (!hint) return null;
  const account = await accounts.lock(tx, hint.account), r = await rotations.lock(tx, hint.id);
  if (!rotations.isClaimable(r, tx.now)) return null;
  const world = await loadWorld(deps, tx, account, tx.now).catch((e: unknown) => { if (e instanceof Unreadable) return e; throw e; });
  if (world instanceof Unreadable) return putOff(deps, tx, r, world.message);
  return { id: hint.id, target: hint.target, rotation: await saveStep(deps, tx, takeOver(r as Rotation<OpenState>, tx.now, deps.times), world) };
});
/** Nothing is known of it, so nothing is decided: its row waits, and whoever is next in line does not. */
const putOff = async (deps: Deps, tx: Tx, r: Rotation, why: string): Promise<"put_off"> => {
  await rotations.sleep(tx, r, later(tx.now, deps.times.retryMax), why);
  tx.onCommit(() => deps.log("error", `rotation ${r.id} waits: ${why}`));
  return "put_off";
};

/** Goes on until there is nothing to do now. Fenced or a database error: stop at once; the row tells the next owner everything. */
export const drive = async (deps: Deps, claimed: Rotation): Promise<void> => {
  try {
    for (let turn = 0; turn < 200; turn++) if (!(await oneTurn(deps, claimed))) return;
  } catch (e) {
    if (e instanceof Fenced) return deps.log("info", e.message);
    deps.log("error", `rotation ${claimed.id} stopped: ${e instanceof Error ? e.message : String(e)}`);
  }
};

/** True: look again at once. */
const oneTurn = async (deps: Deps, claimed: Rotation): Promise<boolean> => {
  const seen = await deps.db.transaction(async (tx) => {
    const { r, w } = await loadForWork(deps, tx, claimed);
    if (r.fence !== claimed.fence) throw new Fenced(`rotation ${r.id} is no longer ours`);
    const action = next(r, { ...w.facts, before: await beforeThat(tx, r) }, tx.now, deps.times);
    if (action.do === "before") await openBefore(deps, tx, r);
    if (action.do === "wait" || action.do === "before") await rotations.sleep(tx, r, action.do === "wait" ? action.until : later(tx.now, deps.times.sweep));
    if (action.do === "call_in") await calledIn(deps, tx, r as Rotation<OpenState>, w.account);
    if (action.do === "take_over") await saveStep(deps, tx, takeOver(r as Rotation<OpenState>, tx.now, deps.times), w);
    return { r, action };
  });
  const { r, action } = seen;
  switch (action.do) {
    case "nothing": case "wait": case "take_over": case "before": return false;
    case "call_in": return true;
    case "order": await placeOrder(deps, r as Rotation<"prepared">); return true;
    case "prepare": await prepareCandidate(deps, r as Rotation<"queued">); return true;
    case "apply": await applyChange(deps, r as Appliable, action.as, action.from); return true;
    case "postpone": await underLock(deps, r as Rotation<"prepared">, (tx, now, w) => saveStep(deps, tx, wait(now, action.why, tx.now, deps.times), w)); return true;
    case "refuse": await underLock(deps, r as Rotation<"prepared">, (tx, now, w) => saveStep(deps, tx, refuse(now, action.why, w.facts, tx.now, deps.times), w)); return true;
    case "probe":
      if (r.state === "prepared") await underLock(deps, r as Rotation<"prepared">, (tx, now, w) => saveStep(deps, tx, isOrder(now.order, "called", "over") ? beginDoubt(now, now.order, tx.now) : beginProbe(now as Rotation<"prepared"> & { origin: "local" }), w));
      else await askTarget(deps, r as Rotation<"probing">, action.order[0]);
      return true;
  }
};

