/** The evil relay at length: every way of meddling, in both directions, after many different amounts of good traffic. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { ATTACKS, DIRECTIONS, RelayWorld } from "../proxy/relay-world.ts";
import { evidence, madeBy } from "./evidence.ts";

const TIMES = Number(process.env["RELAY_TIMES"] ?? "40"), w = new RelayWorld();
beforeAll(() => w.start(), 60_000);
afterAll(() => w.close());

test("0 bytes accepted", async () => {
  const rows: string[] = [], begun = performance.now();
  let attacks = 0, good = 0;
  for (const direction of DIRECTIONS) for (const [name, attack] of Object.entries(ATTACKS)) {
    let wrong = 0, unended = 0;
    for (let i = 0; i < TIMES; i++) {
      const r = await w.attack(direction, attack, 1 + (i * 7) % 60);
      expect(r.fired, `${name} ${direction}`).toBe(true);
      attacks += 1;
      good += r.received;
      wrong += r.wrong;
      unended += r.ended ? 0 : 1;
    }
    rows.push(`| ${name} | ${direction} | ${TIMES} | ${wrong} | ${unended} |`);
    expect([name, direction, wrong, unended]).toEqual([name, direction, 0, 0]);
  }
  evidence("relay", ["# An evil relay between agent and broker", "", madeBy("test/slow/relay.test.ts"), "",
    `A relay between agent and broker that holds every WebSocket message in clear, ${attacks} attacks on connections that carried ${good} good bytes to a target, in ${Math.round((performance.now() - begun) / 1_000)} s.`,
    "Judged by the bytes that target and client received: anything but a beginning of what was sent counts as accepted wrongly. After each attack the connection ended and the agent came back by itself.",
    `0 of ${attacks} (95 % bound: below ${(3 / attacks).toFixed(4)}).`, "", "| what | direction | times | bytes accepted wrongly | connections that went on |", "|---|---|---|---|---|", ...rows, "",
  ].join("\n"));
}, 3_600_000);
