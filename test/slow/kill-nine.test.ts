/**
 * 20 kills at every moment on both engines, and faults that are not kills. Rule: the numbers go to docs/evidence as they came.
 * `LOCKSTEP_EVIDENCE=yes npm run test:slow` writes the page.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, release } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { rootOf } from "../../src/core.ts";
import { campaign, tally, type Tally } from "../chaos/campaign.ts";
import type { Engine } from "../chaos/field.ts";
import { MOMENTS } from "../chaos/plan.ts";

/** Four at a time: with eight, two cores are so busy that moments are not met in time. */
const TRIALS = Number(process.env["LOCKSTEP_TRIALS"] ?? 20), PARALLEL = Number(process.env["LOCKSTEP_PARALLEL"] ?? 4), results = new Map<Engine, Tally & { seconds: number }>();

test.each<[Engine]>([["pglite"], ["postgresql"]])("law: I1 — kill -9 twenty times at every moment on %s: nothing lost", async (engine) => {
  const begun = performance.now();
  const verdicts = await campaign({ engine, trials: TRIALS, parallel: PARALLEL, twice: 5, seen: (v, done, all) => { if (done % 20 === 0) process.stderr.write(`${engine} ${done}/${all} ${v.moment}\n`); } });
  const t = tally(verdicts);
  results.set(engine, { ...t, seconds: Math.round((performance.now() - begun) / 1000) });
  expect(t).toMatchObject({ lost: 0, ambiguous: 0, unjournalled: 0, wrongCurrent: 0, unfinished: 0, lockouts: 0, missed: 0, wrong: [], trials: TRIALS * MOMENTS.length });
});

const row = (engine: Engine, t: Tally & { seconds: number }): string =>
  `| ${engine} | ${t.trials} | ${t.lost} | < ${(3 / t.trials).toPrecision(2)} | ${t.ambiguous} | ${t.unjournalled} | ${t.wrongCurrent} | ${t.unfinished} | ${t.lockouts} | ${t.refusedLogins} | ${t.seconds} s |`;
const page = (): string => `# kill -9 at every moment of a rotation

${new Date().toISOString().slice(0, 10)}, Node ${process.version}, Linux ${release()} ${arch()}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? "?"}. Made by \`LOCKSTEP_EVIDENCE=yes npm run test:slow\`
(test/slow/kill-nine.test.ts): real broker processes that SIGKILL themselves at a moment, a real sshd host, and a judge that reads the
host's /etc/shadow and opens the stored versions with the root key alone. Every fifth trial kills the finisher as well. Every third account
changes itself by its own login, where nothing can be compared and logins are spent (at most 2 refused ones).

| engine | kills | lost | 95 % bound per kill (3/N) | two in force | not in journal | wrong current | unfinished | over login budget | refused logins | took |
|---|---|---|---|---|---|---|---|---|---|---|
${[...results].map(([e, t]) => row(e, t)).join("\n")}

| moment | ${[...results.keys()].map((e) => `kills (${e}) | lost`).join(" | ")} |
|---|${[...results.keys()].map(() => "---|---|").join("")}
${MOMENTS.map((m) => `| ${m} | ${[...results.values()].map((t) => `${t.moments[m]?.trials ?? 0} | ${t.moments[m]?.lost ?? 0}`).join(" | ")} |`).join("\n")}
`;
afterAll(() => {
  if (process.env["LOCKSTEP_EVIDENCE"] !== "yes" || results.size === 0) return;
  const dir = path.join(rootOf(), "docs", "evidence");
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, "kill-nine.md"), page());
});
