/** One broker per data directory: PGlite has no lock of its own and two processes would lose each other's rows. Rule: taken before the database is opened, given back at exit. */
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Fault } from "../kernel/fault.ts";

/** Start time of a process in clock ticks: with the pid it names one process for ever. Null: there is none, or it is dead and not yet collected. */
const bornAt = (pid: number): string | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8"), fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return /[ZX]/.test(fields[0]!) ? null : fields[19]!;
  } catch { return null; }
};
const quietly = (fn: () => void): void => { try { fn(); } catch { /* gone already */ } };
/** Appears whole or not at all: nobody ever reads a lock that is being written. */
const place = (file: string, mine: string): void => {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, mine, { mode: 0o600 });
  try { linkSync(draft, file); } finally { unlinkSync(draft); }
};
const read = (file: string): string => { try { return readFileSync(file, "utf8"); } catch { return ""; } };
/** Moves a dead one's lock away. Between reading and moving somebody quicker may have put their own there: then it goes back. */
const clear = (file: string, dead: string): void => quietly(() => {
  const aside = `${file}.${process.pid}.dead`;
  renameSync(file, aside);
  if (readFileSync(aside, "utf8") !== dead) linkSync(aside, file);
  unlinkSync(aside);
});
const alive = (pid: number, born: string): boolean => {
  if (bornAt(1) !== null) return bornAt(pid) === born;
  try { process.kill(pid, 0); return true; } catch { return false; }
};

export const lockDirectory = (dir: string): (() => void) => {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = path.join(dir, "broker.lock"), mine = `${process.pid} ${bornAt(process.pid) ?? "?"}\n`;
  for (let tries = 0; tries < 5; tries++) {
    try {
      place(file, mine);
      return () => { if (read(file) === mine) quietly(() => unlinkSync(file)); };
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== "EEXIST") throw new Fault("unavailable", `The data directory ${dir} cannot be used: ${(e as Error).message}`, { cause: e });
    }
    const seen = read(file), [pid = "", born = ""] = seen.trim().split(" ");
    if (alive(Number(pid), born)) throw new Fault("conflict", `Another broker (process ${pid}) works on ${dir} already. Stop it first, or give this one a directory of its own with LOCKSTEP_DATA.`);
    clear(file, seen);
  }
  throw new Fault("conflict", `The lock of ${dir} could not be taken. Is another broker starting?`);
};
