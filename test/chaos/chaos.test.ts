/** The short form of `npm run chaos`: once per moment on the embedded database, every third one on PostgreSQL. Rule: real processes, a real host, a judge who asks neither. */
import { expect, test } from "vitest";
import { campaign, isBad, tally } from "./campaign.ts";
import { MOMENTS } from "./plan.ts";
import { fitting } from "./oracle.ts";
import { must } from "../lab/run.ts";

const NOTHING = { lost: 0, ambiguous: 0, unjournalled: 0, wrongCurrent: 0, unfinished: 0, lockouts: 0, missed: 0, wrong: [] };

test("law: I1 — kill -9 at every moment, embedded database: the password in force is always one of ours, and `current` never lies", async () => {
  const verdicts = await campaign({ engine: "pglite", trials: 1, parallel: 4, twice: 7 });
  expect(tally(verdicts)).toMatchObject({ ...NOTHING, trials: MOMENTS.length });
  // law I6: whoever died between intent and outcome left the intent behind.
  expect(verdicts.filter((v) => v.moment === "before_change" || v.moment === "changed").map((v) => v.diedIn)).toEqual(["applying", "applying"]);
}, 600_000);

test("law: I7 — kill -9 on PostgreSQL before the change, after it, and inside the commit: the heir goes on with the same candidate", async () => {
  const verdicts = await campaign({ engine: "postgresql", trials: 1, parallel: 3, twice: 0, moments: MOMENTS.filter((_, i) => i % 3 === 1) });
  expect(tally(verdicts)).toMatchObject({ ...NOTHING, trials: 5 });
  expect(verdicts.filter(isBad)).toEqual([]);
}, 600_000);

test("the judge itself: it knows a password that fits from one that does not, and a locked account from an open one", async () => {
  const hash = (await must("perl", ["-e", 'print crypt("Right-1!x", "\\$6\\$abcdefgh\\$")'])).trim();
  expect(await fitting(hash, ["wrong", "Right-1!x", "right-1!x", "Right-1!x"])).toEqual([1, 3]);
  expect(await fitting(`!${hash}`, ["Right-1!x"])).toEqual([]);
});
