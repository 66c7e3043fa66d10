/** A private PostgreSQL cluster for tests. Rule: its own directory, port and password; it never touches a cluster of the machine. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { certificate } from "./certificate.ts";
import type { Certificate } from "./certificate.ts";
import { needs, POSTGRES_PACKAGES } from "./needs.ts";
import { freePort, waitForPort } from "./ports.ts";
import { beforeExit, childrenOf, ended, gone, until } from "./processes.ts";
import { BARE_ENV, must } from "./run.ts";
import { scratch } from "./scratch.ts";

export type PostgresOptions = {
  port?: number;
  /** Default false: quick. True for tests of what survives a crash. */
  fsync?: boolean;
  /** More postgresql.conf settings, e.g. { log_statement: "all" }. */
  settings?: Record<string, string>;
  /** Offers TLS, by a certificate of its own for 127.0.0.1 and localhost. */
  tls?: boolean;
  /** Lines of pg_hba.conf that come before "everybody by SCRAM". */
  hba?: readonly string[];
  /** In a network namespace of this name, listening on this address of it; this process does not look into it. */
  network?: { readonly name: string; readonly address: string };
  /** Where initdb and postgres are; default: the newest of Debian's. */
  bin?: string;
  /** A stopped cluster's data directory, by `prepare`: copied instead of made. */
  from?: string;
};

export type PostgresCluster = AsyncDisposable & {
  /** Superuser, database "postgres". */
  readonly url: string;
  readonly port: number;
  /** Holds data/, sock/ and log. */
  readonly dir: string;
  /** Creates a fresh database, from `template` if given, and returns its URL. Nobody may be connected to the template. */
  database(name?: string, template?: string): Promise<string>;
  /** kill -9 of the postmaster; returns when its children are gone too. */
  crash(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  log(): string;
  /** The first process of the server, whose children are its backends. */
  pid(): number;
  /** What it shows; undefined without `tls`. */
  readonly certificate: Certificate | undefined;
  /** Stops it and starts it as a standby that waits for a primary; undone by the next stop and start. */
  standby(): Promise<void>;
  /** Another one, by the same authority, from the next connection on. */
  changeCertificate(): Promise<Certificate>;
  destroy(): Promise<void>;
};

const LIB = "/usr/lib/postgresql";

/** Of the newest server that Debian has put here. */
export const binaries = (): string => {
  const versions = existsSync(LIB) ? readdirSync(LIB).filter((v) => existsSync(join(LIB, v, "bin/initdb"))) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) throw new Error(`A lab database found no server below ${LIB}; run: apt-get install --reinstall postgresql`);
  return join(LIB, newest, "bin");
};

type User = { uid: number; gid: number };

/** The server refuses to run as root; anybody else runs it as themselves. */
const serverUser = async (): Promise<User | undefined> => {
  if (process.getuid?.() !== 0) return undefined;
  const [, , uid, gid] = (await must("getent", ["passwd", "postgres"])).split(":");
  return { uid: Number(uid), gid: Number(gid) };
};

const as = (user: User | undefined): string[] =>
  user ? [`--reuid=${String(user.uid)}`, `--regid=${String(user.gid)}`, "--clear-groups"] : [];

