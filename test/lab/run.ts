/** One child process, run to its end. Rule: what is secret goes in by stdin; argv and environment are public on every Unix. */
import { spawn } from "node:child_process";

export type Outcome = { code: number; stdout: string; stderr: string };
export type RunOptions = { stdin?: string; env?: Record<string, string>; cwd?: string };

/** The whole environment of lab processes: nothing of the caller's leaks into a machine. */
export const BARE_ENV = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8", HOME: "/root" };

/** Never rejects for a non-zero exit (`code` tells; 128 when a signal ended it), only when the program cannot be started at all. */
export const run = (file: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> => {
  const child = spawn(file, args, { env: options.env ?? BARE_ENV, cwd: options.cwd ?? "/", stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "", stderr = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => { stdout += part; });
  child.stderr.setEncoding("utf8").on("data", (part: string) => { stderr += part; });
  // A program may end without reading its input (EPIPE); its exit code is the answer then.
  child.stdin.on("error", () => undefined).end(options.stdin ?? "");
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => { resolve({ code: code ?? 128, stdout, stderr }); });
  });
};

/** As `run`, for steps that must succeed; the error carries the command's own words. */
export const must = async (file: string, args: readonly string[], options: RunOptions = {}): Promise<string> => {
  const out = await run(file, args, options);
  if (out.code !== 0) throw new Error(`${file} ${args[0] ?? ""} ended with ${String(out.code)}: ${(out.stderr || out.stdout).trim().slice(-600)}`);
  return out.stdout;
};
