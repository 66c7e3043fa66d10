/** The command line as a process of its own. Rule: its environment is what the test gives it and nothing else. */
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");
export type Done = { readonly code: number | null; readonly out: string; readonly err: string };
export type Given = { readonly cwd: string; readonly env?: Readonly<Record<string, string>>; readonly stdin?: string };

/** From source, with the loader that also reads pages: commands that open the broker itself need it. */
export const lockstep = (args: readonly string[], { cwd, env = {}, stdin = "" }: Given): Promise<Done> => new Promise((done, fail) => {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--import", join(ROOT, "node_modules/tsx/dist/loader.mjs"), join(ROOT, "src/main.ts"), ...args],
    { cwd, env: { PATH: process.env["PATH"]!, HOME: cwd, NODE_COMPILE_CACHE: join(cwd, "compiled"), LOCKSTEP_LOG: "silent", ...env }, stdio: ["pipe", "pipe", "pipe"] });
  let out = "", err = "";
  child.stdout.on("data", (c: Buffer) => { out += c.toString(); });
  child.stderr.on("data", (c: Buffer) => { err += c.toString(); });
  child.on("error", fail).on("close", (code) => { done({ code, out, err }); });
  child.stdin.on("error", () => undefined).end(stdin);
});
