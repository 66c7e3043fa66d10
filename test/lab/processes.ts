/** Looking at and ending processes of the lab. Rule: only by a pid we recorded or found below one; never by name over the whole machine. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

type Stat = { name: string; state: string; parent: number };

const quietly = <T>(read: () => T): T | undefined => { try { return read(); } catch { return undefined; } };

/** The name may hold spaces and brackets, so the fields are counted from the last bracket. */
const stat = (pid: number): Stat | undefined => quietly(() => {
  const text = readFileSync(`/proc/${String(pid)}/stat`, "utf8"), close = text.lastIndexOf(")");
  const [state = "", parent = "0"] = text.slice(close + 2).split(" ");
  return { name: text.slice(text.indexOf("(") + 1, close), state, parent: Number(parent) };
});

const everyPid = (): number[] => readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)).map(Number);

/** A zombie counts as dead: in a container without init nobody may ever collect it. */
export const alive = (pid: number): boolean => { const s = stat(pid); return s !== undefined && s.state !== "Z" && s.state !== "X"; };

export const nameOf = (pid: number): string | undefined => stat(pid)?.name;

export const childrenOf = (pid: number): number[] => everyPid().filter((candidate) => stat(candidate)?.parent === pid);

/** The inode of a pid namespace: equal text, same namespace. */
export const pidNamespace = (pid: number | "self"): string | undefined => quietly(() => readlinkSync(`/proc/${String(pid)}/ns/pid`));

/** Every process of the machine whose pid 1 is `pid`, itself included. */
export const sharingNamespace = (pid: number): number[] => {
  const own = pidNamespace(pid);
  return own === undefined ? [] : everyPid().filter((candidate) => pidNamespace(candidate) === own);
};

export const signal = (pid: number, name: NodeJS.Signals): boolean => quietly(() => process.kill(pid, name)) ?? false;

/** True as soon as `check` holds, false when `timeoutMs` passed first. */
export const until = async (check: () => boolean, timeoutMs: number, stepMs = 10): Promise<boolean> => {
  for (const end = performance.now() + timeoutMs; performance.now() < end; await sleep(stepMs)) if (check()) return true;
  return check();
};

export const gone = (pids: readonly number[], timeoutMs: number): Promise<boolean> => until(() => !pids.some(alive), timeoutMs);

/** Node reaps its own children, so for these an exit code is the only sure sign; a pid could have been given away again. */
export const ended = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

const atExit = new Set<() => void>();
process.once("exit", () => { for (const last of atExit) quietly(last); });

/** Runs `last` when this process (or test worker) ends in an orderly way. Returns the cancellation. kill -9 is covered by pdeathsig. */
export const beforeExit = (last: () => void): (() => void) => { atExit.add(last); return () => { atExit.delete(last); }; };
