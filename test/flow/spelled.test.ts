/** Where a target does not tell capital letters from small ones, one account of it is one account of ours, whoever brings it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectors } from "../../src/connectors/index.ts";
import { addAccount } from "../../src/flow/accounts.ts";
import { stagedOn } from "../../src/flow/discovery-adopt.ts";
import { planImport } from "../../src/flow/import.ts";
import { addTarget } from "../../src/flow/targets.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import type { Db } from "../../src/store/db.ts";
import * as targets from "../../src/store/targets.ts";
import { embedded } from "../store/engines.ts";
import { worldOn, type World } from "./world.ts";

let db: Db, w: World;
beforeAll(async () => { db = await embedded(); w = await worldOn(db, { connectors: connectors(systemRandom) }); });
afterAll(async () => { await w?.close(); await db?.close(); });

test("a Windows machine: added, listed and imported under another spelling it is the one there is", async () => {
  const t = await addTarget(w.deps, w.operator, { name: "win-1", platform: "windows-smb", host: "127.0.0.1", port: 445, settings: {} }), ours = await addAccount(w.deps, w.operator, { target: t.id, name: "administrator" });
  await expect(addAccount(w.deps, w.operator, { target: t.id, name: "Administrator" })).rejects.toMatchObject({ code: "conflict", message: "administrator@win-1 is that account already: this kind of target does not tell Administrator from it." });
  await w.sql(`insert into found_accounts (target_id, name, told, changes, first_at, seen_at) values ('${t.id}', 'Administrator', '{"enabled":true,"privileged":true,"says":[]}', '[]', now(), now())`);
  expect((await stagedOn(w.deps, db, (await targets.find(db, t.id))!)).map((s) => [s.ours?.id, s.stage])).toEqual([[ours.id, "kept"]]);
  const plan = await planImport(w.deps, w.operator, "csv", "target,account\nwin-1,ADMINISTRATOR\nwin-1,administrator\nwin-1,App\nwin-1,app\n");
  expect(plan.rows.map((r) => [r.does, r.errors])).toEqual([
    [[], ["account: administrator@win-1 is that account already; this kind of target does not tell them apart"]], [[], []],
    [["adds the account App@win-1"], []], [[], ["account: App@win-1 is that account already; this kind of target does not tell them apart"]],
  ]);
});
test("a Linux host tells them apart", async () => {
  const t = await addTarget(w.deps, w.operator, { name: "web-1", platform: "linux-ssh", host: "127.0.0.1", port: 22, settings: { hostKeys: [`ssh-ed25519 ${Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from("ssh-ed25519"), Buffer.from([0, 0, 0, 32]), systemRandom.bytes(32)]).toString("base64")}`] } });
  for (const name of ["app", "App"]) expect((await addAccount(w.deps, w.operator, { target: t.id, name })).name).toBe(name);
});
