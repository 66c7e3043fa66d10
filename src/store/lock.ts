/** One broker per data directory: PGlite has no lock of its own and two processes would lose each other's rows. Rule: taken before the database is opened, given back at exit. */
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from "node:fs";
import path from "node:path";
import { Fault } from "../kernel/fault.ts";

/** Start time of a process in clock ticks: with the pid it names one process for ever. */
const bornAt = (pid: number): string | null => {
  try { return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")[19]!; } catch { return null; }
};
const alive = (pid: number, born: string): boolean => {
  if (bornAt(1) !== null) return bornAt(pid) === born;
  try { process.kill(pid, 0); return true; } catch { return false; }
};

export const lockDirectory = (dir: string): (() => void) => {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = path.join(dir, "broker.lock");
  for (let tries = 0; tries < 5; tries++) {
    try {
      const fd = openSync(file, "wx", 0o600);
      writeSync(fd, `${process.pid} ${bornAt(process.pid) ?? "?"}\n`);
      closeSync(fd);
      return () => { try { unlinkSync(file); } catch { /* gone already */ } };
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== "EEXIST") throw new Fault("unavailable", `The data directory ${dir} cannot be used: ${(e as Error).message}`, { cause: e });
    }
    const [pid = "", born = ""] = readFileSync(file, "utf8").trim().split(" ");
    if (alive(Number(pid), born)) throw new Fault("conflict", `Another broker (process ${pid}) works on ${dir} already. Stop it first, or give this one a directory of its own with LOCKSTEP_DATA.`);
    // Only one of several starters can rename the dead one's file away.
    try { renameSync(file, `${file}.${process.pid}.dead`); unlinkSync(`${file}.${process.pid}.dead`); } catch { /* somebody else did */ }
  }
  throw new Fault("conflict", `The lock of ${dir} could not be taken. Is another broker starting?`);
};
