/** Law after law of access, while everything happens in any order: nobody without approval, nobody beside another, nothing under a lock, nothing known from before. `LOCKSTEP_WALK` steps of `LOCKSTEP_SEED`; at length in test/slow. */
import { describe, expect, test } from "vitest";
import { ENGINES } from "../store/engines.ts";
import { Walk } from "./access-walk.ts";

const STEPS = Number(process.env["LOCKSTEP_WALK"] ?? 300), SEED = Number(process.env["LOCKSTEP_SEED"] ?? 26);

describe.each(ENGINES)("on $engine", ({ open }) => {
  test(`law: own-request, exclusive-hold, no-way-round-4, cut-off — ${STEPS} things that people and the broker do, seed ${SEED}`, async () => {
    const o = await open(), walk = new Walk(SEED);
    try {
      await walk.begin(o.db);
      for (let i = 0; i < STEPS; i++) await walk.step();
      await walk.finish();
    } finally { await walk.close(); await o.close(); }
    const { approve = 0, release = 0, admit = 0, worked = 0 } = walk.counts;
    for (const [what, n] of Object.entries({ approve, handedOut: release + admit, worked })) expect(n, `${what} must have happened: ${JSON.stringify(walk.counts)}`).toBeGreaterThan(3);
  }, 600_000);
});