/** Until a copy has one of its own. */
const PREPARED = "prepared";
const initdb = async ({ bin, dir, password, user }: Pick<Laid, "bin" | "dir" | "password" | "user">, from: string | undefined): Promise<void> => {
  const own = async (path: string): Promise<void> => { if (user) await chown(path, user.uid, user.gid); };
  for (const part of from === undefined ? ["data", "sock"] : ["sock"]) { await mkdir(join(dir, part), { mode: 0o700 }); await own(join(dir, part)); }
  if (from !== undefined) return void await must("cp", ["-a", from, join(dir, "data")]);
  const pwfile = join(dir, "pw");
  await writeFile(pwfile, password, { mode: 0o600 });
  await own(pwfile);
  const cluster = ["-D", join(dir, "data"), "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
  const access = ["-U", "postgres", "-A", "scram-sha-256", "--pwfile", pwfile];
  await must("setpriv", [...as(user), join(bin, "initdb"), ...cluster, ...access]);
  await rm(pwfile);
};

/** The key must be the server's own and nobody else's. */
const certify = async (dir: string, user: User | undefined, fresh: boolean): Promise<Certificate> => {
  const made = await certificate(dir, ["localhost"], fresh), key = join(dir, "server.key");
  await chmod(key, 0o600);
  if (user) await chown(key, user.uid, user.gid);
  await chmod(join(dir, "server.crt"), 0o644);
  return made;
};
const admit = async (dir: string, lines: readonly string[]): Promise<void> => {
  const file = join(dir, "data/pg_hba.conf");
  await writeFile(file, `${lines.join("\n")}\n${await readFile(file, "utf8")}`);
};

const settingsFor = (o: PostgresOptions, dir: string, port: number): string[] => {
  const durable = o.fsync ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };
  const all: Record<string, string> = {
    port: String(port), listen_addresses: o.network?.address ?? "127.0.0.1", unix_socket_directories: join(dir, "sock"), max_connections: "200",
    shared_buffers: "32MB", dynamic_shared_memory_type: "mmap", logging_collector: "off", lc_messages: "C", ...durable,
    ...(o.tls ? { ssl: "on", ssl_cert_file: join(dir, "server.crt"), ssl_key_file: join(dir, "server.key") } : {}), ...o.settings,
  };
  return Object.entries(all).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
};

