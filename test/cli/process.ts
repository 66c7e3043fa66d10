/** The command line as a process of its own. Rule: its environment is what the test gives it and nothing else. */
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { program } from "../lab/program.ts";

export const ROOT = resolve(import.meta.dirname, "../..");
export type Done = { readonly code: number | null; readonly out: string; readonly err: string };
export type Given = { readonly cwd: string; readonly env?: Readonly<Record<string, string>>; readonly stdin?: string };

/** A command and its arguments. */
export const ended = (command: string, args: readonly string[], { cwd, env = {}, stdin = "" }: Given): Promise<Done> => new Promise((done, fail) => {
  const child = spawn(command, args, { cwd, env: { PATH: process.env["PATH"]!, HOME: cwd, NODE_COMPILE_CACHE: join(cwd, "compiled"), ...env }, stdio: ["pipe", "pipe", "pipe"] });
  let out = "", err = "";
  child.stdout.on("data", (c: Buffer) => { out += c.toString(); });
  child.stderr.on("data", (c: Buffer) => { err += c.toString(); });
  child.on("error", fail).on("close", (code) => { done({ code, out, err }); });
  child.stdin.on("error", () => undefined).end(stdin);
});
export const lockstep = async (args: readonly string[], given: Given): Promise<Done> =>
  ended(process.execPath, [await program("src/main.ts"), ...args], { ...given, env: { LOCKSTEP_LOG: "silent", ...given.env } });
