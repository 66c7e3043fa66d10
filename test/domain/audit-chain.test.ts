/** What the gap check says, whatever was done to the chain. Rule: every single tampering is found at its own number; an untouched chain never is. */
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endWalk, follow, percent, verdictOf, type Check, type Link, type Walked } from "../../src/domain/audit-chain.ts";

const GENESIS = "0".repeat(64), start: Walked = { next: 0, hash: GENESIS, events: 0, faults: 0, findings: [] };
const hashOf = (index: number, prev: string, content: string): string => createHash("sha256").update(`${index} ${prev} ${content}`).digest("hex");
type Event = { index: number; prevHash: string; content: string; hash: string };
const chain = (n: number): Event[] => {
  const out: Event[] = [];
  for (let index = 0, prevHash = GENESIS; index < n; index++) { const content = `event ${index}`, hash = hashOf(index, prevHash, content); out.push({ index, prevHash, content, hash }); prevHash = hash; }
  return out;
};
const linkOf = (e: Event): Link => ({ index: e.index, prevHash: e.prevHash, hash: e.hash, own: hashOf(e.index, e.prevHash, e.content) });
/** In turns of any size, as the job does it. */
const walk = (events: readonly Event[], turns: number, upTo: number): Walked => {
  let w = start;
  for (let i = 0; i < events.length; i += turns) w = follow(w, events.slice(i, i + turns).map(linkOf));
  return endWalk(w, upTo, null);
};
const size = fc.integer({ min: 1, max: 60 }), turns = fc.integer({ min: 1, max: 70 });

describe("the walk", () => {
  it("finds nothing in a whole chain, however it is cut into turns", () => {
    fc.assert(fc.property(size, turns, (n, t) => { const w = walk(chain(n), t, n - 1); expect([w.faults, w.events, w.next, w.hash]).toEqual([0, n, n, chain(n).at(-1)!.hash]); }));
  });
  const TAMPER: Record<string, (e: Event[], i: number) => Event[]> = {
    "a changed content": (e, i) => e.map((x, k) => (k === i ? { ...x, content: "other" } : x)),
    "a changed content with a hash of its own": (e, i) => e.map((x, k) => (k === i ? { ...x, content: "other", hash: hashOf(x.index, x.prevHash, "other") } : x)),
    "a removed event": (e, i) => e.filter((_, k) => k !== i),
    "two removed events": (e, i) => e.filter((_, k) => k !== i && k !== i + 1),
    "a changed link": (e, i) => e.map((x, k) => (k === i ? { ...x, prevHash: "f".repeat(64) } : x)),
    "a cut tail": (e, i) => e.slice(0, i),
  };
  it.each(Object.entries(TAMPER))("finds %s at its number or the one after", (name, tamper) => {
    fc.assert(fc.property(fc.integer({ min: 3, max: 60 }), turns, fc.nat(), (n, t, k) => {
      const i = k % (n - 1), w = walk(tamper(chain(n), i), t, n - 1);
      expect(w.faults, name).toBeGreaterThan(0);
      expect([i, i + 1]).toContain(w.findings[0]!.at);
    }));
  });
  it("counts every missing number and names the range", () => {
    const w = walk(chain(20).filter((e) => e.index < 5 || e.index > 9), 7, 19);
    expect([w.faults, w.findings]).toEqual([5, [{ at: 5, why: "numbers 5 to 9 are missing" }]]);
  });
  it("an earlier head that is gone or another now is named, however well the rest was made again", () => {
    const w = follow(start, chain(4).map(linkOf));
    expect(endWalk(w, 3, { index: 3, hash: "x", now: w.hash }).findings[0]!.why).toMatch(/rewritten/);
    expect(endWalk(w, 3, { index: 9, hash: "x", now: null }).findings[0]!.why).toMatch(/it is gone/);
    expect(endWalk(w, 3, { index: 3, hash: w.hash, now: w.hash }).faults).toBe(0);
  });
  it("names 50 faults and counts all", () => {
    const w = walk(chain(200).map((e) => ({ ...e, content: "x" })), 30, 199);
    expect([w.findings.length, w.faults]).toEqual([50, 200]);
  });
});

it("says it in words: range, head, and what has no number", () => {
  const at = new Date(0), c: Check = { id: "chk", state: "whole", at, endedAt: new Date(60_000), next: 3, upTo: 2, hash: "abc", events: 3, faults: 0, findings: [], waiting: 0, waitingSince: null };
  expect(verdictOf(c, 30_000)).toBe("The log is whole: 3 events, numbers 0 to 2, none missing, none changed. Its head is abc.");
  expect(verdictOf({ ...c, waiting: 1, waitingSince: new Date(59_500) }, 30_000)).toMatch(/1 event came too late for a number/);
  expect(verdictOf({ ...c, waiting: 2, waitingSince: at }, 30_000)).toMatch(/2 events had no number yet, the oldest for 60 s: the sequencer is behind/);
  expect(verdictOf({ ...c, state: "broken", faults: 1 }, 30_000)).toMatch(/NOT whole: 1 fault in 3 events/);
  expect(verdictOf({ ...c, events: 0, next: 0, upTo: -1 }, 30_000)).toBe("There is no numbered event yet.");
  expect([percent({ state: "running", next: 0, upTo: 9 }), percent({ state: "running", next: 10, upTo: 9 }), percent(c)]).toEqual([0, 99, 100]);
});
