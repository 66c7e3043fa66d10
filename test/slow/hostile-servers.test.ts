/**
 * Hostile servers at length: every kind that is reached over a network, the drivers that do not come with Lockstep among them. Rule: the process that calls
 * them lives, each call ends within its limit, and nothing is believed; the numbers go to docs/evidence as they came.
 * LOCKSTEP_HOSTILE: how many conversations each (2,000). LOCKSTEP_SEED: where they begin (at random). LOCKSTEP_FAMILY: which (all).
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemRandom } from "../../src/kernel/clock.ts";
import { DRIVEN, SCENES, torment, type Sum } from "../connectors/hostile-world.ts";
import { driverHome } from "../lab/drivers.ts";
import { victim, type Victim } from "../lab/victim.ts";
import { evidence, madeBy } from "./evidence.ts";

const RUNS = Number(process.env["LOCKSTEP_HOSTILE"] ?? 2_000), SEED = Number(process.env["LOCKSTEP_SEED"] ?? Buffer.from(systemRandom.bytes(4)).readInt32LE(0)), ONLY = process.env["LOCKSTEP_FAMILY"], HOUR = 3_600_000;
const ALL = Object.entries({ ...SCENES, ...DRIVEN }).filter(([name]) => ONLY === undefined || name === ONLY), sums = new Map<string, Sum>();
let broker: Victim;
beforeAll(async () => {
  const [tedious, oracledb] = await Promise.all([driverHome("tedious"), driverHome("oracledb")]);
  broker = await victim({ tedious, oracledb });
});
afterAll(() => {
  broker?.close();
  const rows = [...sums].map(([name, s]) => `| ${name} | ${s.calls} | ${Object.entries(s.answers).toSorted().map(([k, n]) => `${k} ${n}`).join(", ")} |`);
  if (ONLY === undefined) evidence("hostile-servers", ["# Servers that mean harm", "", madeBy("hostile-servers"), "", `Seed ${SEED}. One process called them all; it lived, and each call ended within its limit.`, "", "| kind | conversations | answers |", "|---|---|---|", ...rows].join("\n"));
});

describe("law: no target ends or holds the broker's process", () => {
  test.each(ALL)("%s", async (name, scene) => {
    const pid = broker.pid(), sum = await torment(broker, scene, { seed: SEED, runs: RUNS, ms: HOUR });
    sums.set(name, sum);
    if (ONLY !== undefined) console.info(name, sum.answers);
    expect([sum.calls, broker.pid()]).toEqual([RUNS, pid]);
  });
});
