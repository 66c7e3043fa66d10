/** A victim seen from its judge. Rule: every wait has a limit, and a process we started is gone when we are. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeExit } from "../lab/processes.ts";
import { program } from "../lab/program.ts";
import type { Brief, Order, Report } from "./plan.ts";

export type Victim = {
  readonly pid: number;
  send(order: Order): void;
  /** The next report of that kind; null when the process ended or `ms` passed first. `failed` reports throw. */
  heard<K extends Report["at"]>(at: K, ms: number): Promise<Extract<Report, { at: K }> | null>;
  /** The signal or code it ended with; null if it is still there after `ms`. */
  ended(ms: number): Promise<string | null>;
  signal(name: NodeJS.Signals): void;
  log(): string;
  close(): Promise<void>;
};

/** The environment is bare, so what leaks into it can only be ours. */
export const startVictim = async (brief: Brief): Promise<Victim> => {
  const child = spawn(process.execPath, [await program("test/chaos/victim.ts")], { env: { PATH: process.env["PATH"] ?? "", HOME: "/root" }, stdio: ["pipe", "pipe", "pipe"] });
  const reports: Report[] = [], wakes = new Set<() => void>();
  let log = "", over: string | null = null;
  const wake = (): void => { for (const fn of wakes) fn(); };
  const exit = once(child, "close").then(([code, signal]: unknown[]) => { over = String(signal ?? code); wake(); });
  const forget = beforeExit(() => { child.kill("SIGKILL"); });
  createInterface({ input: child.stdout }).on("line", (line) => { reports.push(JSON.parse(line) as Report); wake(); });
  child.stderr.setEncoding("utf8").on("data", (part: string) => { log += part; });
  child.stdin.on("error", () => undefined);
  const find = <K extends Report["at"]>(at: K): Extract<Report, { at: K }> | undefined => {
    const failed = reports.find((r) => r.at === "failed");
    if (failed && at !== "failed") { reports.splice(reports.indexOf(failed), 1); throw new Error(`the broker process said: ${(failed as { why: string }).why}`); }
    const i = reports.findIndex((r) => r.at === at);
    return i < 0 ? undefined : reports.splice(i, 1)[0] as Extract<Report, { at: K }>;
  };
  const next = (ms: number): Promise<void> => new Promise((resolve) => {
    const done = (): void => { wakes.delete(done); clearTimeout(timer); resolve(); }, timer = setTimeout(done, ms);
    wakes.add(done);
  });
  const victim: Victim = {
    pid: child.pid!, log: () => log, signal: (name) => { child.kill(name); },
    send: (order) => { child.stdin.write(`${JSON.stringify(order)}\n`); },
    heard: async (at, ms) => {
      for (const end = performance.now() + ms; ;) {
        const found = find(at), left = end - performance.now();
        if (found) return found;
        if (over !== null || left <= 0) return null;
        await next(left);
      }
    },
    ended: async (ms) => { await Promise.race([exit, sleep(ms, undefined, { ref: false })]); return over; },
    close: async () => {
      if (over === null) { victim.send({ do: "end" }); if ((await victim.ended(8_000)) === null) child.kill("SIGKILL"); }
      await exit;
      forget();
    },
  };
  child.stdin.write(`${JSON.stringify(brief)}\n`);
  return victim;
};
