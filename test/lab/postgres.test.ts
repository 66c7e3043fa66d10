/** The lab's database proves itself. Rule: a crash here is a real kill -9, and what must survive it is read back by SQL. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { postgresCluster } from "./postgres.ts";
import type { PostgresCluster } from "./postgres.ts";
import { alive, childrenOf, gone } from "./processes.ts";
import { must } from "./run.ts";

let cluster: PostgresCluster, took: number;
beforeAll(async () => {
  const begun = performance.now();
  cluster = await postgresCluster({ fsync: true, settings: { log_statement: "all" } });
  took = performance.now() - begun;
}, 120_000);
afterAll(() => cluster.destroy());

const ask = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try { return (await client.query(sql)).rows as unknown[]; } finally { await client.end(); }
};

const postmaster = async (port: number): Promise<number> =>
  Number((await must("ss", ["-Hltnp", `sport = :${String(port)}`])).match(/pid=(\d+)/)?.[1]);

test("is up within ten seconds even on a busy machine (about one on a quiet one)", () => { expect(took).toBeLessThan(10_000); });

test("gives each caller a database of its own, or a copy of a template", async () => {
  const [one, two] = [await cluster.database(), await cluster.database()];
  await ask(one, "create table t (x int); insert into t values (7)");
  await expect(ask(two, "select * from t")).rejects.toMatchObject({ code: "42P01" });
  const copy = await cluster.database("copied", new URL(one).pathname.slice(1));
  expect(copy).toMatch(/\/copied$/);
  expect(await ask(copy, "select x from t")).toEqual([{ x: 7 }]);
});

test("asks for its password by SCRAM, and honours settings", async () => {
  await expect(ask(cluster.url.replace(/:[^:@]+@/, ":wrong@"), "select 1")).rejects.toMatchObject({ code: "28P01" });
  expect(await ask(cluster.url, "select rolpassword like 'SCRAM-SHA-256$%' ok from pg_authid where rolname = 'postgres'")).toEqual([{ ok: true }]);
  expect(await ask(cluster.url, "show fsync")).toEqual([{ fsync: "on" }]);
  expect(cluster.log()).toContain("statement: show fsync");
  expect(existsSync(join(cluster.dir, "pw"))).toBe(false);
});

test("law: a crash leaves no child behind, and what was committed is there after start", async () => {
  const url = await cluster.database(), first = await postmaster(cluster.port), children = childrenOf(first);
  await ask(url, "create table t (x int); insert into t values (8)");
  expect(children.length).toBeGreaterThan(3);
  await cluster.crash();
  expect([first, ...children].filter(alive)).toEqual([]);
  await expect(ask(url, "select 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await cluster.start();
  expect(await ask(url, "select x from t")).toEqual([{ x: 8 }]);
  expect(cluster.log()).toContain("was not properly shut down");
});

test("stops in order and starts again on its port", async () => {
  await cluster.stop();
  expect(cluster.log()).toMatch(/database system is shut down\n$/);
  await cluster.start();
  expect(await ask(cluster.url, "show port")).toEqual([{ port: String(cluster.port) }]);
  await expect(cluster.start()).rejects.toThrow("running already");
});

test("destroy leaves no process and no directory", async () => {
  let seen: { dir: string; pids: number[] };
  {
    await using short = await postgresCluster();
    const first = await postmaster(short.port);
    seen = { dir: short.dir, pids: [first, ...childrenOf(first)] };
    expect(await ask(short.url, "show fsync")).toEqual([{ fsync: "off" }]);
  }
  expect(seen.pids.filter(alive)).toEqual([]);
  expect(existsSync(seen.dir)).toBe(false);
});

test("law: kill -9 of its maker ends it", async () => {
  const maker = spawn(process.execPath, [join(import.meta.dirname, "lab.ts"), "pg"], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve) => {
    maker.stdout.on("data", (part: Buffer) => { if (part.toString().includes("Ctrl-C")) resolve(); });
    maker.once("exit", () => { resolve(); });
  });
  const top = childrenOf(maker.pid ?? -1), all = [...top, ...top.flatMap(childrenOf)];
  expect(all.length).toBeGreaterThan(4);
  maker.kill("SIGKILL");
  expect(await gone(all, 5_000)).toBe(true);
});
