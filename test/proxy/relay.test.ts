/** An evil relay between agent and broker: each way of meddling once in each direction; many times over in test/slow/relay.test.ts. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { ATTACKS, DIRECTIONS, RelayWorld } from "./relay-world.ts";

const w = new RelayWorld();
beforeAll(() => w.start(), 60_000);
afterAll(() => w.close());

test.each(DIRECTIONS.flatMap((d) => Object.keys(ATTACKS).map((name) => [name, d] as const)))("%s, %s: the connection ends, and not a byte of it was accepted", async (name, direction) => {
  const r = await w.attack(direction, ATTACKS[name]!, 3);
  expect([r.fired, r.ended, r.wrong], JSON.stringify(r)).toEqual([true, true, 0]);
});
test("who says to be another agent gets nothing: its key is not that one's", async () => {
  const [a, b] = w.agents as [(typeof w.agents)[0], (typeof w.agents)[0]], mine = a.id, asked = a.asked.length, standings = a.standings.length;
  a.id = b.id;
  a.served()!.close();
  for (let i = 0; i < 2_000 && !a.ends.includes("the connection ended before the broker had proven its key"); i++) await new Promise((r) => { setTimeout(r, 5); });
  expect(a.ends).toContain("the connection ended before the broker had proven its key");
  expect([a.asked.length, a.standings.length]).toEqual([asked, standings]);
  a.id = mine;
});
