/**
 * One worker of the broker, as a generator that yields milliseconds: wherever it yields it may be killed or paused.
 * Rule: it decides nothing; production's `next` and `absorb` do, and every save is a production step.
 */
import type { VersionId } from "../../src/kernel/ids.ts";
import { claimable, fenceHolds } from "../../src/domain/rotation-lease.ts";
import { absorbChange, absorbDead, absorbProbe, type ChangeOutcome, type ProbeOutcome } from "../../src/domain/rotation-absorb.ts";
import { next, type Action, type Ask } from "../../src/domain/rotation-next.ts";
import { isOrder, leaving, type Order } from "../../src/domain/order.ts";
import { absorbLeft, expiryOf } from "../../src/domain/order-absorb.ts";
import {
  beginApply, beginDoubt, beginProbe, callIn, later, prepare, refuse, reserveProbe, rest, sendOrder, takeOver, wait,
  type AnyStep, type Appliable, type Rotation,
} from "../../src/domain/rotation.ts";
import { isOpen, type Stored } from "./store.ts";
import { CRASH, T, type World } from "./world.ts";

export type Worker = { readonly life: Generator<number, void>; wakeAt: number; inCall: boolean; memory: Stored | null };
const SOON = 15_000;
type Go<R> = Generator<number, R>;

/** The row as it is now, if it is still the one this worker knows: others may have written beside its state. Else what it remembers, for the store to refuse. */
const asItIs = <R extends Rotation>(w: World, mine: R): R => {
  const { row } = w.store;
  return row !== null && row.id === mine.id && row.state === mine.state && row.fence === mine.fence ? row as R : mine;
};
const save = function* <R extends Rotation>(w: World, mine: R, make: (now: R) => AnyStep | null): Go<Rotation | null> {
  yield w.between(1, 20);
  w.count.steps++;
  const now = asItIs(w, mine), step = make(now);
  if (step === null) return now;
  const row = w.store.save(step);
  if (row !== null) w.wrap.saved?.(w, step);
  w.judge.look();
  return row;
};

/** A claim, then one action after the other until it ends, waits longer than its lease, or somebody else has it. */
export const drive = function* (w: World, me: Worker): Go<void> {
  yield 1;
  const found = w.store.row;
  if (!isOpen(found) || !claimable(found, w.date())) return;
  let r = w.store.save(takeOver(found, w.date(), T));
  while (isOpen(r)) {
    const action = next(r, w.store.facts(), w.date(), T);
    if (action.do === "wait") {
      const ms = action.until.getTime() - w.now;
      if (ms > SOON && r.state !== "applying") { yield* save(w, r as Rotation<"probing">, (now) => rest(now, action.until, action.why)); return; }
      yield Math.max(1, ms);
      continue;
    }
    r = yield* act(w, me, r, action);
  }
};

const act = function* (w: World, me: Worker, r: Rotation, a: Action): Go<Rotation | null> {
  switch (a.do) {
    case "prepare": return yield* prepared(w, me, r as Rotation<"queued">);
    case "apply": {
      const row = yield* save(w, r as Appliable, (now) => beginApply(now, a.as, w.date(), T));
      return row?.state === "applying" ? yield* touch(w, me, row, a.from) : null;
    }
    case "probe": return yield* probe(w, me, r as Rotation<"probing">, a.order[0]);
    case "postpone": return yield* save(w, r as Rotation<"waiting">, (now) => wait(now, a.why, w.date(), T));
    case "refuse": return yield* save(w, r as Rotation<"prepared">, (now) => refuse(now, a.why, w.store.facts(), w.date(), T));
    case "take_over": return yield* save(w, r as Rotation<"applying">, (now) => takeOver(now, w.date(), T));
    case "order": return yield* ordered(w, me, r as Rotation<"prepared">);
    case "call_in": return yield* save(w, r as Rotation<"prepared">, (now) => (isOrder(now.order, "wished", "sent", "placed") ? callIn(now, now.order, w.store.account.usedNo) : null));
    default: return null;
  }
};

const prepared = function* (w: World, me: Worker, r: Rotation<"queued">): Go<Rotation | null> {
  let id = r.candidate;
  if (id === null) {
    id = w.name("ver") as VersionId;
    const v: Stored = { id, no: w.store.versions.length, status: "candidate", password: w.name("pw"), bad: w.chance(0.08, "policy") };
    if (w.wrap.saveLate) me.memory = v; else w.store.tx(() => w.store.versions.push(v));
    yield w.between(1, 10); // the journal's fsync
  }
  return yield* save(w, r, (now) => prepare(now, id, w.store.account.usedNo));
};

