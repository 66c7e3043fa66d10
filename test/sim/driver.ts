/**
 * One worker of the broker, as a generator that yields milliseconds: wherever it yields it may be killed or paused.
 * Rule: it decides nothing; production's `next` and `absorb` do, and every save is a production step.
 */
import type { VersionId } from "../../src/kernel/ids.ts";
import { claimable, fenceHolds } from "../../src/domain/rotation-lease.ts";
import { absorbChange, absorbDead, absorbProbe, type ChangeOutcome, type ProbeOutcome } from "../../src/domain/rotation-absorb.ts";
import { next, type Action, type Ask } from "../../src/domain/rotation-next.ts";
import {
  beginApply, beginProbe, prepare, refuse, reserveProbe, rest, takeOver, wait,
  type AnyStep, type Appliable, type Rotation,
} from "../../src/domain/rotation.ts";
import { isOpen, type Stored } from "./store.ts";
import { CRASH, T, type World } from "./world.ts";

export type Worker = { readonly life: Generator<number, void>; wakeAt: number; inCall: boolean; memory: Stored | null };
const SOON = 15_000;
type Go<R> = Generator<number, R>;

const save = function* (w: World, step: AnyStep): Go<Rotation | null> {
  yield w.between(1, 20);
  w.count.steps++;
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
      if (ms > SOON && r.state !== "applying") { yield* save(w, rest(r, action.until, action.why)); return; }
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
      const row = yield* save(w, beginApply(r as Appliable, a.as, w.date(), T));
      return row?.state === "applying" ? yield* touch(w, me, row, a.from) : null;
    }
    case "probe": return yield* probe(w, me, r as Rotation<"probing">, a.order[0]);
    case "postpone": return yield* save(w, wait(r as Rotation<"waiting">, a.why, w.date(), T));
    case "refuse": return yield* save(w, refuse(r as Rotation<"prepared">, a.why, w.store.facts(), w.date(), T));
    case "take_over": return yield* save(w, takeOver(r as Rotation<"applying">, w.date(), T));
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
  return yield* save(w, prepare(r, id, w.store.account.usedNo));
};

const mine = (w: World, r: Rotation): boolean => w.wrap.noFence === true || (w.store.row?.id === r.id && fenceHolds(w.store.row, r.fence, w.date(), T));

const touch = function* (w: World, me: Worker, r: Rotation<"applying">, from: VersionId | null): Go<Rotation | null> {
  yield w.between(1, 20);
  if (!mine(w, r)) { w.count.fenced++; return null; }
  const to = w.store.version(r.candidate) ?? me.memory;
  if (to === null) throw CRASH;
  me.inCall = true;
  yield w.between(5, T.changeLimit / 2);
  const answer = w.target.change(r.as === "self" ? "self" : "helper", w.store.version(from)?.password ?? null, to);
  const outcome: ChangeOutcome = w.wrap.change?.(answer) ?? answer;
  me.inCall = false;
  yield w.between(1, 50);
  if (me.memory !== null) { w.store.versions.push(me.memory); me.memory = null; }
  return yield* save(w, absorbChange(r, outcome, w.store.facts(), w.date(), T));
};

const probe = function* (w: World, me: Worker, start: Rotation<"prepared" | "probing" | "dead_letter">, ask: Ask): Go<Rotation | null> {
  if (start.state === "prepared") return yield* save(w, beginProbe(start as Rotation<"prepared"> & { origin: "local" }));
  const instead = start.state === "probing" && start.origin !== "local" ? w.wrap.instead?.(start) : undefined;
  if (instead !== undefined && start.state === "probing") return yield* save(w, absorbProbe(start, instead, w.store.facts(), w.date(), T));
  const reserved: Rotation | null = ask.by === "login" ? yield* save(w, reserveProbe(start, w.date(), T)) : start;
  if (reserved === null || !(reserved.state === "probing" || reserved.state === "dead_letter")) return null;
  yield w.between(1, 20);
  if (ask.by === "login" && !mine(w, reserved)) { w.count.fenced++; return null; }
  me.inCall = true;
  yield w.between(5, 5_000);
  const outcome = asked(w, ask);
  me.inCall = false;
  yield w.between(1, 50);
  const facts = w.store.facts(), now = w.date();
  return reserved.state === "probing"
    ? yield* save(w, absorbProbe(reserved, w.wrap.probed?.(reserved, outcome) ?? outcome, facts, now, T))
    : yield* save(w, absorbDead(reserved, outcome, facts, now, T));
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
