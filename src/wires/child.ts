/**
 * A client program of this machine, run to its end. Rule: what is secret goes in by standard input or by a pipe of its own, never by argument,
 * environment or file; it is killed when the caller's signal says so, and what it may say is bounded.
 */
import { spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import type { Writable } from "node:stream";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", MOST = 8 * 1024 * 1024;
/** `code` null: killed, or it could not be started. */
export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
export type ChildOptions = {
  readonly input: string; readonly signal: AbortSignal; readonly env?: Readonly<Record<string, string>>;
  /** What stands in the pipe that the program finds as descriptor 3. */
  readonly third?: string;
  /** In a session of its own, which has no terminal: a program that would rather ask a person finds standard input alone. */
  readonly apart?: true;
};

/** Never rejects. */
export const runChild = (file: string, args: readonly string[], o: ChildOptions): Promise<Ended> => new Promise((resolve) => {
  let stdout = "", stderr = "";
  const child = spawn(file, args, {
    env: { PATH, LC_ALL: "C.UTF-8", HOME: "/nonexistent", ...o.env }, cwd: "/", detached: o.apart === true, stdio: ["pipe", "pipe", "pipe", o.third === undefined ? "ignore" : "pipe"],
  });
  const kill = (): void => { child.kill("SIGKILL"); }, bound = (): void => { if (stdout.length + stderr.length > MOST) kill(); };
  const end = (code: number | null): void => { o.signal.removeEventListener("abort", kill); resolve({ code, stdout, stderr }); };
  child.stdout!.setEncoding("utf8").on("data", (part: string) => { stdout += part; bound(); });
  child.stderr!.setEncoding("utf8").on("data", (part: string) => { stderr += part; bound(); });
  child.once("error", () => end(null)).once("close", end);
  o.signal.addEventListener("abort", kill, { once: true });
  if (o.signal.aborted) kill();
  // It may end without having read them (EPIPE): then its end says why.
  (child.stdio[3] as Writable | null)?.on("error", () => undefined).end(o.third);
  child.stdin!.on("error", () => undefined).end(o.input);
});

const found = new Map<string, Promise<boolean>>();
const look = async (program: string): Promise<boolean> => {
  for (const dir of PATH.split(":")) if (await access(join(dir, program), constants.X_OK).then(() => true, () => false)) return true;
  return false;
};
/** Asked once in the life of this process. */
export const installed = (program: string): Promise<boolean> => {
  const known = found.get(program) ?? look(program);
  found.set(program, known);
  return known;
};
