/** Raise lab servers by hand: `tsx test/lab/lab.ts up web-1 22101`, `tsx test/lab/lab.ts pg 22110`. Rule: they live until Ctrl-C. */
import { randomBytes } from "node:crypto";
import { linuxHost } from "./host.ts";
import { postgresCluster } from "./postgres.ts";

const say = (line: string): void => { process.stdout.write(`${line}\n`); };
const password = (): string => `Lab-${randomBytes(9).toString("base64url")}`;

type Server = { destroy(): Promise<void> };

const upHost = async (name: string, port: number | undefined): Promise<Server> => {
  const root = password(), app1 = password(), admin1 = password();
  const people = { rootPassword: root, accounts: { app1 }, sudoAdmin: { name: "admin1", password: admin1 } };
  const host = await linuxHost({ name, ...port ? { port } : {}, ...people });
  say(`${name}: ssh -p ${String(host.port)} app1@127.0.0.1   host key ${host.fingerprint}`);
  say(`  root ${root}\n  app1 ${app1}\n  admin1 ${admin1}   (sudo: chpasswd, getent shadow)\n  files ${host.dir}`);
  return host;
};

const upPostgres = async (port: number | undefined): Promise<Server> => {
  const cluster = await postgresCluster(port ? { port } : {});
  say(`${cluster.url}\n  files ${cluster.dir}`);
  return cluster;
};

const [verb, ...rest] = process.argv.slice(2);
const number = (text: string | undefined): number | undefined => text === undefined ? undefined : Number(text);
const begun = performance.now();
const server = verb === "up" ? await upHost(rest[0] ?? "web-1", number(rest[1])) : verb === "pg" ? await upPostgres(number(rest[0])) : undefined;

if (server === undefined) {
  say("usage: lab.ts up NAME [PORT] | lab.ts pg [PORT]");
  process.exitCode = 2;
} else {
  say(`up in ${String(Math.round(performance.now() - begun))} ms; Ctrl-C ends it`);
  const parent = process.ppid; // tsx runs this as its child and may be killed without a word to it
  const watch = setInterval(() => { if (process.ppid !== parent) end(); }, 250);
  const end = (): void => { clearInterval(watch); void server.destroy().finally(() => process.exit(0)); };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, end);
}
