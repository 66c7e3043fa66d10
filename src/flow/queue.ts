/** The queue of an exclusive account, tended. Rule: it is derived from approved requests and read again under the account's lock; a wake-up lost costs one sweep. */
import type { AccountId, RequestId } from "../kernel/ids.ts";
import { times, type Times } from "../kernel/times.ts";
import { handedOut } from "../domain/account.ts";
import { isOpen } from "../domain/hours.ts";
import { goOn, inOrder, isTurnOf, placeOf, restStep, turnOf, type QueuePlace, type Turn, type Waiting } from "../domain/queue.ts";
import { isState, type Request } from "../domain/request.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as policies from "../store/policies.ts";
import * as queue from "../store/queue.ts";
import * as requests from "../store/requests.ts";
import * as sessions from "../store/sessions.ts";
import * as targets from "../store/targets.ts";
import { closeCheckout } from "./checkin.ts";
import type { Deps } from "./deps.ts";
import { obstacleNow, stillEnding } from "./obstacle.ts";
import { broker, record } from "./record.ts";

type Approved = Request<"approved">;
const about = (r: Request) => ({ request: r.id, account: r.terms.account, person: r.requester });

/** Offers the account to the head when it is free, lets `startBy` run only then, and takes back a hold that rests while somebody waits. When to look again. */
export const tendQueue = (deps: Deps, id: AccountId): Promise<Date | null> => deps.db.transaction(async (tx) => {
  if (deps.passive.why !== null) return null;
  const account = await accounts.lock(tx, id), target = (await targets.find(tx, account.target))!;
  const all = await queue.waiting(tx, id), waiting = await openNow(tx, deps.times, all, tx.now), holder = (await requests.live(tx, id)).find((r) => r.exclusive);
  const free = holder === undefined && !handedOut(account) && (await obstacleNow(deps, tx, account, target)) === null && (await stillEnding(tx, id)).length === 0;
  const turn: Turn = free ? turnOf(waiting, tx.now) : { whose: "nobody" };
  for (const r of all) await letRun(deps, tx, r, isTurnOf(turn, r.id) && waiting.some((x) => x.id === r.id));
  const offered = await offer(deps, tx, turn, waiting);
  return holder ? rest(deps, tx, holder, waiting.length > 0) : offered;
});

type Queued = Approved & Pick<Waiting, "bookedUntil">;
/** Who waits and may use their policy at this hour; a window that has begun goes first for a while. */
const openNow = async (db: Reader, times: Pick<Times, "idleHold">, all: readonly Approved[], now: Date): Promise<Queued[]> => {
  const rules = new Map((await policies.all(db)).map((p) => [p.id, p]));
  return all.filter((r) => isOpen(rules.get(r.terms.policy)!.terms.hours, now)).map((r) => ({ ...r, bookedUntil: r.terms.window ? new Date(Date.parse(r.terms.window.from) + times.idleHold) : null }));
};

const letRun = async (deps: Deps, tx: Tx, r: Approved, itsTurn: boolean): Promise<void> => {
  if (itsTurn && r.pausedAt) await queue.note(tx, r.id, { pausedAt: null, startBy: r.terms.window ? r.startBy : goOn(r.startBy, r.pausedAt, tx.now) });
  if (!itsTurn && !r.pausedAt) await queue.note(tx, r.id, { pausedAt: tx.now });
  if (itsTurn === (r.pausedAt !== null)) tx.onCommit(() => { deps.bus.publish(r.id); deps.bus.publish("deadlines"); });
};

/** Told once per turn, and only where there was something to wait for. */
const offer = async (deps: Deps, tx: Tx, turn: Turn, waiting: readonly Approved[]): Promise<Date | null> => {
  if (turn.whose !== "one" || turn.until !== null) return turn.whose === "one" ? turn.until : null;
  const head = waiting.find((r) => r.id === turn.id)!;
  if (waiting.length === 1 && head.pausedAt === null) return null;
  const until = new Date(tx.now.getTime() + deps.times.offer);
  await queue.note(tx, head.id, { offeredUntil: until });
  await record(deps, tx, { what: "queue.offered", who: broker("queue"), about: about(head), outcome: "ok", why: "the account is free, and this request is next", facts: { until: until.toISOString(), waiting: waiting.length } });
  return until;
};

