/** The program itself, as a machine gets it: one bundled file, enrolled with a token on standard input, then running in the foreground. Rule: its folders are the caller's; it ends when it is told. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { bundleAgent } from "../../scripts/agent/bundle.ts";
import { beforeExit, ended } from "./processes.ts";

export type Program = {
  /** What stands before it on its command line: `ip netns exec …`. */
  readonly within?: readonly string[];
  /** Holds the program, its conf and its state. */
  readonly dir: string; readonly name: string;
  readonly server: string; readonly port: number; readonly user: string; readonly brokerKey: string; readonly token: string;
  readonly mode: "agent" | "gateway"; readonly tls: "any" | "off";
};
export type Running = { readonly pid: number; log(): string; stop(): Promise<void>; /** Once more, after it was stopped, with what it keeps. */ start(): void };

const spoken = (child: ChildProcess): (() => string) => {
  let log = "";
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding("utf8").on("data", (d: string) => { log = (log + d).slice(-20_000); });
  return () => log;
};
export const runProgram = async (p: Program): Promise<Running> => {
  const file = join(p.dir, "lockstep-agent.mjs"), home = join(p.dir, p.name), places = ["--conf", join(home, "agent.conf"), "--state", join(home, "state")];
  mkdirSync(home, { recursive: true, mode: 0o700 });
  await bundleAgent(file);
  const [program = "", ...args] = [...(p.within ?? []), process.execPath, file], env = { PATH: process.env["PATH"] ?? "" };
  const facts = ["--server", p.server, "--port", String(p.port), "--user", p.user, "--broker-key", p.brokerKey, "--mode", p.mode, "--tls", p.tls, "--host-name", p.name];
  const first = spawn(program, [...args, "enroll", ...facts, ...places], { env, stdio: ["pipe", "pipe", "pipe"] }), said = spoken(first);
  first.stdin.on("error", () => undefined).end(p.token);
  const code = await new Promise((done) => { first.once("close", done); });
  if (code !== 0) throw new Error(`${p.name} did not enroll: ${said().trim().slice(-600)}`);
  const run = () => {
    const child = spawn(program, [...args, "run", ...places], { env, stdio: ["ignore", "pipe", "pipe"] });
    return { child, log: spoken(child), forget: beforeExit(() => { child.kill("SIGKILL"); }) };
  };
  let now = run();
  const stop = async (): Promise<void> => {
    const { child, forget } = now;
    forget();
    child.kill("SIGTERM");
    for (let i = 0; i < 200 && !ended(child); i++) await new Promise((r) => { setTimeout(r, 10); });
    if (!ended(child)) child.kill("SIGKILL");
  };
  return { get pid() { return now.child.pid!; }, log: () => now.log(), stop, start: () => { now = run(); } };
};
