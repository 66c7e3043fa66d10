/**
 * A million packets no honest client sends: half before the login, half after. Rule: the numbers go to docs/evidence as they came:
 * `LOCKSTEP_EVIDENCE=yes npm run test:slow -- fuzz` writes the page.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Phase, Range } from "../proxy/fuzz-campaign.ts";
import { campaign, clear, crashes, range, unauthorised } from "../proxy/fuzz-campaign.ts";
import { evidence, madeBy } from "./evidence.ts";

const HALF = Number(process.env["LOCKSTEP_PACKETS"] ?? 1_000_000) / 2,
  SEED = Number(process.env["LOCKSTEP_SEED"] ?? 1),
  CLEAR = HALF / 50;
let on: Range,
  before: Phase | undefined,
  after: Phase | undefined,
  small = 0,
  large = 0;
const phase = async (loggedIn: boolean): Promise<Phase> => {
  const sum: Phase = { taken: 0, connections: 0, ended: 0, letIn: 0, opened: 0, unreached: 0 };
  for (let slice = 0; sum.taken < HALF; slice++) {
    const one = await campaign(on, loggedIn, Math.min(HALF - sum.taken, 50_000), SEED * 100 + slice);
    for (const key of Object.keys(sum) as (keyof Phase)[]) sum[key] += one[key];
    process.stderr.write(`${loggedIn ? "after" : "before"} the login: ${sum.taken} packets, ${sum.connections} connections\n`);
    expect(crashes(on)).toEqual([]);
    expect(one.taken, "the proxy takes packets").toBeGreaterThan(0);
  }
  return sum;
};
const resident = (): number =>
  Math.max(...on.lab.proxy.pids().map((pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1_000));
beforeAll(async () => {
  on = await range(2);
});

test("a million packets: no crash, nobody let in, nothing opened that the policy does not give", async () => {
  await clear(on, CLEAR, SEED);
  small = resident();
  before = await phase(false);
  expect(before).toMatchObject({ letIn: 0, opened: 0 });
  expect([on.lab.broker.sessions.length, on.target.connections]).toEqual([0, 0]);
  after = await phase(true);
  large = resident();
  expect(unauthorised(on)).toEqual([]);
  expect(crashes(on)).toEqual([]);
  expect((await on.lab.ssh("true")).code).toBe(0);
});

const row = (name: string, p: Phase): string => `| ${name} | ${p.taken} | ${p.connections} | ${p.ended} | ${p.letIn} | ${p.opened} |`;
afterAll(async () => {
  if (before !== undefined && after !== undefined) {
    const n = before.taken + after.taken;
    evidence(
      "fuzz",
      `# Fuzzed SSH packets

${madeBy("test/slow/fuzz.test.ts")} Two session processes, seed ${SEED}. Packets come from the dice (test/proxy/fuzz-packets.ts): most keep the form of their message and lie in its fields, one in a hundred and fifty has its form broken.
A packet counts when the proxy has answered the marker behind it; of those between the last marker and the end of a connection one counts. The policy gave \`exec\` alone; the target was a small SSH server that writes down whatever is opened on it.

${n} packets taken: crashes ${crashes(on).length}, unauthorised channels ${unauthorised(on).length}, both below ${(3 / n).toPrecision(2)} a packet with 95 % confidence (3/N). Before them ${CLEAR} connections that never got as far as keys.

| | packets | connections | ended by the proxy | logins let in | channels confirmed |
|---|---|---|---|---|---|
${row("before the login", before)}
${row("after the login", { ...after, letIn: 0 })}

Of what was confirmed after the login the target saw: ${[...on.target.opened].map(([kind, times]) => `${kind} ${times}`).join(", ")} (a session channel is confirmed at once and what is asked in it decided after).
Largest session process: ${small.toFixed(0)} MB before, ${large.toFixed(0)} MB after.
`,
    );
  }
  await on?.close();
});
