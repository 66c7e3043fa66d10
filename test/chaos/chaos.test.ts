/** The short form of `npm run chaos`: kill -9 at each moment on the embedded database, and a choice of the cells on PostgreSQL. Rule: real processes, a real host, a judge who asks neither. */
import { expect, test } from "vitest";
import { campaign, isBad, tally } from "./campaign.ts";
import { fightCells } from "./cell-trial.ts";
import { CELLS, cellsOf } from "./cells.ts";
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

/** Every point and every fault at least once; all 120 are `npm run chaos`. */
const SOME = ["c1,k4", "c2,k8", "c3,k1", "c4,k9", "c5,k6", "c6,k5", "c7,k1", "c7,k7", "c8,k2", "c8,k3", "c9,k10", "c10,k3", "c11,k4", "c12,k1"];
test("law: I7 — unknown is not no: each point of a rotation and each fault once, on PostgreSQL, and nothing is lost, wrong or left open", async () => {
  const verdicts = await fightCells({ cells: SOME.flatMap(cellsOf), parallel: 4 });
  expect(tally(verdicts)).toMatchObject({ ...NOTHING, trials: SOME.length });
  expect(verdicts.filter(isBad)).toEqual([]);
}, 600_000);

test("a cell is named by its point and its fault, and an unknown name is none", () => {
  expect(cellsOf("c7,k9")).toEqual([{ point: "c7", fault: "k9" }]);
  expect([cellsOf("c7").length, cellsOf("k9").length, CELLS.length, cellsOf("c13"), cellsOf("c7,x")]).toEqual([10, 12, 120, [], []]);
});

test("the judge itself: it knows a password that fits from one that does not, and a locked account from an open one", async () => {
  const hash = (await must("perl", ["-e", 'print crypt("Right-1!x", "\\$6\\$abcdefgh\\$")'])).trim();
  expect(await fitting(hash, ["wrong", "Right-1!x", "right-1!x", "Right-1!x"])).toEqual([1, 3]);
  expect(await fitting(`!${hash}`, ["Right-1!x"])).toEqual([]);
});
