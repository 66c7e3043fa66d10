/** A database that is older than what stands beside it: by `lockstep restore`, or by a tool of PostgreSQL that knows nothing of us. Rule: it does nothing before a person has said so, at whatever line the restore died; and a broker that was merely killed goes on. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addAccount } from "../../src/flow/accounts.ts";
import { backup, restore } from "../../src/flow/backup.ts";
import type { Deps } from "../../src/flow/deps.ts";
import { journalled, keepVersion } from "../../src/flow/secrets.ts";
import { checkFence, takeOver } from "../../src/flow/startup.ts";
import { addTarget } from "../../src/flow/targets.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as accounts from "../../src/store/accounts.ts";
import { openPostgres, type Db } from "../../src/store/db.ts";
import * as targets from "../../src/store/targets.ts";
import * as versions from "../../src/store/versions.ts";
import { testCore, type TestCore } from "../broker.ts";
import { cluster, embedded, type Cluster } from "../store/engines.ts";
import { run } from "../store/rows.ts";
import { worldOn, type Managed, type World } from "./world.ts";

const base = mkdtempSync(path.join(tmpdir(), "lockstep-restored-")), KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8Yw2yQ8m1Qx0bUYx0i8m6Xy0C0yqg7v1nV0g9a8b7c";
let pg: Cluster | undefined;
afterAll(async () => { await pg?.destroy(); rmSync(base, { recursive: true, force: true }); });
const another = async (deps: Deps, id: Managed["account"]["id"]) => {
  const row = await deps.db.transaction(async (tx) => keepVersion(deps, tx, { account: await accounts.lock(tx, id), secret: Secret.of("Later-Pw-2!x9Qz"), status: "candidate", origin: "test", by: null }));
  const account = (await accounts.find(deps.db, id))!;
  await journalled(deps, row, account, (await targets.find(deps.db, account.target))!, 1);
  return row.id;
};

describe.each(["pglite", "postgresql"] as const)("%s", (engine) => {
  const opened: Db[] = [], file = path.join(base, `${engine}.backup`), token = path.join(base, `${engine}-holder`);
  const fresh = async (): Promise<Db> => {
    if (engine === "postgresql") pg ??= await cluster();
    opened.push(engine === "postgresql" ? openPostgres(await pg!.fresh()) : await embedded());
    return opened.at(-1)!;
  };
  let w: World;
  beforeAll(async () => {
    w = await worldOn(await fresh());
    await checkFence(w.deps, token);
    const m = await w.managed();
    await backup(w.deps, file);
    await another(w.deps, m.account.id);
  });
  afterAll(async () => { await w?.close(); for (const db of opened) await db.close(); });

  const on = (db: Db): Deps => ({ ...w.deps, db, passive: { why: null }, epoch: { value: 0 } });
  /** Dies when it would begin one transaction more. */
  const dying = (db: Db, left: number): Db => ({ ...db, transaction: (work) => (left-- > 0 ? db.transaction(work) : Promise.reject(new Error("killed"))) });
  /** Restores into a fresh database as `lockstep restore` does; how it ended, and what the next start makes of it. */
  const restored = async (transactions: number) => {
    const db = await fresh(), deps = on(db), next = on(db);
    await checkFence(deps, token);
    const end = await restore({ ...deps, db: dying(db, transactions) }, file).then(() => "whole", (e: Error) => e.message);
    await checkFence(next, token);
    return { end, passive: next.passive.why, next };
  };

  test("law: passive-start — a restore that dies at any of its commits leaves a database that does nothing before --take-over", async () => {
    expect([w.deps.passive.why, w.deps.epoch.value]).toEqual([null, 1]);
    const ends: string[] = [];
    for (let n = 0; ends.at(-1) !== "whole" && n < 12; n++) {
      const r = await restored(n);
      ends.push(r.end);
      expect(r.passive, `after ${n} transactions`).toMatch(n === 0 ? /^the journal belongs to another database than this empty one/ : /^the fence token beside the journal belongs to another life of this database\. Run: lockstep restore --take-over$/);
    }
    expect(ends.at(-1)).toBe("whole");
    expect(ends.length, "and it has some").toBeGreaterThanOrEqual(3);
  }, 120_000);

  test("law: passive-start — a backup from before a take-over is below the token's epoch, and stays passive when it is restored", async () => {
    expect(await takeOver(w.deps, token)).toBe(2);
    const { end, passive, next } = await restored(100);
    expect([end, next.epoch.value]).toEqual(["whole", 3]);
    expect(passive).toMatch(/belongs to another life of this database/);
    expect(await takeOver(next, token)).toBe(4);
    const again = on(next.db);
    await checkFence(again, token);
    expect(again.passive.why).toBe(null);
  }, 60_000);
});