const rest = async (deps: Deps, tx: Tx, seen: Request<"checked_out">, somebodyWaits: boolean): Promise<Date | null> => {
  const r = await requests.lock(tx, seen.id);
  if (!isState(r, "checked_out")) return null;
  const liveSessions = (await sessions.openWhere(tx, { request: r.id })).length;
  const step = restStep({ liveSessions, somebodyWaits, lastUseAt: await queue.lastUse(tx, r), warnedAt: r.idleWarnedAt }, tx.now, deps.times);
  if (step.do === "nothing") return step.at;
  if (step.do === "give_back") { await closeCheckout(deps, tx, r, "idle_hold", null, broker("queue"), ""); return null; }
  await queue.note(tx, r.id, { idleWarnedAt: step.do === "warn" ? tx.now : null });
  tx.onCommit(() => deps.bus.publish(r.id));
  if (step.do === "forget") return new Date(tx.now.getTime() + deps.times.idleWarn);
  const backAt = new Date(tx.now.getTime() + deps.times.idleWarn);
  await record(deps, tx, { what: "checkout.idle_warned", who: broker("queue"), about: about(r), outcome: "ok", why: "not used for a while, and somebody waits: use it or it is given back", facts: { back_at: backAt.toISOString() } });
  return backAt;
};

/** For those who only look: real life's own times. */
const WHOLE = times(1);

/** The place of an approved request of an exclusive account; null for every other. For pages, API, and whoever waits in a terminal. */
export const queuePlace = async (db: Reader, id: RequestId): Promise<QueuePlace | null> => {
  const r = await requests.find(db, id);
  if (!r || !r.exclusive || !isState(r, "approved")) return null;
  const now = await queue.clock(db), waiting = await openNow(db, WHOLE, await queue.waiting(db, r.terms.account), now), place = placeOf(waiting, r.id, now);
  if (place === null) return null;
  const account = (await accounts.find(db, r.terms.account))!, holder = (await requests.holds(db, account.id)).find((h) => h.exclusive) ?? null;
  const busy = account.credential !== "in_sync" || account.block !== "none" || account.usedNo > account.rotatedNo;
  const yours = holder === null && !busy && isTurnOf(turnOf(waiting, now), r.id), offeredUntil = r.offeredUntil && r.offeredUntil > now ? r.offeredUntil : null;
  return { place, of: waiting.length, yours, offeredUntil, holder, says: sentence({ place, of: waiting.length, yours, offeredUntil, holder, busy }) };
};
const clock = (d: Date): string => `${d.toISOString().slice(11, 16)} UTC`;
const sentence = (p: Omit<QueuePlace, "says"> & { busy: boolean }): string => {
  const at = p.of > 1 ? ` You are number ${p.place} of ${p.of} in its queue.` : " You are next.";
  if (p.holder) return `${p.holder.personName} holds this account until ${clock(p.holder.until)} at the latest.${at}`;
  if (p.busy) return `Its password is being changed or looked at.${at}`;
  if (p.yours) return p.offeredUntil ? `It is yours to begin; until ${clock(p.offeredUntil)} before anybody else.` : "It is yours to begin.";
  return `It is free, and offered to somebody who was approved before.${at}`;
};

/** Why an approved request may not begin now as far as others are concerned, or null. Asked under the account's lock. */
export const queueObstacle = async (deps: Pick<Deps, "times">, tx: Tx, r: Approved): Promise<string | null> => {
  const waiting = await openNow(tx, deps.times, await queue.waiting(tx, r.terms.account), tx.now), turn = turnOf(waiting, tx.now), place = placeOf(waiting, r.id, tx.now);
  const at = waiting.length > 1 ? ` You are number ${place ?? waiting.length} of ${waiting.length} in its queue.` : "";
  const holder = (await requests.live(tx, r.terms.account)).find((h) => h.exclusive && h.id !== r.id);
  if (holder?.requester === r.requester) return "You hold this account already, by another request of yours. Give that back first.";
  if (holder) return `Somebody else holds this account. It is yours when they give it back or their time is up.${at}`;
  // Two requests of one person do not wait for each other.
  if (isTurnOf(turn, r.id) || (turn.whose === "one" && waiting.find((x) => x.id === turn.id)?.requester === r.requester)) return null;
  const until = inOrder(waiting, tx.now)[0]?.offeredUntil;
  return `This account is free, but somebody who was approved before you may begin first${until ? `, until ${clock(until)}` : ""}.${at}`;
};