/** Our lease has to outlive the call: it is stretched where it would not, while the fence is still ours; a login is counted anew then. */
const mine = (w: World, r: Rotation, login: boolean): boolean => {
  const { row } = w.store;
  if (w.wrap.noFence === true) return true;
  if (row?.id !== r.id || row.fence !== r.fence || row.leaseUntil === null) return false;
  if (fenceHolds(row, r.fence, w.date(), T)) return true;
  if (login && !w.store.reserve()) return false;
  w.store.row = { ...row, leaseUntil: later(w.date(), T.rotationLease) };
  return true;
};
/** On the way to the target with the candidate; null: somebody else has the row. */
const onTheWay = function* (w: World, me: Worker, r: Rotation<"prepared" | "applying">): Go<Stored | null> {
  yield w.between(1, 20);
  if (!mine(w, r, r.state === "applying" && r.as === "self")) { w.count.fenced++; return null; }
  const candidate = w.store.version(r.candidate) ?? me.memory;
  if (candidate === null) throw CRASH;
  me.inCall = true;
  yield w.between(5, T.changeLimit / 2);
  return candidate;
};

const touch = function* (w: World, me: Worker, r: Rotation<"applying">, from: VersionId | null): Go<Rotation | null> {
  const to = yield* onTheWay(w, me, r);
  if (to === null) return null;
  const answer = w.agent?.change({ rotation: r.id, no: to.no, fence: r.fence }, to) ?? w.target.change(r.as === "self" ? "self" : "helper", w.store.version(from)?.password ?? null, to);
  const outcome: ChangeOutcome = w.wrap.change?.(answer) ?? answer;
  me.inCall = false;
  yield w.between(1, 50);
  if (me.memory !== null) { w.store.versions.push(me.memory); me.memory = null; }
  return yield* save(w, r, (now) => absorbChange(now, outcome, w.store.facts(), w.date(), T));
};

const probe = function* (w: World, me: Worker, start: Rotation<"prepared" | "probing" | "dead_letter">, ask: Ask): Go<Rotation | null> {
  if (start.state === "prepared") return yield* save(w, start, (now) => (isOrder(now.order, "called", "over") ? beginDoubt(now, now.order, w.date()) : beginProbe(now as Rotation<"prepared"> & { origin: "local" })));
  const instead = start.state === "probing" && start.origin !== "local" ? w.wrap.instead?.(start) : undefined;
  if (instead !== undefined && start.state === "probing") return yield* save(w, start, (now) => absorbProbe(now, instead, w.store.facts(), w.date(), T));
  const reserved: Rotation | null = ask.by === "login" ? yield* save(w, start as Rotation<"probing">, (now) => reserveProbe(now, w.date(), T)) : start;
  if (reserved === null || !(reserved.state === "probing" || reserved.state === "dead_letter")) return null;
  yield w.between(1, 20);
  if (ask.by === "login" && !mine(w, reserved, true)) { w.count.fenced++; return null; }
  me.inCall = true;
  yield w.between(5, 5_000);
  const outcome = asked(w, ask);
  me.inCall = false;
  yield w.between(1, 50);
  return reserved.state === "probing"
    ? yield* save(w, reserved, (now) => absorbProbe(now, w.wrap.probed?.(reserved, outcome) ?? outcome, w.store.facts(), w.date(), T))
    : yield* save(w, reserved, (now) => absorbDead(now, outcome, w.store.facts(), w.date(), T));
};

/** flow/order-place.ts: the intent, the agent, and what came of it. */
const ordered = function* (w: World, me: Worker, r: Rotation<"prepared">): Go<Rotation | null> {
  const sent = yield* save(w, r, (now) => (isOrder(now.order, "wished", "sent", "placed") ? sendOrder(now, leaving(now.order, now.fence, 1, T)) : null));
  if (sent === null || !isOrder(sent.order, "sent") || sent.state !== "prepared") return sent;
  const o: Order<"sent"> = sent.order;
  const candidate = yield* onTheWay(w, me, sent);
  if (candidate === null) return null;
  const left = w.agent!.place({ rotation: sent.id, no: candidate.no, fence: o.fence, due: o.wanted.getTime(), expires: expiryOf(o, T).getTime(), now: w.now }, candidate);
  me.inCall = false;
  yield w.between(1, 50);
  return yield* save(w, sent, (now) => (isOrder(now.order, "sent") ? absorbLeft(now, now.order, o, w.wrap.left?.(left) ?? left, w.date(), T) : null));
};

const asked = (w: World, ask: Ask): ProbeOutcome => {
  if (ask.by === "compare") {
    const found = w.target.compare(ask.versions.map((id) => w.store.version(id)?.password ?? ""));
    if (typeof found === "object") return { ...found, by: "compare" };
    return found === "none" ? "none_matches" : { match: ask.versions[found]!, by: "compare" };
  }
  const answer = w.target.login(w.store.version(ask.version)?.password ?? "");
  if (typeof answer === "object") return { ...answer, by: "login" };
  return answer === "yes" ? { match: ask.version, by: "login" } : { refused_login: ask.version };
};
