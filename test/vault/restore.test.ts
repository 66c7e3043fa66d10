/** The restore drill on a real host: a copy touches nothing, an old database learns from its journal. Rule: the shadow file and the host's log are the witnesses. */
import { cpSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rotateNow } from "../../src/flow/accounts.ts";
import type { Caller } from "../../src/flow/record.ts";
import { testTarget } from "../../src/flow/target-test.ts";
import { verify } from "../../src/flow/verify.ts";
import { startJobs } from "../../src/jobs/jobs.ts";
import type { AccountId } from "../../src/kernel/ids.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as people from "../../src/store/people.ts";
import { readJournal } from "./read-journal.ts";
import { testCore } from "../broker.ts";
import { raiseGround, type Field, type Ground } from "../chaos/field.ts";
import { chaosTimes } from "../chaos/plan.ts";
import { Lane, look, settledRows } from "../chaos/trial.ts";

let ground: Ground, field: Field, base: string;
beforeAll(async () => {
  base = mkdtempSync(path.join(tmpdir(), "lockstep-restore-"));
  ground = await raiseGround({ engine: "pglite", fields: 1 });
  field = ground.fields[0]!;
}, 180_000);
afterAll(async () => { await ground?.destroy(); rmSync(base, { recursive: true, force: true }); });

const logins = (): number => ground.host.log().split("\n").filter((l) => /(Accepted|Failed) password for/.test(l)).length;
const rotated = async (lane: Lane, times: number): Promise<void> => {
  const v = await lane.start();
  for (let i = 0; i < times; i++) {
    v.send({ do: "go", arm: null });
    expect(await v.heard("gone", 30_000)).not.toBeNull();
    v.send({ do: "settle", ms: 60_000 });
    expect((await v.heard("settled", 65_000))?.state).toBe("settled");
  }
};

test("law: journal-before-effect — a database older than its journal gets every version back and the account is settled by asking the target", async () => {
  const old = path.join(base, "old-db"), db = path.join(field.dir, "db");
  cpSync(db, old, { recursive: true });
  const lane = new Lane(field), before = (await field.rows()).versions.length;
  await rotated(lane, 2);
  await lane.close();
  const known = readJournal(path.join(field.dir, "journal", "secrets.journal")).lines.filter((l) => l.kind === "version" && l.account === field.account);
  renameSync(db, path.join(base, "new-db"));
  renameSync(old, db);
  const forgotten = await field.rows();
  expect(forgotten.versions.length).toBe(before);
  // The database alone would be a lost password; with the journal exactly one version is in force.
  const judged = await look(field, forgotten);
  expect(judged.inForce.length).toBe(1);
  expect(forgotten.versions.map((v) => v.id)).not.toContain(judged.inForce[0]);
  const again = new Lane(field), v = await again.start();
  v.send({ do: "settle", ms: 60_000 });
  expect((await v.heard("settled", 65_000))?.state).toBe("settled");
  const rows = await settledRows(v), after = await look(field, rows);
  await again.close();
  expect(known.every((l) => rows.versions.some((r) => r.id === (l as unknown as { version: string }).version))).toBe(true);
  expect(after).toMatchObject({ wrongCurrent: false, journalled: true });
  expect(after.inForce).toEqual([rows.account.current]);
}, 180_000);

test("law: passive-start — a copy started beside the original sends no login to the target, and every verb says why", async () => {
  const copy = path.join(base, "copy"), original = new Lane(field);
  cpSync(field.dir, copy, { recursive: true });
  await original.start();
  const before = logins(), hash = await ground.host.shadow(field.user);
  const core = await testCore({ dir: copy, over: { times: chaosTimes() } }), jobs = startJobs(core.deps), account = field.account as AccountId;
  try {
    const caller: Caller = { person: (await people.named(core.deps.db, "operator"))!, address: "127.0.0.1", means: "api" }, target = (await accounts.find(core.deps.db, account))!.target;
    expect(core.deps.passive.why).toMatch(/this data directory is a copy of another one.*lockstep restore --take-over/);
    await expect(rotateNow(core.deps, caller, account, "in the copy")).rejects.toThrow(/This broker is passive: this data directory is a copy/);
    await expect(testTarget(core.deps, caller, target)).rejects.toThrow(/This broker is passive/);
    await expect(verify(core.deps, caller, account)).rejects.toThrow(/is a copy of another one/);
    await sleep(1_500);
  } finally { await jobs.close(); await core.destroy(); await original.close(); }
  expect(logins() - before).toBe(0);
  expect(await ground.host.shadow(field.user)).toBe(hash);
}, 120_000);

test("a data directory without its root key refuses to start and makes no new one", async () => {
  const copy = path.join(base, "keyless");
  cpSync(field.dir, copy, { recursive: true });
  rmSync(path.join(copy, "keys", "root.key"));
  await expect(testCore({ dir: copy })).rejects.toThrow(/root\.key is gone, but this database was encrypted with one\. Put the file back/);
}, 60_000);

test("law: passive-start — without the token beside the journal the database is a restored one", async () => {
  const copy = path.join(base, "tokenless");
  cpSync(field.dir, copy, { recursive: true });
  rmSync(path.join(copy, "journal", "holder"));
  const core = await testCore({ dir: copy });
  expect(core.deps.passive.why).toMatch(/the fence token beside the journal is missing/);
  await core.destroy();
}, 60_000);
