/** Pages of evidence. Rule: written only when asked for (`LOCKSTEP_EVIDENCE=yes`), with the date and the machine, and the numbers as they came. */
import { mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, loadavg, release } from "node:os";
import path from "node:path";
import { rootOf } from "../../src/core.ts";

export const madeBy = (test: string): string =>
  `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, Linux ${release()} ${arch()}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? "?"}, ` +
  `load ${(loadavg()[0] ?? 0).toFixed(1)} at the end. Made by \`LOCKSTEP_EVIDENCE=yes npm run test:slow\` (${test}).`;
export const evidence = (name: string, page: string): void => {
  if (process.env["LOCKSTEP_EVIDENCE"] !== "yes") return;
  const dir = path.join(rootOf(), "docs", "evidence");
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, `${name}.md`), page);
};
