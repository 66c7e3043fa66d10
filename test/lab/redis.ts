/** A private Redis for tests, with users of its own. Rule: its own directory, port and password; it never touches a server of the machine. */
import { randomBytes } from "node:crypto";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Certificate } from "./certificate.ts";
import { certify, daemon, own, userOf, type Daemon } from "./daemon.ts";
import { needs, REDIS_PACKAGES } from "./needs.ts";
import { freePort, waitForPort } from "./ports.ts";
import { BARE_ENV, must, run } from "./run.ts";
import { scratch } from "./scratch.ts";

export type RedisServer = Daemon & {
  readonly port: number;
  readonly certificate: Certificate;
  /** Over the server's own socket as its first user, by redis-cli; the answer's lines. */
  cli(...command: string[]): Promise<string[]>;
  /** A login by redis-cli at the server's port. */
  opens(user: string, password: string): Promise<boolean>;
  /** The log, the slow log with everything in it, and what MONITOR saw since the start. */
  logs(): Promise<string>;
  aclFile(): string;
  changeCertificate(): Promise<Certificate>;
};
export type RedisOptions = {
  tls?: boolean;
  /** Users in the configuration file, in memory alone (no file at all), or in an ACL file. */
  users?: "aclfile" | "config" | "memory";
};

const settings = (dir: string, port: number, tls: boolean): [string, string][] => [
  ...((tls
    ? [
        ["port", "0"],
        ["tls-port", String(port)],
        ["tls-cert-file", `${dir}/server.crt`],
        ["tls-key-file", `${dir}/server.key`],
        ["tls-ca-cert-file", `${dir}/ca.crt`],
        ["tls-auth-clients", "no"],
      ]
    : [["port", String(port)]]) as [string, string][]),
  ["bind", "127.0.0.1"],
  ["unixsocket", `${dir}/sock`],
  ["unixsocketperm", "777"],
  ["dir", dir],
  ["save", ""],
  ["loglevel", "debug"],
  ["slowlog-log-slower-than", "0"],
  ["slowlog-max-len", "100000"],
];

/** Running when it returns. */
export const redisServer = async ({ tls = true, users = "aclfile" }: RedisOptions = {}): Promise<RedisServer> => {
  await needs({ linux: true, debian: REDIS_PACKAGES }, "A lab Redis");
  const dir = await scratch("redis", false),
    user = await userOf("redis"),
    port = await freePort(),
    password = randomBytes(18).toString("base64url");
  await own(dir, user);
  let shown = await certify(dir, user, true);
  const all = settings(dir, port, tls),
    conf = join(dir, "redis.conf"),
    acl = join(dir, "users.acl"),
    first = `user lab on >${password} ~* &* +@all`;
  const lines = [...all, ...(users === "aclfile" ? [["aclfile", acl]] : [])].map(([k, v]) => `${k} ${v === "" ? '""' : v}`);
  await writeFile(acl, `user default off\n${first}\n`, { mode: 0o600 });
  await writeFile(conf, [...lines, ...(users === "config" ? ["user default off", first] : [])].join("\n"), { mode: 0o600 });
  for (const file of [acl, conf]) await own(file, user);
  const args = users === "memory" ? all.flatMap(([k, v]) => [`--${k}`, v]) : [conf];
  const d = daemon({
    called: "A lab Redis",
    dir,
    user,
    command: () => ["redis-server", ...args],
    ready: (log) => /Ready to accept connections/.test(log),
  });
  const monitored: string[] = [];
  let watcher: ReturnType<typeof spawn> | undefined;
  const env = { ...BARE_ENV, REDISCLI_AUTH: password },
    base = ["-s", join(dir, "sock"), ...(users === "memory" ? [] : ["--user", "lab"]), "--no-auth-warning"];
  const cli = async (...command: string[]): Promise<string[]> =>
    (await must("redis-cli", [...base, ...command], { env: users === "memory" ? BARE_ENV : env })).split("\n").filter((l) => l !== "");
  const opens = async (name: string, secret: string): Promise<boolean> => {
    const at = ["-h", "127.0.0.1", "-p", String(port), ...(tls ? ["--tls", "--cacert", join(dir, "ca.crt")] : [])];
    const r = await run("redis-cli", [...at, "--user", name, "--no-auth-warning", "PING"], { env: { ...BARE_ENV, REDISCLI_AUTH: secret } });
    return !/WRONGPASS|NOAUTH|AUTH failed/.test(r.stdout + r.stderr);
  };
  const start = async (): Promise<void> => {
    await d.start();
    await waitForPort(port, undefined, 5_000);
    watcher = spawn("redis-cli", [...base, "MONITOR"], { env: users === "memory" ? BARE_ENV : env, stdio: ["ignore", "pipe", "ignore"] });
    watcher.stdout!.on("data", (part: Buffer) => monitored.push(part.toString("latin1")));
  };
  const stop = async (): Promise<void> => {
    watcher?.kill("SIGKILL");
    await d.stop();
  };
  const logs = async (): Promise<string> =>
    [d.log(), (await cli("SLOWLOG", "GET", "-1")).join("\n"), (await cli("ACL", "LOG")).join("\n"), ...monitored].join("\n");
  const changeCertificate = async (): Promise<Certificate> => {
    shown = await certify(dir, user, false);
    await cli("CONFIG", "SET", "tls-cert-file", join(dir, "server.crt"), "tls-key-file", join(dir, "server.key"));
    return shown;
  };
  try {
    await start();
  } catch (error) {
    await d.destroy();
    throw error;
  }
  const destroy = async (): Promise<void> => {
    watcher?.kill("SIGKILL");
    await d.destroy();
  };
  return {
    ...d,
    port,
    cli,
    opens,
    logs,
    start,
    stop,
    destroy,
    changeCertificate,
    aclFile: () => readFileSync(acl, "utf8"),
    get certificate() {
      return shown;
    },
  };
};
