/** 500 agents behind one address, and a broker that is killed and started again: all of them are back within a minute. */
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { publicLine } from "../../src/wires/ssh.ts";
import { testAgent, type TestAgent } from "../lab/agent.ts";
import { enrolmentToken } from "../lab/agent-token.ts";
import { freePort } from "../lab/ports.ts";
import { hostless } from "../e2e/hostless.ts";
import { until, type Child, type World } from "../e2e/world.ts";
import { evidence, madeBy } from "./evidence.ts";

const MANY = Number(process.env["FLEET"] ?? "500"), WITHIN = 60_000;
let w: World, child: Child | undefined;
const fleet: TestAgent[] = [];
afterAll(async () => { await Promise.all(fleet.map((a) => a.stop())); await child?.close(); await w?.close(); });

test(`${MANY} agents, the broker killed: all are back within 60 s of its start`, async () => {
  const port = await freePort();
  w = await hostless({ env: { LOCKSTEP_LISTEN: `127.0.0.1:${port}`, LOCKSTEP_TIMESCALE: "1" } });
  const token = await enrolmentToken(w.core.deps, w.caller("operator"), "agent", MANY), brokerKeys = [publicLine(readFileSync(w.core.places.agentKey, "utf8"))];
  await w.down();
  child = await w.child();
  // The pauses of the program itself: one second, doubled up to half a minute, uneven.
  for (let i = 0; i < MANY; i++) fleet.push(testAgent({ origin: w.origin, brokerKeys, token, name: `host-${i}`, pause: 1_000, most: 30_000, beat: 15_000 }));
  const here = (times: readonly number[]): number => fleet.filter((a, i) => a.standings.length > times[i]!).length, begun = performance.now();
  await until("all have enrolled and come back", () => here(fleet.map(() => 0)) === MANY, 300_000);
  const enrolled = performance.now() - begun;
  await child.kill();
  await new Promise((r) => { setTimeout(r, 5_000); });
  const times = fleet.map((a) => a.standings.length);
  child = await w.child();
  const up = performance.now(), curve: [number, number][] = [];
  await until("all are back", () => { const n = here(times); curve.push([Math.round((performance.now() - up) / 1_000), n]); return n === MANY; }, WITHIN).catch((e: unknown) => {
    const ends = fleet.filter((a, i) => a.standings.length <= times[i]!).map((a) => a.ends.at(-1) ?? "");
    throw new Error(`${String(e)}; seconds and agents: ${JSON.stringify(curve.filter(([s], i) => s !== curve[i - 1]?.[0]))}; the last words of those away: ${JSON.stringify(Object.entries(Object.groupBy(ends, (x) => x)).map(([word, all]) => [word, all?.length]))}`);
  });
  const took = performance.now() - up;
  expect(took).toBeLessThan(WITHIN);
  const half = curve.find(([, n]) => n >= MANY / 2)?.[0] ?? 0;
  evidence("fleet", ["# A fleet comes back", "", madeBy("test/slow/fleet.test.ts"), "",
    `${MANY} agents of one address, each a connection of its own over the portal's port, in one process beside the broker's. They enrolled with one key of many uses in ${(enrolled / 1_000).toFixed(1)} s.`,
    `The broker was killed (SIGKILL), away for five seconds, and started again: half of them were back after ${half} s, all ${MANY} after ${(took / 1_000).toFixed(1)} s (bound: 60 s).`, ""].join("\n"));
}, 900_000);
