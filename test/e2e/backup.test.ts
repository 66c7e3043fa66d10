/** A backup of a broker that works: rotations go on while copies are made, and what is restored from any of them, with the journal, forgets nothing. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseEnv } from "../../src/config/env.ts";
import { openCore } from "../../src/core.ts";
import { openVersion } from "../../src/flow/secrets.ts";
import { restoreHere } from "../../src/operate.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as versions from "../../src/store/versions.ts";
import { postgresCluster, type PostgresCluster } from "../lab/postgres.ts";
import { until, world, type World } from "./world.ts";

const COPIES = 2;
const base = mkdtempSync(path.join(tmpdir(), "lockstep-copies-"));
const clusters: PostgresCluster[] = [];
afterAll(async () => { for (const c of clusters) await c.destroy(); rmSync(base, { recursive: true, force: true }); });

/** As `lockstep backup` on the server does. */
const take = (w: World, file: string): Promise<void> => new Promise((resolve, reject) => {
  const { socket, localToken } = w.core.places, bearer = readFileSync(localToken, "utf8").trim();
  request({ socketPath: socket, method: "POST", path: "/api/v1/backups", headers: { host: "localhost", authorization: `Bearer ${bearer}` } }, (res) => {
    const parts: Buffer[] = [];
    res.on("data", (d: Buffer) => parts.push(d)).on("end", () => {
      if (res.statusCode !== 200) return reject(new Error(Buffer.concat(parts).toString()));
      writeFileSync(file, Buffer.concat(parts));
      resolve();
    });
  }).on("error", reject).end();
});

/** Every account is changed again as soon as it may be, until told to stop; how often it was. */
const rotating = (w: World) => {
  let stop = false;
  const one = async (account: string): Promise<number> => {
    for (let n = 0; ; n += 1) {
      if (stop) return n;
      await w.settled(account);
      await w.ok("operator", "POST", `/accounts/${account}/rotate`, { reason: "again" });
    }
  };
  const all = Promise.all(w.names.map((_, i) => one(w.account(i))));
  return { committed: async () => (await w.events("rotation.committed")).length, stop: async () => { stop = true; return (await all).reduce((a, b) => a + b); } };
};

describe.each(["pglite", "postgresql"] as const)("on %s", (engine) => {
  test("law: journal-before-effect — rotations go on, copies are taken, none of them forgets a password", async () => {
    const cluster = engine === "postgresql" ? await postgresCluster() : null;
    if (cluster) clusters.push(cluster);
    const w = await world({ accounts: 2, ...(cluster ? { databaseUrl: await cluster.database() } : {}) }), work = rotating(w), files: string[] = [];
    try {
      for (let i = 0, seen = await work.committed(); i < COPIES; i++) {
        await until("a rotation since the last copy", async () => (await work.committed()) > seen);
        seen = await work.committed();
        files.push(path.join(base, `${engine}-${i}`));
        await take(w, files.at(-1)!);
      }
      expect(await work.stop()).toBeGreaterThanOrEqual(COPIES);
      await until("every rotation is over", async () => ((await w.ok("operator", "GET", "/rotations?limit=100"))["items"] as unknown as { done: boolean }[]).every((r) => r.done));
      const { deps } = w.core, all = (await Promise.all((await accounts.all(deps.db)).map((a) => versions.of(deps.db, a.id)))).flat();
      for (const [i, file] of files.entries()) {
        const dir = path.join(base, `${engine}-data-${i}`);
        for (const part of ["keys", "journal/secrets.journal"]) cpSync(path.join(w.env["LOCKSTEP_DATA"]!, part), path.join(dir, part), { recursive: true });
        const { config, secrets } = parseEnv({ LOCKSTEP_DATA: dir, LOCKSTEP_LOG: "silent", ...(cluster ? { DATABASE_URL: await cluster.database() } : {}) });
        const restored = await restoreHere(config, secrets, file);
        expect(restored.opened).toBe(all.length);
        expect(restored.cameBack, "each copy is older than the last rotations").toBeGreaterThan(0);
        const copy = await openCore(config, secrets);
        try {
          expect(copy.deps.passive.why).toMatch(/take-over/);
          for (const v of all) { using secret = openVersion(copy.deps, (await versions.find(copy.deps.db, v.id))!); expect(secret).toBeDefined(); }
          expect(await w.lost(copy)).toEqual([]);
        } finally { await copy.close(); }
      }
      expect(await w.lost()).toEqual([]);
      expect((await w.events("backup.made")).map((e) => (e["who"] as { part: string }).part)).toEqual(Array.from({ length: COPIES }, () => "operator"));
    } finally { await work.stop().catch(() => undefined); await w.close(); }
  }, 400_000);
});
