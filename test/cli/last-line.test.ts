/** A broker in which something nobody foresaw is thrown. Rule: it ends at once and says where, in a line without the error's words; the next start takes over. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scratch } from "../lab/scratch.ts";
import { freePort } from "../lab/ports.ts";
import { ROOT } from "./process.ts";

/** As a driver throws it, with what it was about to send; SIGUSR2: thrown, SIGPIPE: rejected. */
const TRAP = `const bad = () => Object.assign(new RangeError("Geheim-1234 is out of range"), { code: "ERR_OUT_OF_RANGE", sql: "alter role app password 'Geheim-1234'" });
  process.on("SIGUSR2", function heardThat() { throw bad(); }); process.on("SIGPIPE", () => { void Promise.reject(bad()); });`;
type Ended = { readonly code: number | null; readonly out: string; readonly err: string };
const serve = async (dir: string, signal: NodeJS.Signals): Promise<Ended> => {
  const env = { PATH: process.env["PATH"]!, HOME: dir, LOCKSTEP_DATA: join(dir, "data"), LOCKSTEP_LOG: "silent", LOCKSTEP_LISTEN: `127.0.0.1:${await freePort()}`, LOCKSTEP_SSH_LISTEN: `127.0.0.1:${await freePort()}`, LOCKSTEP_WORKERS: "1" };
  const trap = join(dir, "trap.mjs");
  writeFileSync(trap, TRAP);
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--import", "tsx", "--import", trap, join(ROOT, "src/main.ts"), "serve"], { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  let out = "", err = "";
  child.stdout.setEncoding("utf8").on("data", (t: string) => { if (!out.includes("Lockstep is up") && (out + t).includes("Lockstep is up")) child.kill(signal); out += t; });
  child.stderr.setEncoding("utf8").on("data", (t: string) => { err += t; });
  return new Promise((resolve) => { child.once("close", (code) => resolve({ code, out, err })); });
};

test("law: secrets-one-door — what nobody caught ends the broker with one line that holds none of its words, and it can be started again", async () => {
  const dir = await scratch("last-line", false);
  for (const signal of ["SIGUSR2", "SIGPIPE"] as const) {
    const { code, out, err } = await serve(dir, signal); const last = JSON.parse(err.trim().split("\n").at(-1)!) as Record<string, string>;
    expect([out, code]).toEqual([expect.stringContaining("Lockstep is up"), 1]);
    expect(last).toMatchObject({ level: 50, error: "RangeError", code: "ERR_OUT_OF_RANGE", msg: expect.stringContaining("nobody caught") });
    expect(last["from"]).toMatch(signal === "SIGUSR2" ? /heardThat/ : /trap\.mjs/);
    expect(out + err).not.toContain("Geheim");
  }
});
