/** One server process of the lab, in the foreground. Rule: its own directory and log, ended by its own pid; it dies with whoever started it. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { chmod, chown, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { certificate, type Certificate } from "./certificate.ts";
import { beforeExit, ended, until } from "./processes.ts";
import { BARE_ENV, must } from "./run.ts";

export type User = { readonly uid: number; readonly gid: number };
/** Servers that refuse to be root run as their package's user; anybody but root runs them as themselves. */
export const userOf = async (name: string): Promise<User | undefined> => {
  if (process.getuid?.() !== 0) return undefined;
  const [, , uid, gid] = (await must("getent", ["passwd", name])).split(":");
  return { uid: Number(uid), gid: Number(gid) };
};
export const setpriv = (user: User | undefined): string[] =>
  user ? [`--reuid=${String(user.uid)}`, `--regid=${String(user.gid)}`, "--clear-groups"] : [];

export const own = async (path: string, user: User | undefined): Promise<void> => {
  if (user) await chown(path, user.uid, user.gid);
};
/** A server's certificate in its directory, its key for its user alone. `fresh`: by a new authority. */
export const certify = async (dir: string, user: User | undefined, fresh: boolean): Promise<Certificate> => {
  const made = await certificate(dir, ["localhost"], fresh),
    key = join(dir, "server.key");
  await chmod(key, 0o600);
  await own(key, user);
  for (const file of ["server.crt", "ca.crt"]) await chmod(join(dir, file), 0o644);
  return made;
};

export type DaemonOptions = {
  /** Starts its sentences: "A lab Redis". */
  readonly called: string;
  readonly dir: string;
  /** Program and arguments; asked at each start. */
  command(): readonly string[];
  /** Up and answering? Asked every few milliseconds. */
  ready(log: string): boolean | Promise<boolean>;
  readonly user?: User | undefined;
  readonly env?: Record<string, string>;
  readonly within?: number;
};
export type Daemon = {
  readonly dir: string;
  pid(): number;
  start(): Promise<void>;
  stop(how?: NodeJS.Signals): Promise<void>;
  log(): string;
  /** Stopped, and its directory removed. */
  destroy(): Promise<void>;
};

const launch = (o: DaemonOptions): ChildProcess => {
  const log = openSync(join(o.dir, "log"), "a", 0o600);
  const child = spawn("setpriv", [...setpriv(o.user), "--pdeathsig", "KILL", ...o.command()], {
    env: { ...BARE_ENV, ...o.env },
    cwd: "/",
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.once("error", (error) => {
    appendFileSync(join(o.dir, "log"), `${String(error)}\n`);
  });
  child.unref();
  return child;
};

/** Not yet running. */
export const daemon = (o: DaemonOptions): Daemon => {
  let child: ChildProcess | undefined;
  const file = join(o.dir, "log"),
    log = (): string => (existsSync(file) ? readFileSync(file, "utf8") : "");
  const forget = beforeExit(() => {
    child?.kill("SIGKILL");
    rmSync(o.dir, { recursive: true, force: true, maxRetries: 3 });
  });
  const start = async (): Promise<void> => {
    if (child !== undefined) throw new Error(`${o.called} is running already.`);
    const seen = log().length,
      started = (child = launch(o));
    for (const end = performance.now() + (o.within ?? 30_000); performance.now() < end && !ended(started); await sleep(8))
      if (await o.ready(log().slice(seen))) return;
    child = undefined;
    started.kill("SIGKILL");
    throw new Error(`${o.called} did not come up: ${log().slice(seen).trim().slice(-600)}`);
  };
  const stop = async (how: NodeJS.Signals = "SIGTERM"): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || ended(running)) return;
    running.kill(how);
    if (!(await until(() => ended(running), 15_000, 5))) running.kill("SIGKILL");
    if (!(await until(() => ended(running), 5_000, 5))) throw new Error(`${o.called} would not end.`);
  };
  const pid = (): number => {
    if (child?.pid === undefined) throw new Error(`${o.called} is not running.`);
    return child.pid;
  };
  return {
    dir: o.dir,
    pid,
    start,
    stop,
    log,
    destroy: async () => {
      await stop("SIGKILL");
      forget();
      await rm(o.dir, { recursive: true, force: true });
    },
  };
};
