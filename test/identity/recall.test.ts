/** The small memory of who was here: what it keeps, and everything that makes it forget. */
import { expect, test } from "vitest";
import { MOST, recalls, type Proven } from "../../src/identity/recall.ts";
import { times } from "../../src/kernel/times.ts";

const bench = () => {
  const topics = new Map<string, Set<() => void>>(), now = { ms: 0 };
  const hear = (topic: string, then: () => void) => { const set = topics.get(topic) ?? new Set(); topics.set(topic, set.add(then)); return () => void set.delete(then); };
  const say = (...names: string[]) => { for (const name of ["people", ...names]) for (const fn of [...topics.get(name) ?? []]) fn(); };
  const listeners = () => [...topics.values()].reduce((n, set) => n + set.size, 0);
  return { recall: recalls({ clock: { now: () => new Date(now.ms), mono: () => now.ms }, times: times(1) }, hear), say, now, listeners };
};
const proven = (person: string, token: string, expires = 1e12): Proven => ({ person: { id: person }, token: { id: token, expiresAt: new Date(expires) } }) as unknown as Proven;
const { loginIdle } = times(1);

test("kept for the idle time, and not past the token's own end", () => {
  const b = bench();
  b.recall.keep("h", proven("per_a", "tok_a"), b.recall.mark());
  b.recall.keep("short", proven("per_a", "tok_b", 5_000), b.recall.mark());
  b.now.ms = loginIdle - 1;
  expect([b.recall.find("h")?.person.id, b.recall.find("short"), b.recall.find("other")]).toEqual(["per_a", null, null]);
  b.now.ms = loginIdle;
  expect(b.recall.find("h")).toBe(null);
});

test.each([["the person", "per_a"], ["the token", "tok_a"]])("forgotten when anything is written about %s, and about nobody else", (_, topic) => {
  const b = bench();
  b.recall.keep("h", proven("per_a", "tok_a"), b.recall.mark());
  b.recall.keep("k", proven("per_b", "tok_c"), b.recall.mark());
  b.say(topic);
  expect([b.recall.find("h"), b.recall.find("k")?.person.id]).toEqual([null, "per_b"]);
});

test("what changed between the question and the answer is not kept: a revocation cannot be overtaken", () => {
  const b = bench(), mark = b.recall.mark();
  b.say("tok_a");
  b.recall.keep("h", proven("per_a", "tok_a"), mark);
  expect(b.recall.find("h")).toBe(null);
});

test("bounded: the oldest go, and nothing listens for them any more", () => {
  const b = bench();
  for (let i = 0; i < MOST + 50; i++) { b.now.ms += 1; b.recall.keep(`h${i}`, proven("per_a", `tok_${i}`), b.recall.mark()); }
  expect([b.recall.find("h49"), b.recall.find("h50")?.person.id, b.listeners()]).toEqual([null, "per_a", 1 + 2 * MOST]);
  b.say("per_a");
  expect([b.recall.find(`h${MOST + 49}`), b.listeners()]).toEqual([null, 1]);
});
