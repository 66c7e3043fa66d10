/** What bench/ssh.ts measures, one sample a call. Rule: the stock client does the work; we only hold the watch. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";

/** The bytes go through `cat`, not through us: on two cores a slow reader would be part of the result. */
const WATCH = 'size=$1; shift; "$@" </dev/null | { head -c 1 >/dev/null; date +%s%N; cat | wc -c; date +%s%N; }';

/** Seconds of the first byte and of the end, by the machine's clock, and the bytes between them. Throws when one is missing. */
export type Span = { readonly from: number; readonly to: number; readonly bytes: number };
export const span = (argv: readonly string[], bytes: number): Promise<Span> => new Promise((resolve, reject) => {
  const child = spawn("bash", ["-c", WATCH, "bash", String(bytes), "ssh", ...argv, `head -c ${bytes} /dev/zero`], { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.on("data", (d: Buffer) => { out += d.toString(); });
  child.on("close", () => {
    const [from, count, to] = out.trim().split("\n");
    // `head` takes a whole buffer for its one byte; what is left to count is a little less than all.
    if (Number(count) < bytes - 70_000) return reject(new Error(`only ${count ?? 0} of ${bytes} bytes came`));
    resolve({ from: Number(BigInt(from ?? 0) / 1_000n) / 1e6, to: Number(BigInt(to ?? 0) / 1_000n) / 1e6, bytes: Number(count) });
  });
});

/** MB/s from the first byte to the end. */
export const bulk = async (argv: readonly string[], bytes: number): Promise<number> => {
  const { from, to, bytes: came } = await span(argv, bytes);
  return came / 1e6 / (to - from);
};

/** Milliseconds from start to exit of `true`. */
export const exec = (argv: readonly string[]): Promise<number> => new Promise((resolve, reject) => {
  const begun = performance.now(), child = spawn("ssh", [...argv, "true"], { stdio: "ignore" });
  child.on("close", (code) => { if (code === 0) resolve(performance.now() - begun); else reject(new Error(`ssh ended with ${String(code)}`)); });
});

/** A raw terminal on the target that sends back each byte. */
export const terminal = (argv: readonly string[]): Promise<ChildProcess> => new Promise((resolve) => {
  const child = spawn("ssh", ["-tt", ...argv, "stty raw -echo; echo up; exec cat"], { stdio: ["pipe", "pipe", "inherit"] });
  let seen = "";
  const wait = (d: Buffer): void => { seen += d.toString(); if (seen.includes("up")) { child.stdout.off("data", wait); setTimeout(() => resolve(child), 100); } };
  child.stdout.on("data", wait);
});

/** Milliseconds from a key to its echo, `n` times, 5 ms apart. */
export const echoes = async (child: ChildProcess, n: number): Promise<number[]> => {
  const took: number[] = [];
  for (let i = 0; i < n; i++) {
    const begun = performance.now(), back = new Promise((done) => child.stdout?.once("data", done));
    child.stdin?.write("k");
    await back;
    took.push(performance.now() - begun);
    await new Promise((done) => setTimeout(done, 5));
  }
  return took;
};

/** User and system time of processes, in milliseconds (ticks of 10). */
export const cpu = (pids: readonly number[]): number => pids.reduce((sum, pid) => {
  const f = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return sum + (Number(f[11]) + Number(f[12])) * 10;
}, 0);

export const quantile = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
};
export const median = (values: readonly number[]): number => quantile(values, 0.5);
