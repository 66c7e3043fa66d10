/** A real sshd, the proxy before it and the stock client. Rule: everything of one bench lives in one scratch directory and ends with it. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createSecretKey } from "node:crypto";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SshProxy } from "../../proxy/pool.ts";
import { startSshProxy } from "../../proxy/pool.ts";
import type { Frame } from "../../src/recordings/frame.ts";
import { readAll } from "../recordings/read.ts";
import type { Verdict } from "../recordings/read.ts";
import type { LinuxHost } from "../lab/host.ts";
import { linuxHost } from "../lab/host.ts";
import type { FakeBroker, FakeSession } from "./fake-broker.ts";
import { fakeBroker } from "./fake-broker.ts";

export const APP_PASSWORD = "App1-Pw-1!x9Qz";
export type Said = { code: number | null; signal: string | null; stdout: Buffer; stderr: string; ms: number };
export type Lab = AsyncDisposable & {
  broker: FakeBroker; host: LinuxHost; proxy: SshProxy; dir: string; recordings: string; lines: string[];
  /** argv of a stock client (the first value of an option wins, so `options` lead) up to and including the destination. */
  argv(options?: string[], user?: string): string[];
  ssh(command: string | undefined, o?: { user?: string; stdin?: Buffer | "open" | "null"; options?: string[]; env?: Record<string, string> }): Promise<Said>;
  start(command: string | undefined, o?: { user?: string; options?: string[] }): ChildProcess;
  recording(session: FakeSession): { frames: Frame[]; verdict: Verdict; file: string };
  ended(session?: FakeSession): Promise<FakeSession>;
};

export const eventually = async <T>(get: () => T | undefined | false | Promise<T | undefined | false>, ms = 20_000): Promise<T> => {
  for (const until = performance.now() + ms; ;) {
    const got = await get();
    if (got !== undefined && got !== false) return got;
    if (performance.now() > until) throw new Error(`nothing within ${ms} ms: ${get.toString()}`);
    await new Promise((done) => setTimeout(done, 10));
  }
};

const keygen = (file: string, ...more: string[]): string => {
  execFileSync("ssh-keygen", ["-q", "-N", "", "-C", "lab", "-f", file, ...more.length > 0 ? more : ["-t", "ed25519"]]);
  return readFileSync(`${file}.pub`, "utf8").split(" ").slice(0, 2).join(" ").trim();
};

export const collect = (child: ChildProcess): Promise<Said> => new Promise((resolve) => {
  const out: Buffer[] = [], begun = performance.now();
  let stderr = "";
  child.stdout?.on("data", (d: Buffer) => out.push(d));
  child.stderr?.on("data", (d: Buffer) => { stderr += d.toString(); });
  child.on("close", (code, signal) => resolve({ code, signal, stdout: Buffer.concat(out), stderr, ms: performance.now() - begun }));
});

const readBack = (file: string, session: FakeSession) => ({ ...readAll(file, createSecretKey(session.key), session.recording), file });

/** `port`: default any. `sshd`: more lines for the target's sshd_config. */
export type LabOptions = { port?: number; sshd?: string; workers?: number; timescale?: number; recordings?: string };

export const sshLab = async (o: LabOptions): Promise<Lab> => {
  const dir = mkdtempSync(join(tmpdir(), "lockstep-proxy-")), recordings = o.recordings ?? join(dir, "recordings"), broker = fakeBroker(), lines: string[] = [];
  mkdirSync(recordings, { recursive: true });
  const host = await linuxHost({ name: "web-1", accounts: { app1: APP_PASSWORD }, extraSshd: `AcceptEnv LANG LC_* TERM\n${o.sshd ?? ""}` });
  const hostKey = keygen(join(dir, "proxy_key")), personKey = keygen(join(dir, "person_key"));
  chmodSync(join(dir, "person_key"), 0o600);
  broker.persons.set("requester", { password: "Person-Pw-1", keys: [personKey] });
  broker.accounts.set("app1@web-1", { host: "127.0.0.1", port: host.port, username: "app1", hostKeys: [host.hostKey], password: APP_PASSWORD });
  const proxy = await startSshProxy({
    listen: { host: "127.0.0.1", port: o.port ?? 0 }, hostKeys: [readFileSync(join(dir, "proxy_key"), "utf8")], workers: o.workers ?? 1, control: broker,
    socketPath: join(dir, "control.sock"), recordingsDir: recordings, timescale: o.timescale ?? 1,
    log: (level, what, fields) => { lines.push(`${level} ${what} ${JSON.stringify(fields ?? {})}`); },
  });
  writeFileSync(join(dir, "known"), `[127.0.0.1]:${proxy.port} ${hostKey}\n`);
  const argv = (options: string[] = [], user = "requester@app1@web-1"): string[] => [...options, "-F", "/dev/null", "-p", String(proxy.port), "-i", join(dir, "person_key"),
    "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes", "-o", `UserKnownHostsFile=${join(dir, "known")}`, "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
    `${user}@127.0.0.1`];
  const start: Lab["start"] = (command, { user, options } = {}) =>
    spawn("ssh", [...argv(options, user), ...command === undefined ? [] : [command]], { stdio: ["pipe", "pipe", "pipe"] });
  const ssh: Lab["ssh"] = async (command, { user, stdin = "null", options, env } = {}) => {
    const child = spawn("ssh", [...argv(options, user), ...command === undefined ? [] : [command]],
      { stdio: [stdin === "null" ? "ignore" : "pipe", "pipe", "pipe"], ...env ? { env: { ...process.env, ...env } } : {} });
    child.stdin?.on("error", () => undefined);
    if (Buffer.isBuffer(stdin)) child.stdin?.end(stdin);
    return await collect(child);
  };
  return {
    broker, host, proxy, dir, recordings, lines, argv, ssh, start,
    recording: (session) => readBack(join(recordings, `${session.recording}.lsr`), session),
    ended: async (session) => { const s = session ?? broker.last(); await eventually(() => s.ended); return s; },
    [Symbol.asyncDispose]: async () => { await proxy.close(); await host.destroy(); rmSync(dir, { recursive: true, force: true }); },
  };
};

export const bytesOf = (frames: readonly Frame[], type: Frame["type"], channel = 1): Buffer =>
  Buffer.concat(frames.filter((f) => f.type === type && f.channel === channel).map((f) => f.data));
