/** A session process killed while people work in it, once for each kind of work. Two hundred of them: test/slow/session-kill.test.ts. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Work } from "./kill-trial.ts";
import { WORKS, killTrial } from "./kill-trial.ts";
import type { Lab } from "./ssh-lab.ts";
import { sshLab } from "./ssh-lab.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await sshLab({ workers: 2, timescale: 0.2 });
  lab.broker.terms = { ...lab.broker.terms, record: "full" };
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

test.each((Object.keys(WORKS) as Work[]).map((work, i) => [work, 30 + i * 60] as const))(
  "law: recorder-first — kill -9 beside %s, %i ms in: all that was seen is kept, others go on",
  async (work, afterMs) => {
    const verdict = await killTrial(lab, work, afterMs);
    expect(verdict).toMatchObject({ wrong: [] });
    expect(verdict.seen, "somebody saw something, or nothing was tried").toBeGreaterThan(0);
    expect(verdict.kept).toBeGreaterThanOrEqual(verdict.seen);
  },
);