test("law: passive-start — a PostgreSQL put back to an older state under the same data directory does nothing, start after start, until a person says so; then it has every password", async () => {
  pg ??= await cluster();
  const url = await pg.fresh(), nameOf = (u: string) => new URL(u).pathname.slice(1);
  let core: TestCore = await testCore({ databaseUrl: url });
  const { dir } = core, operator = await core.person("operator", ["admin"]);
  const at = async (databaseUrl: string) => { await core.close(); core = await testCore({ dir, databaseUrl }); return core.deps; };
  try {
    const target = await addTarget(core.deps, operator, { name: "t-1", platform: "linux-ssh", host: "127.0.0.1", port: 9, settings: { hostKeys: [KEY] } });
    const account = await addAccount(core.deps, operator, { target: target.id, name: "app", password: Secret.of("First-Pw-1!x9Qz") });
    await core.close();
    const dump = await pg.lab.database(undefined, nameOf(url));
    core = await testCore({ dir, databaseUrl: url });
    const [later, late] = [await another(core.deps, account.id), await addTarget(core.deps, operator, { name: "t-2", platform: "linux-ssh", host: "127.0.0.1", port: 10, settings: { hostKeys: [KEY] } })];
    await addAccount(core.deps, operator, { target: late.id, name: "lonely", password: Secret.of("Lonely-Pw-4!x9Q") });

    for (let start = 0; start < 2; start++) {
      const deps = await at(dump);
      expect(deps.passive.why).toBe("the journal knows 2 password version(s) of this database's own life that it has forgotten: it was restored from an older state. Look at it, then run: lockstep restore --take-over");
      expect([await versions.find(deps.db, later), (await run(deps.db, "select count(*)::int as n from rotations"))[0]], "it has done nothing").toEqual([null, { n: 0 }]);
      expect((await run(deps.db, "select why from events where what = 'vault.passive' order by row_no desc limit 1"))[0]).toEqual({ why: deps.passive.why });
    }
    expect(await takeOver(core.deps, core.places.token)).toBe(2);
    const deps = await at(dump);
    expect([deps.passive.why, (await versions.find(deps.db, later))?.status], "the line of a target it does not have is no reason to stop any more").toEqual([null, "candidate"]);
    expect((await at(dump)).passive.why).toBe(null);
    expect((await at(url)).passive.why, "the older life, with its own epoch").toMatch(/belongs to another life of this database/);
  } finally { await core.destroy(); }
}, 120_000);

test("law: passive-start — a broker on PostgreSQL that was killed between a version's row and its line is no restored one: it goes on, and writes the line", async () => {
  pg ??= await cluster();
  const databaseUrl = await pg.fresh();
  let core: TestCore = await testCore({ databaseUrl });
  const { dir } = core, operator = await core.person("operator", ["admin"]);
  try {
    const target = await addTarget(core.deps, operator, { name: "t-1", platform: "linux-ssh", host: "127.0.0.1", port: 9, settings: { hostKeys: [KEY] } });
    const { id } = await addAccount(core.deps, operator, { target: target.id, name: "app", password: Secret.of("First-Pw-1!x9Qz") });
    const cut = await core.deps.db.transaction(async (tx) => keepVersion(core.deps, tx, { account: await accounts.lock(tx, id), secret: Secret.of("Later-Pw-2!x9Qz"), status: "candidate", origin: "test", by: null }));
    const lost = core.deps.db.transaction(async (tx) => { await keepVersion(core.deps, tx, { account: await accounts.lock(tx, id), secret: Secret.of("Never-Pw-3!x9Qz"), status: "candidate", origin: "test", by: null }); throw new Error("killed"); });
    await expect(lost).rejects.toThrow("killed");
    expect(core.deps.journal.hasVersion(cut.id)).toBe(false);
    for (let start = 0; start < 2; start++) {
      await core.close();
      core = await testCore({ dir, databaseUrl });
      expect([core.deps.passive.why, core.deps.journal.hasVersion(cut.id), (await versions.of(core.deps.db, id)).length]).toEqual([null, true, 2]);
    }
  } finally { await core.destroy(); }
}, 60_000);
