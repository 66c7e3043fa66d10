/** Places at work: so many altogether, so many of one target, and what its target keeps waiting takes no place of the others. */
import { expect, test } from "vitest";
import { PER_TARGET } from "../../src/domain/bulk.ts";
import { pool, type Claimed } from "../../src/jobs/pool.ts";

/** Things to do, claimed in order; each ends when told to. */
const field = (things: readonly Claimed[], slow: number) => {
  const ends = new Map<string, () => void>(), left = [...things], failed: string[] = [];
  let most = 0;
  const p = pool<Claimed>({ slow, rest: 60, failed: (t) => failed.push(t.id), wake: () => void p.fill(), take: (busy) => {
    const at = left.findIndex((t) => !busy.ids.includes(t.id) && !busy.full.includes(t.target));
    return Promise.resolve(at < 0 ? null : left.splice(at, 1)[0]!);
  }, work: (t) => (t.target === "bad" ? Promise.reject(new Error("as ever")) : new Promise<void>((done) => { ends.set(t.id, done); most = Math.max(most, ends.size); }).finally(() => ends.delete(t.id))) });
  const end = (id: string): void => { ends.get(id)!(); };
  return { p, end, failed, most: () => most, working: () => [...ends.keys()], left };
};
const of = (target: string, n: number): Claimed[] => Array.from({ length: n }, (_, i) => ({ id: `${target}${i}`, target }));
const soon = () => new Promise((r) => { setTimeout(r, 20); });

test("law: hung-target — one target has its share and no more, sixteen work at once, and the next begins when one ends", async () => {
  const f = field([...of("a", 9), ...of("b", 9), ...of("c", 9), ...of("d", 9), ...of("e", 9)], 60_000);
  await f.p.fill();
  expect(f.working().map((id) => id[0]).sort().join("")).toBe("aaaabbbbccccdddd");
  f.end("a0");
  await soon();
  expect(f.working()).toContain("a4");
  for (let id = f.working()[0]; id !== undefined; id = f.working()[0]) { f.end(id); await soon(); }
  expect([f.left.length, f.most()]).toEqual([0, 4 * PER_TARGET]);
  await f.p.settle();
});

test("law: hung-target — targets that hang hold their own few places; after a moment those no longer count, and every other goes on", async () => {
  const f = field([...of("w", 6), ...of("x", 6), ...of("y", 6), ...of("z", 6), ...of("ok", 3)], 30);
  await f.p.fill();
  expect(f.working().some((id) => id.startsWith("ok")), "the sixteen places are taken at first").toBe(false);
  await new Promise((r) => { setTimeout(r, 80); });
  expect(f.working().filter((id) => id.startsWith("ok"))).toHaveLength(3);
  expect(f.working().filter((id) => id.startsWith("w"))).toHaveLength(PER_TARGET);
  for (let id = f.working()[0]; id !== undefined; id = f.working()[0]) { f.end(id); await soon(); }
  await f.p.settle();
});

test("law: hung-target — what fails rests before it is taken again, and takes no place meanwhile", async () => {
  const tries: number[] = [], again = { id: "bad", target: "bad" }, begun = performance.now();
  const p = pool<Claimed>({ slow: 60_000, rest: 50, wake: () => void p.fill(), failed: () => tries.push(performance.now() - begun), work: () => Promise.reject(new Error("as ever")),
    take: (busy) => Promise.resolve(busy.ids.includes("bad") ? null : again) });
  await p.fill();
  await new Promise((r) => { setTimeout(r, 230); });
  expect(tries.length).toBeGreaterThan(1);
  expect(tries.length).toBeLessThan(7);
  const f = field([...of("bad", 40), ...of("ok", 2)], 60_000);
  await f.p.fill();
  await soon();
  expect([f.failed.length, f.working()]).toEqual([40, ["ok0", "ok1"]]);
  for (const id of f.working()) f.end(id);
  await f.p.settle();
});
