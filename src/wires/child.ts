/**
 * A client program of this machine, run to its end. Rule: what is secret goes in by standard input or by a pipe of its own, never by argument,
 * environment or file; it is killed when the caller's signal says so, and what it said is bounded.
 */
import { spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Writable } from "node:stream";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", MOST = 1024 * 1024;
export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
export type ChildOptions = {
  readonly input: string | Buffer; readonly signal: AbortSignal;
  /** What stands in the pipe that the program finds as descriptor 3. */
  readonly third?: string; readonly env?: Readonly<Record<string, string>>;
  /** Called when it has said something; for a dialogue over standard input, which `input` then only begins. */
  readonly heard?: (soFar: { stdout: string; stderr: string }, stdin: Writable) => void;
};

/** null: killed, or it could not be started. Never rejects. */
export const runChild = (file: string, args: readonly string[], o: ChildOptions): Promise<Ended> => new Promise((resolve) => {
  let stdout = "", stderr = "";
  const child = spawn(file, args, { env: { PATH, LC_ALL: "C.UTF-8", HOME: "/nonexistent", ...o.env }, cwd: "/", stdio: ["pipe", "pipe", "pipe", o.third === undefined ? "ignore" : "pipe"] });
  const kill = (): void => { child.kill("SIGKILL"); }, end = (code: number | null): void => { o.signal.removeEventListener("abort", kill); resolve({ code, stdout, stderr }); };
  const keep = (which: "out" | "err") => (part: string): void => {
    if (which === "out") stdout += part; else stderr += part;
    if (stdout.length + stderr.length > MOST) return kill();
    o.heard?.({ stdout, stderr }, child.stdin!);
  };
  child.stdout!.setEncoding("utf8").on("data", keep("out"));
  child.stderr!.setEncoding("utf8").on("data", keep("err"));
  child.once("error", () => end(null)).once("close", end);
  o.signal.addEventListener("abort", kill, { once: true });
  if (o.signal.aborted) kill();
  const third = child.stdio[3] as Writable | null;
  // It may end without having read them (EPIPE): then its end says why.
  third?.on("error", () => undefined).end(o.third);
  child.stdin!.on("error", () => undefined).write(o.input);
  if (o.heard === undefined) child.stdin!.end();
});

const found = new Map<string, Promise<boolean>>();
const look = async (program: string): Promise<boolean> => {
  for (const dir of PATH.split(delimiter)) if (await access(join(dir, program), constants.X_OK).then(() => true, () => false)) return true;
  return false;
};
/** Asked once in the life of this process. */
export const installed = (program: string): Promise<boolean> => {
  const known = found.get(program) ?? look(program);
  found.set(program, known);
  return known;
};
