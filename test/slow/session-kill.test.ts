/**
 * kill -9 of a session process, 200 times, each at another moment of another kind of work. Rule: the numbers go to docs/evidence as they came:
 * `LOCKSTEP_EVIDENCE=yes npm run test:slow -- session-kill` writes the page.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { dice } from "../lab/dice.ts";
import type { Verdict, Work } from "../proxy/kill-trial.ts";
import { WORKS, killTrial } from "../proxy/kill-trial.ts";
import type { Lab } from "../proxy/ssh-lab.ts";
import { sshLab } from "../proxy/ssh-lab.ts";
import { evidence, madeBy } from "./evidence.ts";

const TRIALS = Number(process.env["LOCKSTEP_TRIALS"] ?? 200),
  SEED = Number(process.env["LOCKSTEP_SEED"] ?? 1),
  LATEST = 700;
const works = Object.keys(WORKS) as Work[],
  verdicts: Verdict[] = [];
let lab: Lab,
  seconds = 0;
beforeAll(async () => {
  lab = await sshLab({ workers: 2, timescale: 0.2 });
  lab.broker.terms = { ...lab.broker.terms, record: "full" };
});

test("law: recorder-first — what anybody saw is in the recording, and nobody else is harmed", async () => {
  const random = dice(SEED),
    begun = performance.now();
  for (let i = 0; i < TRIALS; i++) {
    verdicts.push(await killTrial(lab, works[i % works.length]!, Math.floor(random() * LATEST)));
    if (i % 20 === 19) process.stderr.write(`${i + 1}/${TRIALS} kills\n`);
  }
  seconds = Math.round((performance.now() - begun) / 1000);
  expect(verdicts.filter((v) => v.wrong.length > 0)).toEqual([]);
  expect(verdicts.filter((v) => v.seen > 0).length, "most were killed with output on the screen").toBeGreaterThan(TRIALS * 0.8);
});

afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  const bad = verdicts.filter((v) => v.wrong.length > 0).length;
  const row = (name: string, of: readonly Verdict[]): string =>
    `| ${name} | ${of.length} | ${of.filter((v) => v.wrong.length > 0).length} | ${(of.reduce((n, v) => n + v.seen, 0) / 1e6).toFixed(1)} | ${(
      of.reduce((n, v) => n + v.kept, 0) / 1e6
    ).toFixed(1)} | ${of.filter((v) => v.seen === 0).length} |`;
  evidence(
    "session-kill",
    `# kill -9 of a session process

${madeBy("test/slow/session-kill.test.ts")} Real sshd, stock \`ssh\`, two session processes, seed ${SEED}. In each trial one person works in one process and another in the other;
the first process is killed 0 to ${LATEST} ms after its session began. Then: the recording is recovered and read; what the client printed (stdout and stderr) has to be the beginning of what is kept;
the other session has to carry bytes from before and after the kill, end with its own exit code, be told "closed" and leave a whole recording; a new process takes the place of the dead one.

${verdicts.length} kills in ${seconds} s, ${bad} with anything wrong: below ${(3 / verdicts.length).toPrecision(2)} a kill with 95 % confidence (3/N).

| work | kills | wrong | MB seen | MB kept | killed before anything was seen |
|---|---|---|---|---|---|
${works
  .map((w) =>
    row(
      w,
      verdicts.filter((v) => v.work === w),
    ),
  )
  .join("\n")}
| all | ${row("", verdicts).slice(5)}
`,
  );
});
