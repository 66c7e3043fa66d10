/** Who begins next, when a time stands still, and when a resting hold is given back. Rule: every claim is tried on any queue and any hour. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { goOn, inOrder, isTurnOf, placeOf, restStep, turnOf, type Rest, type Waiting } from "../../src/domain/queue.ts";
import type { RequestId } from "../../src/kernel/ids.ts";
import { times } from "../../src/kernel/times.ts";

const T0 = 1_800_000_000_000, at = (ms: number): Date => new Date(T0 + ms), now = at(0), MIN = 60_000;
const queue = fc.uniqueArray(fc.record({ id: fc.integer({ min: 0, max: 999 }).map((n) => `req_${String(n)}` as RequestId), approvedAt: fc.integer({ min: -20, max: 0 }).map((m) => at(m * MIN)), offeredUntil: fc.option(fc.integer({ min: -10, max: 10 }).map((m) => at(m * MIN))) }), { selector: (w) => w.id, maxLength: 8 });
const oneOffer = (q: readonly Waiting[]): Waiting[] => { let seen = false; return q.map((w) => { const runs = w.offeredUntil !== null && w.offeredUntil > now, keep = !runs || !seen; seen ||= runs; return keep ? w : { ...w, offeredUntil: null }; }); };

describe("the queue", () => {
  test("is every waiting request once, whatever order the rows come in", () => {
    fc.assert(fc.property(queue, (q) => {
      const a = inOrder(q, now).map((w) => w.id), b = inOrder(q.toReversed(), now).map((w) => w.id);
      expect(a).toEqual(b);
      expect([...a].sort()).toEqual(q.map((w) => w.id).sort());
      for (const w of q) expect(a[placeOf(q, w.id, now)! - 1]).toBe(w.id);
      expect(placeOf(q, "req_none" as RequestId, now)).toBeNull();
    }));
  });
  test("a running offer is nobody else's turn; else the oldest approval without an offer; else whoever comes first", () => {
    fc.assert(fc.property(queue.map(oneOffer), (q) => {
      const turn = turnOf(q, now), running = q.filter((w) => w.offeredUntil !== null && w.offeredUntil > now), fresh = q.filter((w) => w.offeredUntil === null);
      const may = q.filter((w) => isTurnOf(turn, w.id)).map((w) => w.id);
      if (running.length > 0) expect(may).toEqual([running[0]!.id]);
      else if (fresh.length > 0) { expect(may).toHaveLength(1); expect(Math.min(...fresh.map((w) => w.approvedAt.getTime()))).toBe(fresh.find((w) => w.id === may[0])!.approvedAt.getTime()); }
      else expect(may).toEqual(q.map((w) => w.id));
      expect(turn.whose === "nobody").toBe(q.length === 0);
    }));
  });
  test("offers go round: each is offered once, in the order of approval, and then anybody may begin", () => {
    fc.assert(fc.property(queue, (q) => {
      let rows: Waiting[] = q.map((w) => ({ ...w, offeredUntil: null })), clock = 0;
      const told: RequestId[] = [];
      for (;;) {
        const turn = turnOf(rows, at(clock));
        if (turn.whose !== "one") { expect(turn.whose).toBe(q.length === 0 ? "nobody" : "anybody"); break; }
        expect(turn.until).toBeNull();
        told.push(turn.id);
        rows = rows.map((w) => (w.id === turn.id ? { ...w, offeredUntil: at(clock + 5 * MIN) } : w));
        expect(turnOf(rows, at(clock + 5 * MIN - 1))).toMatchObject({ id: turn.id });
        clock += 5 * MIN;
      }
      expect(told).toEqual(inOrder(q.map((w) => ({ ...w, offeredUntil: null })), now).map((w) => w.id));
    }));
  });
  test("time that stood still is given back, never taken", () => {
    fc.assert(fc.property(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: -1e6, max: 1e6 }), (left, pause) => {
      const startBy = at(left), after = goOn(startBy, at(-pause), now);
      expect(after.getTime()).toBe(startBy.getTime() + Math.max(0, pause));
    }));
  });
});

describe("a hold that rests", () => {
  const rest = fc.record({ liveSessions: fc.integer({ min: 0, max: 2 }), lastUseAt: fc.integer({ min: -40, max: 0 }).map((m) => at(m * MIN)), somebodyWaits: fc.boolean(), warnedAt: fc.option(fc.integer({ min: -40, max: 0 }).map((m) => at(m * MIN))) });
  const t = times(1);
  test("law: idle-hold — is never given back in use, with nobody waiting, before 15 minutes of rest, or before 5 minutes of warning", () => {
    fc.assert(fc.property(rest, (r) => {
      if (restStep(r, now, t).do !== "give_back") return;
      expect(r).toMatchObject({ liveSessions: 0, somebodyWaits: true });
      expect(now.getTime() - r.lastUseAt.getTime()).toBeGreaterThanOrEqual(t.idleHold);
      expect(r.warnedAt! >= r.lastUseAt && now.getTime() - r.warnedAt!.getTime() >= t.idleWarn).toBe(true);
    }), { numRuns: 2_000 });
  });
  test("goes warned, then given back, at the moments it names itself; a use or an empty queue forgets the warning", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 60 }), fc.boolean(), (waited, useAgain) => {
      let r: Rest = { liveSessions: 0, lastUseAt: now, somebodyWaits: true, warnedAt: null }, clock = waited * MIN;
      const first = restStep(r, at(clock), t);
      if (first.do === "nothing") { expect(first.at!.getTime()).toBe(T0 + t.idleHold - t.idleWarn); clock = t.idleHold - t.idleWarn; }
      expect(restStep(r, at(clock), t)).toEqual({ do: "warn" });
      r = { ...r, warnedAt: at(clock) };
      const back = restStep(r, at(clock + 1), t);
      expect(back).toEqual({ do: "nothing", at: at(Math.max(t.idleHold, clock + t.idleWarn)) });
      if (useAgain) { expect(restStep({ ...r, lastUseAt: at(clock + 2) }, at(clock + 3), t)).toEqual({ do: "forget" }); expect(restStep({ ...r, somebodyWaits: false }, at(1e9), t)).toEqual({ do: "forget" }); expect(restStep({ ...r, liveSessions: 1 }, at(1e9), t)).toEqual({ do: "forget" }); }
      expect(restStep(r, at(Math.max(t.idleHold, clock + t.idleWarn)), t)).toEqual({ do: "give_back" });
    }));
  });
});