/** QUIT is the postmaster's immediate shutdown: if we are killed, it takes its children and shared memory along. */
const launch = (bin: string, dir: string, settings: string[], user: User | undefined, network: string | undefined): ChildProcess => {
  const log = openSync(join(dir, "log"), "a", 0o600);
  const args = [...as(user), "--pdeathsig", "QUIT", join(bin, "postgres"), "-D", join(dir, "data"), ...settings];
  const [program = "", ...rest] = [...(network === undefined ? [] : ["nsenter", `--net=/run/netns/${network}`, "--"]), "setpriv", ...args];
  const child = spawn(program, rest, { env: BARE_ENV, cwd: "/", detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  child.once("error", (error) => { appendFileSync(join(dir, "log"), `${String(error)}\n`); });
  child.unref();
  return child;
};

const READY = /database system is ready to accept (read.only )?connections/;

const finish = async (child: ChildProcess, how: NodeJS.Signals): Promise<void> => {
  const children = child.pid === undefined ? [] : childrenOf(child.pid);
  child.kill(how);
  if (!(await until(() => ended(child), 15_000, 5))) child.kill("SIGKILL");
  if (!(await until(() => ended(child), 5_000, 5)) || !(await gone(children, 10_000))) throw new Error("A lab database would not end.");
};

const asked = async (url: string, sql: (client: pg.Client) => string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try { await client.query(sql(client)); } finally { await client.end(); }
};
const create = (admin: string, name: string, template: string | undefined): Promise<void> =>
  asked(admin, (c) => `CREATE DATABASE ${c.escapeIdentifier(name)}${template === undefined ? "" : ` TEMPLATE ${c.escapeIdentifier(template)}`}`);
const setPassword = (url: string, password: string): Promise<void> => asked(url, (c) => `ALTER ROLE postgres PASSWORD ${c.escapeLiteral(password)}`);

type Laid = { bin: string; dir: string; port: number; password: string; user: User | undefined; shown: Certificate | undefined };
const cluster = (o: PostgresOptions, { bin, dir, port, password, user, ...laid }: Laid): PostgresCluster => {
  let child: ChildProcess | undefined, shown = laid.shown;
  const logFile = join(dir, "log"), settings = settingsFor(o, dir, port);
  const url = (name: string): string => `postgres://postgres:${password}@127.0.0.1:${String(port)}/${encodeURIComponent(name)}`;
  const log = (): string => existsSync(logFile) ? readFileSync(logFile, "utf8") : "";
  const forget = beforeExit(() => { child?.kill("SIGQUIT"); rmSync(dir, { recursive: true, force: true, maxRetries: 3 }); });
  const start = async (): Promise<void> => {
    if (child !== undefined) throw new Error("The lab database is running already.");
    const seen = log().length, started = child = launch(bin, dir, settings, user, o.network?.name);
    await until(() => ended(started) || READY.test(log().slice(seen)), 30_000, 8);
    if (!ended(started) && READY.test(log().slice(seen))) return o.network ? undefined : await waitForPort(port, undefined, 5_000);
    child = undefined;
    started.kill("SIGKILL");
    throw new Error(`A lab database did not come up: ${log().slice(seen).trim().slice(-600)}`);
  };
  const end = async (how: NodeJS.Signals): Promise<void> => {
    const running = child;
    child = undefined;
    if (running !== undefined && !ended(running)) await finish(running, how);
  };
  const database = async (name = `t_${randomBytes(6).toString("hex")}`, template?: string): Promise<string> => {
    await create(url("postgres"), name, template);
    return url(name);
  };
  const standby = async (): Promise<void> => {
    const old = Number(readFileSync(join(dir, "data/PG_VERSION"), "utf8")) < 12, file = join(dir, "data", old ? "recovery.conf" : "standby.signal");
    await end("SIGINT");
    await writeFile(file, old ? "standby_mode = 'on'\n" : "");
    try { await start(); } finally { await rm(file); }
  };
  const destroy = async (): Promise<void> => { await end("SIGQUIT"); forget(); await rm(dir, { recursive: true, force: true }); };
  const pid = (): number => { if (child?.pid === undefined) throw new Error("The lab database is not running."); return child.pid; };
  const changeCertificate = async (): Promise<Certificate> => {
    shown = await certify(dir, user, false);
    process.kill(pid(), "SIGHUP");
    await until(() => log().includes("received SIGHUP"), 5_000, 8);
    return shown;
  };
  return {
    url: url("postgres"), port, dir, database, start, standby, log, destroy, pid, changeCertificate, get certificate() { return shown; },
    crash: () => end("SIGKILL"), stop: () => end("SIGINT"), [Symbol.asyncDispose]: destroy,
  };
};

/** Running when it returns. As root it runs as user postgres; installs PostgreSQL on Debian if root. */
export const postgresCluster = async (o: PostgresOptions = {}, tries = 4): Promise<PostgresCluster> => {
  await needs({ linux: true, debian: POSTGRES_PACKAGES }, "A lab database");
  const dir = await scratch("pg", false), bin = o.bin ?? binaries(), user = await serverUser();
  const password = randomBytes(18).toString("base64url"), port = o.port ?? await freePort();
  await initdb({ bin, dir, password, user }, o.from);
  const shown = o.tls ? await certify(dir, user, true) : undefined;
  if (o.hba) await admit(dir, o.hba);
  const made = cluster(o, { bin, dir, port, password, user, shown });
  try {
    await made.start();
    if (o.from !== undefined) await setPassword(made.url.replace(password, PREPARED), password);
    return made;
  } catch (error) {
    await made.destroy();
    if (tries > 1 && o.port === undefined && /Address already in use/.test(String(error))) return await postgresCluster(o, tries - 1);
    throw error;
  }
};

/** A cluster in which `fill` has made what every copy of it begins with; its data directory is left at `to`, which is there whole or not at all. */
export const prepare = async (to: string, fill: (made: PostgresCluster) => Promise<void>): Promise<void> => {
  const made = await postgresCluster(), part = `${to}.${process.pid}`;
  try {
    await fill(made);
    await setPassword(made.url, PREPARED);
    await made.stop();
    await must("cp", ["-a", join(made.dir, "data"), part]);
  } finally { await made.destroy(); }
  await rename(part, to).catch(async (e: unknown) => { await rm(part, { recursive: true }); if (!existsSync(to)) throw e; });
};
