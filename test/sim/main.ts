/**
 * `npm run sim`: the production rotation reducer under faults, judged at every instant. `--rotations N`, `--seed N`, `--json`: one line last.
 * `--mutants`: every simplification must be caught, in the random run and in its own scenario, in which the protocol itself stands.
 */
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
const mutants: Record<string, "caught" | "escaped"> = {};
if (values.mutants) {
  for (const [name, m] of Object.entries(MUTANTS)) {
    const most = Math.min(rotations, 2_000), sees = (r: Report): boolean => m.caughtBy.some((k) => r[k] > 0);
    const sound = simulate({ rotations: most, seed, scenario: m.scenario }), own = simulate({ rotations: most, seed, scenario: m.scenario, wrap: m.wrap }), among = simulate({ rotations: most, seed, scenario: m.among ?? null, wrap: m.wrap });
    const caught = bad(sound) === 0 && sees(own) && sees(among);
    mutants[name] = caught ? "caught" : "escaped";
    if (!caught) escaped++;
    const told = (r: Report): string => VERDICT.filter((k) => r[k] > 0).map((k) => `${k} ${r[k]}`).join(" ") || "nothing";
    if (!values.json) out(`  mutant ${name.padEnd(22)} ${caught ? "caught" : "ESCAPED"}  in its scenario: ${told(own)} (the protocol: ${told(sound)}); in the random run: ${told(among)}`);
  }
}
if (values.json) {
  const { rotations: n, lost, stuck, wrongCurrent, lockouts, overBudget, driftLeft, overdue, ms } = base;
  out(JSON.stringify({ rotations: n, lost, stuck, wrongCurrent, lockouts, overBudget, driftLeft, overdue, seed, ms, ...(values.mutants ? { mutants } : {}) }));
}
process.exitCode = bad(base) > 0 || escaped > 0 ? 1 : 0;
