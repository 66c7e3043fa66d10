/**
 * `npm run chaos`: twelve points of a rotation × ten faults, real processes, a real host and database, judged by the host's shadow file.
 * `-- --trials N`, `--cell c7,k9`, `--parallel N`, `--json` (one line last); `--moments …|all` is kill -9 alone, with `--engine` and `--twice`.
 */
import { parseArgs } from "node:util";
import { campaign, isBad, tally } from "./campaign.ts";
import { fightCells } from "./cell-trial.ts";
import { CELLS, cellsOf, FAULTS, POINTS } from "./cells.ts";
import type { Engine } from "./field.ts";
import { MOMENTS } from "./plan.ts";
import type { Verdict } from "./trial.ts";

const { values } = parseArgs({ options: {
  trials: { type: "string", default: "1" }, cell: { type: "string" }, moments: { type: "string" }, engine: { type: "string", default: "pglite" }, parallel: { type: "string" },
  twice: { type: "string", default: "5" }, json: { type: "boolean", default: false },
} });
const out = (line: string): void => { process.stdout.write(`${line}\n`); };
const wrong = (why: string): never => { out(why); process.exit(2); };
const trials = Number(values.trials), begun = performance.now();
const tell = (v: Verdict, what: string, done: number, all: number): void =>
  void process.stderr.write(`${done}/${all} ${what}${v.diedIn ? ` (died in ${v.diedIn})` : ""}${v.reached ? "" : " NOT MET"} settled in ${v.settledMs} ms, ${v.refused} refused${v.lost ? " LOST" : ""}${v.why ? ` ${v.why}` : ""}\n`);

const kills = (asked: string): Promise<Verdict[]> => {
  const names = asked === "all" ? [...MOMENTS] : asked.split(",").map((m) => m.trim()), unknown = names.find((m) => !(MOMENTS as readonly string[]).includes(m));
  if (unknown !== undefined) wrong(`There is no moment "${unknown}". Known: ${MOMENTS.join(", ")}`);
  if (!["pglite", "postgresql"].includes(values.engine)) wrong("--engine is pglite or postgresql");
  const seen = (v: Verdict, done: number, all: number): void => { tell(v, `${v.field} ${v.moment}`, done, all); };
  return campaign({ engine: values.engine as Engine, trials, parallel: Number(values.parallel ?? 8), twice: Number(values.twice), moments: MOMENTS.filter((m) => names.includes(m)), seen });
};
const cells = (): Promise<Verdict[]> => {
  const asked = values.cell === undefined ? CELLS : cellsOf(values.cell);
  if (asked.length === 0) wrong(`There is no cell "${values.cell ?? ""}". Points:\n${list(POINTS)}\nFaults:\n${list(FAULTS)}`);
  return fightCells({ cells: Array.from({ length: trials }, () => asked).flat(), parallel: Number(values.parallel ?? 4), seen: (v, done, all) => { tell(v, v.cell, done, all); } });
};
const list = (of: Readonly<Record<string, string | { says: string }>>): string => Object.entries(of).map(([k, v]) => `  ${k.padEnd(4)} ${typeof v === "string" ? v : v.says}`).join("\n");

const verdicts = values.moments === undefined ? await cells() : await kills(values.moments), t = tally(verdicts);
for (const line of t.wrong) out(line);
out(`${t.trials} trials in ${Math.round((performance.now() - begun) / 1000)} s: ${t.lost} lost (95 % bound: fewer than ${(3 / Math.max(1, t.trials)).toPrecision(2)} per trial), ${t.wrongCurrent} wrong, ${t.unfinished} unfinished, ${t.lockouts} over the login budget, ${t.missed} points not met`);
if (values.json) {
  const { trials: n, lost, wrongCurrent, unfinished, lockouts, ambiguous, unjournalled, missed } = t;
  out(JSON.stringify({ trials: n, lost, wrongCurrent, unfinished, lockouts, ambiguous, unjournalled, missed, ms: Math.round(performance.now() - begun) }));
}
// Proxies and pools of a broken world may still hold sockets.
process.exit(verdicts.some(isBad) || t.missed > 0 ? 1 : 0);
