/** `npm run chaos`: kill -9 at every moment of a rotation on a real host, judged by its shadow file. `--json`: one line last. */
import { parseArgs } from "node:util";
import { campaign, tally } from "./campaign.ts";
import type { Engine } from "./field.ts";
import { MOMENTS } from "./plan.ts";

const { values } = parseArgs({ options: {
  trials: { type: "string", default: "1" }, moments: { type: "string" }, engine: { type: "string", default: "pglite" }, parallel: { type: "string", default: "8" },
  twice: { type: "string", default: "5" }, json: { type: "boolean", default: false },
} });
const out = (line: string): void => { process.stdout.write(`${line}\n`); };
const names = values.moments?.split(",").map((m) => m.trim()), unknown = names?.find((m) => !(MOMENTS as readonly string[]).includes(m));
if (unknown !== undefined || !["pglite", "postgresql"].includes(values.engine)) {
  out(unknown !== undefined ? `There is no moment "${unknown}". Known: ${MOMENTS.join(", ")}` : "--engine is pglite or postgresql");
  process.exit(2);
}
const begun = performance.now();
const verdicts = await campaign({
  engine: values.engine as Engine, trials: Number(values.trials), parallel: Number(values.parallel), twice: Number(values.twice), ...(names ? { moments: MOMENTS.filter((m) => names.includes(m)) } : {}),
  seen: (v, done, all) => { process.stderr.write(`${done}/${all} ${v.field} ${v.moment}${v.diedIn ? ` (died in ${v.diedIn})` : ""}${v.reached ? "" : " NOT MET"} settled in ${v.settledMs} ms, ${v.refused} refused${v.lost ? " LOST" : ""}${v.why ? ` ${v.why}` : ""}\n`); },
});
const t = tally(verdicts), bad = t.lost + t.ambiguous + t.unjournalled + t.wrongCurrent + t.unfinished + t.lockouts;
for (const line of t.wrong) out(line);
out(`${t.trials} trials in ${Math.round((performance.now() - begun) / 1000)} s on ${values.engine}: ${t.lost} lost (95 % bound: fewer than ${(3 / Math.max(1, t.trials)).toPrecision(2)} per trial), ${t.wrongCurrent} wrong, ${t.unfinished} unfinished, ${t.lockouts} over the login budget, ${t.missed} moments not met`);
if (values.json) out(JSON.stringify({ ...t, wrong: t.wrong.length, engine: values.engine, ms: Math.round(performance.now() - begun) }));
process.exitCode = bad > 0 || t.missed > 0 ? 1 : 0;
