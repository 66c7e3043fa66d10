/** Faults that are not a kill: the zombie, the database that dies, the wire that is cut, the full disk. Rule: the same judge as for kills. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { Moment } from "../../src/flow/deps.ts";
import { faultProxy, type FaultProxy } from "../lab/fault-proxy.ts";
import { must } from "../lab/run.ts";
import { isBad } from "../chaos/campaign.ts";
import { cutTrial, databaseTrial, fullDiskTrial, zombieTrial } from "../chaos/faults.ts";
import { raiseGround } from "../chaos/field.ts";
import { Lane, type Verdict } from "../chaos/trial.ts";

const good = (verdicts: readonly Verdict[]): void => { expect(verdicts.filter(isBad)).toEqual([]); };

test("law: I3 — a broker stopped past its lease finds itself fenced and touches nothing; whoever took over keeps what it set", async () => {
  const moments: Moment[] = ["applying", "before_change", "changed", "before_probe", "probed"];
  await using ground = await raiseGround({ engine: "postgresql", fields: moments.length });
  for (const [i, moment] of moments.entries()) {
    const z = await zombieTrial(new Lane(ground.fields[i]!), moment);
    good([z.verdict]);
    expect({ moment, fenced: z.fenced, sameEnd: z.sameEnd }).toEqual({ moment, fenced: true, sameEnd: true });
  }
});

test("law: I1 — kill -9 of PostgreSQL at eight moments of a rotation: a COMMIT nobody confirmed is a crash, never a guess", async () => {
  await using ground = await raiseGround({ engine: "postgresql", fields: 1, crashable: true });
  const lane = new Lane(ground.fields[0]!), verdicts: Verdict[] = [];
  try {
    for (const moment of ["before_candidate", "candidate_inserted", "candidate_committed", "prepared", "before_change", "changed", "before_probe", "committing"] as const) verdicts.push(await databaseTrial(lane, ground.cluster!, moment));
  } finally { await lane.close(); }
  good(verdicts);
});

test("law: I7 — the wire cut after any number of bytes: unknown is not no, and the candidate that may have landed is the one that is kept", async () => {
  let proxy: FaultProxy | null = null;
  await using ground = await raiseGround({ engine: "pglite", fields: 1, port: async (host) => { proxy = await faultProxy(host.port); return proxy.port; } });
  const lane = new Lane(ground.fields[0]!), verdicts: Verdict[] = [];
  try {
    for (const bytes of [1, 400, 1_500, 2_200, 2_600, 3_000, 3_400, 3_800, 4_200, 5_000]) verdicts.push(await cutTrial(lane, proxy!, bytes));
  } finally { await lane.close(); await (proxy as FaultProxy | null)?.close(); }
  good(verdicts);
});

test("law: journal-before-effect — a full journal disk: the target is not touched, the broker says why, and a restart with room finishes", async () => {
  const mounts: string[] = [];
  const small = async (dir: string): Promise<void> => {
    const at = path.join(dir, "journal");
    mkdirSync(at, { recursive: true, mode: 0o700 });
    await must("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", at]);
    mounts.push(at);
  };
  const ground = await raiseGround({ engine: "postgresql", fields: 1, prepare: small });
  const lane = new Lane(ground.fields[0]!);
  try {
    const r = await fullDiskTrial(lane);
    good([r.verdict]);
    expect(r.unchanged).toBe(true);
    expect(r.said).toMatch(/secrets\.journal cannot be written \((ENOSPC|short write)/);
  } finally {
    await lane.close();
    for (const at of mounts) await must("umount", ["-l", at]);
    await ground.destroy();
  }
});
