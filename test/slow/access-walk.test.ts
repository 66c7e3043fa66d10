/** Access walked at length, by a new seed each time. `LOCKSTEP_WALK`: how many steps of each of the walks (2,000 of 10). */
import { afterAll, expect, test } from "vitest";
import { systemRandom } from "../../src/kernel/clock.ts";
import { ENGINES } from "../store/engines.ts";
import { Walk } from "../flow/access-walk.ts";
import { evidence, madeBy } from "./evidence.ts";

const STEPS = Number(process.env["LOCKSTEP_WALK"] ?? 2_000), WALKS = 10, sum: Record<string, number> = {}, seeds: number[] = [];
const postgres = ENGINES.find((e) => e.engine === "postgresql")!;

for (let n = 0; n < WALKS; n++) {
  const seed = systemRandom.int(1_000_000_000);
  test(`${STEPS} things that people and the broker do, seed ${seed}`, async () => {
    const o = await postgres.open(), walk = new Walk(seed);
    try {
      await walk.begin(o.db);
      for (let i = 0; i < STEPS; i++) await walk.step();
      await walk.finish();
    } finally { await walk.close(); await o.close(); }
    for (const [what, times] of Object.entries(walk.counts)) sum[what] = (sum[what] ?? 0) + times;
    seeds.push(seed);
    expect((walk.counts["release"] ?? 0) + (walk.counts["admit"] ?? 0)).toBeGreaterThan(STEPS / 200);
  });
}
afterAll(() => {
  const n = (what: string): number => sum[what] ?? 0, refused = Object.entries(sum).filter(([k]) => k.includes(":")).reduce((all, [, times]) => all + times, 0);
  if (seeds.length === WALKS) evidence("access-walk", `# Access, walked at random
${madeBy("test/slow/access-walk.test.ts")}

${WALKS} walks of ${STEPS} steps on PostgreSQL, seeds ${seeds.join(", ")}: ${n("ask")} requests, ${n("approve")} approving votes, ${n("release")} passwords shown, ${n("admit")} sessions admitted,
${n("give back")} given back, ${n("revoke")} revoked, ${n("lock person") + n("lock account") + n("lock target") + n("lock broker")} locks, ${n("disable")} people disabled, ${n("policy")} policies rewritten, ${n("worked")} rotations worked on, and ${refused} refusals.
At each of the ${n("release") + n("admit")} hand-outs the judge found: asked by that person, approved by enough distinct others as of that moment, no change of their own unconfirmed, no lock standing, nobody beside them, the password in force, and nobody of before who knew it. 0 otherwise,
so at most ${(300 / Math.max(1, n("release") + n("admit"))).toFixed(2)} % of hand-outs (95 %). At the end of each walk everything that was handed out had been changed, and every hand-out was an event.
`);
});
