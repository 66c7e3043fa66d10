/** kill -9 of the whole broker. Rule: the next start ends what was live, keeps what the user saw, settles what was being changed, and a second broker never starts beside the first. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { alive } from "../lab/processes.ts";
import { postgresCluster, type PostgresCluster } from "../lab/postgres.ts";
import { gone, legs } from "./ssh.ts";
import { sleep, world, type World } from "./world.ts";

let cluster: PostgresCluster | undefined;
afterAll(() => cluster?.destroy());

describe.each(["pglite", "postgresql"] as const)("on %s", (engine) => {
  let w: World;
  afterAll(() => w?.close());

  test("killed in the middle of a session", async () => {
    if (engine === "postgresql") cluster = await postgresCluster();
    w = await world({ accounts: 2, ...(cluster ? { databaseUrl: await cluster.database() } : {}) });
    await w.down();
    const broker = await w.child(), before = await w.host.shadow(w.names[0]!), request = await w.access(w.account(0));
    const client = w.ssh(w.account(0), ["i=0; while :; do i=$((i+1)); echo line $i of what they saw; sleep 0.01; done"], { stdin: "open" });
    await client.up("line 50 ");
    const session = (await w.sessions({ request }))[0]!, pids = legs(w.names[0]!);
    await broker.kill();
    await w.up();
    expect(broker.workers.filter(alive)).toEqual([]);
    expect(await gone(pids)).toBeLessThan(5_000);
    const seen = (await client.exit).out;
    expect(await w.ended(request)).toMatchObject({ id: session["id"], why: "broker_lost" });
    const cast = await w.api("auditor", "GET", `/sessions/${String(session["id"])}/cast`);
    expect(cast.status).toBe(200);
    const kept = cast.text.trim().split("\n").slice(1).map((l) => JSON.parse(l) as [number, string, string]).filter((e) => e[1] === "o").map((e) => e[2].replaceAll("\r\n", "\n")).join("");
    expect(kept.startsWith(seen)).toBe(true);
    expect(seen.length).toBeGreaterThan(500);
    await w.rotated(0, before);
    expect(await w.lost()).toEqual([]);
  }, 240_000);

  test("killed while it rotates", async () => {
    await w.down();
    const broker = await w.child(), before = await w.host.shadow(w.names[1]!);
    await w.ok("operator", "POST", `/accounts/${w.account(1)}/rotate`, { reason: "to be killed in it" });
    await sleep(engine === "pglite" ? 150 : 600);
    await broker.kill();
    await w.up();
    await w.rotated(1, before);
    expect(await w.host.opens(w.names[1]!, await w.vault(w.names[1]!))).toBe(true);
    expect(await w.lost()).toEqual([]);
  }, 240_000);

  test("a second process on the same directory is refused, and the first goes on", async () => {
    const { origin, sshPort } = w;
    await expect(w.child()).rejects.toThrow(new RegExp(`^Another broker \\(process ${process.pid}\\) works on .*/data already\\. Stop it first, or give this one a directory of its own with LOCKSTEP_DATA\\.$`));
    Object.assign(w, { origin, sshPort });
    const before = await w.host.shadow(w.names[1]!);
    await w.access(w.account(1));
    expect((await w.run(w.account(1), ["exit 3"])).code).toBe(3);
    await w.rotated(1, before);
    expect(await w.lost()).toEqual([]);
  }, 120_000);
});

test("settings that are wrong are told all at once, with exit code 2, and nothing is made", async () => {
  const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url)), env = { PATH: process.env["PATH"] ?? "", LOCKSTEP_DATE: "x", LOCKSTEP_LISTEN: "nowhere", LOCKSTEP_WORKERS: "0", LOCKSTEP_LOG: "loud", LOCKSTEP_SSH_HOST: "a b" };
  const { code, err } = await new Promise<{ code: number; err: string }>((resolve) => { execFile(process.execPath, ["--import", "tsx", main, "serve"], { env }, (e, _out, stderr) => { resolve({ code: Number(e?.code ?? 0), err: stderr }); }); });
  expect(code).toBe(2);
  for (const name of ["LOCKSTEP_DATE is not a setting of Lockstep (did you mean LOCKSTEP_DATA?)", "LOCKSTEP_LISTEN: write it as address:port", "LOCKSTEP_WORKERS:", "LOCKSTEP_LOG:", "LOCKSTEP_SSH_HOST:"]) expect(err).toContain(name);
});
