/** Memory of processes, in MB. Rule: what they share is counted once per sharer by `resident`, and divided among them by `pss`. */
import { readFileSync } from "node:fs";

const field = (pid: number, file: string, name: string): number => {
  try { return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/${file}`, "utf8"))?.[1] ?? 0); } catch { return 0; }
};
const sum = (pids: readonly number[], file: string, name: string): number => Math.round(pids.reduce((all, pid) => all + field(pid, file, name), 0) / 1_024);
export const resident = (pids: readonly number[]): number => sum(pids, "status", "VmRSS");
export const pss = (pids: readonly number[]): number => sum(pids, "smaps_rollup", "Pss");
