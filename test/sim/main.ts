/** `npm run sim`: the production rotation reducer under faults, judged at every instant. `--json`: one line last. `--mutants`: every simplification must be caught. */
import { parseArgs } from "node:util";
import { MUTANTS } from "./mutants.ts";
import { simulate, type Report } from "./simulate.ts";

const { values } = parseArgs({ options: {
  rotations: { type: "string", default: "20000" }, seed: { type: "string", default: "1" },
  json: { type: "boolean", default: false }, mutants: { type: "boolean", default: false },
} });
const rotations = Number(values.rotations), seed = Number(values.seed);
const out = (line: string) => process.stdout.write(`${line}\n`);
const VERDICT = ["lost", "stuck", "wrongCurrent", "lockouts", "overBudget", "driftLeft", "overdue"] as const;
const bad = (r: Report) => VERDICT.reduce((n, k) => n + r[k], 0);

const progress = (done: number): void => { if (!values.json && process.stdout.isTTY) process.stdout.write(`\r${done} of ${rotations} rotations`); };
const base = simulate({ rotations, seed, progress });
if (!values.json) {
  if (process.stdout.isTTY) process.stdout.write("\r");
  out(`${base.rotations} rotations of ${base.accounts} accounts in ${base.ms} ms, seed ${seed}`);
  for (const [k, v] of Object.entries(base)) if (!["rotations", "accounts", "ms", "seed"].includes(k)) out(`  ${k.padEnd(16)} ${v}`);
  out(bad(base) === 0 ? `nothing lost, stuck or wrong (95 % bound: fewer than ${(3 / base.rotations).toExponential(1)} per rotation)` : "NOT SAFE");
}
let escaped = 0;
const mutants: Record<string, boolean> = {};
if (values.mutants) {
  for (const [name, m] of Object.entries(MUTANTS)) {
    const r = simulate({ rotations: Math.min(rotations, 2_000), seed, wrap: m.wrap });
    const caught = m.caughtBy.some((k) => r[k] > 0);
    mutants[name] = caught;
    if (!caught) escaped++;
    if (!values.json) out(`  mutant ${name.padEnd(22)} ${caught ? "caught" : "ESCAPED"}  ${VERDICT.map((k) => `${k} ${r[k]}`).join("  ")}`);
  }
}
if (values.json) {
  const { rotations: n, lost, stuck, wrongCurrent, lockouts, overBudget, driftLeft, overdue, ms } = base;
  out(JSON.stringify({ rotations: n, lost, stuck, wrongCurrent, lockouts, overBudget, driftLeft, overdue, seed, ms, ...(values.mutants ? { mutants } : {}) }));
}
process.exitCode = bad(base) > 0 || escaped > 0 ? 1 : 0;
