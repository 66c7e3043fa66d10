/** A few thousand packets no honest client sends, before and after the login. A million of them: test/slow/fuzz.test.ts. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dice } from "../lab/dice.ts";
import type { Range } from "./fuzz-campaign.ts";
import { campaign, clear, crashes, range, unauthorised, whereOf } from "./fuzz-campaign.ts";
import { attack } from "./fuzz-peer.ts";
import { fuzzed, honest } from "./fuzz-packets.ts";

const WANTED = 4_000;
let on: Range;
beforeAll(async () => {
  on = await range(2);
});
afterAll(async () => {
  await on?.close();
});

test("the packets are packets, and most keep their form", () =>
  fc.assert(
    fc.property(fc.integer(), fc.boolean(), (seed, loggedIn) => {
      const packet = fuzzed(dice(seed), loggedIn);
      expect(packet.length).toBeGreaterThan(0);
      expect(packet.length).toBeLessThanOrEqual(30_000);
      expect(packet[0]).not.toBe(1);
    }),
  ));
test("before keys: connections that begin wrongly are dropped", async () => {
  expect(await clear(on, 200, 1)).toBe(200);
  expect(crashes(on)).toEqual([]);
});
test("a channel that takes no bytes ends its connection and not the process; a second command in one channel is refused and the first goes on", async () => {
  const where = whereOf(on.lab, 0),
    ignore = (): Buffer => Buffer.from([2, 0, 0, 0, 0]),
    [open, command, other] = honest() as [Buffer, Buffer, Buffer],
    empty = Buffer.from(open);
  empty.writeUInt32BE(0, empty.length - 4);
  expect(await attack(where, true, 10, ignore, [empty, command])).toMatchObject({ taken: 0, opened: 0 });
  expect(await attack(where, true, 10, ignore, [open, command, command, other])).toMatchObject({ taken: 10, ended: false, opened: 2 });
  expect(crashes(on)).toEqual([]);
  on.lab.broker.sessions.length = on.target.connections = 0;
});
test("before the login: nobody is let in, nothing is opened, nothing is dialled", async () => {
  const phase = await campaign(on, false, WANTED, 1);
  expect(phase.taken).toBeGreaterThanOrEqual(WANTED);
  expect(phase).toMatchObject({ letIn: 0, opened: 0 });
  expect([on.lab.broker.sessions.length, on.target.connections]).toEqual([0, 0]);
  expect(crashes(on)).toEqual([]);
});
test("after the login: the target sees nothing but what the policy gives, and the process serves on", async () => {
  const phase = await campaign(on, true, WANTED, 1);
  expect(phase.taken).toBeGreaterThanOrEqual(WANTED);
  expect(on.target.opened.get("exec"), "what is given got through between all of it").toBeGreaterThan(0);
  expect(unauthorised(on)).toEqual([]);
  expect(crashes(on)).toEqual([]);
  expect((await on.lab.ssh("true")).code).toBe(0);
});
