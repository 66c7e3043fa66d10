/** Backup, two more passwords, restore: the journal brings back what the backup had forgotten, and nothing is touched before take-over. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseEnv } from "../../src/config/env.ts";
import { reportOf } from "../../src/cli/restore.ts";
import { addAccount } from "../../src/flow/accounts.ts";
import { backup } from "../../src/flow/backup.ts";
import { changePerson } from "../../src/flow/people.ts";
import type { Caller } from "../../src/flow/record.ts";
import { keepVersion, journalled, openVersion } from "../../src/flow/secrets.ts";
import { addTarget } from "../../src/flow/targets.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { restoreHere, takeOverHere } from "../../src/operate.ts";
import { openCore } from "../../src/core.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as versions from "../../src/store/versions.ts";
import { testCore, type TestCore } from "../broker.ts";
import { must } from "../lab/run.ts";

let core: TestCore, operator: Caller;
const fresh = mkdtempSync(path.join(tmpdir(), "lockstep-restored-")), file = path.join(fresh, "..", `lockstep-${process.pid}.backup`);
beforeAll(async () => { core = await testCore(); operator = await core.person("operator", ["admin"]); });
afterAll(async () => { await core?.destroy(); rmSync(fresh, { recursive: true, force: true }); rmSync(file, { force: true }); });

test("law: journal-before-effect: a restore forgets no password changed since the backup, and law: passive-start holds", async () => {
  const { deps } = core, key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8Yw2yQ8m1Qx0bUYx0i8m6Xy0C0yqg7v1nV0g9a8b7c";
  const target = await addTarget(deps, operator, { name: "t-1", platform: "linux-ssh", host: "127.0.0.1", port: 9, settings: { hostKeys: [key] } });
  const account = await addAccount(deps, operator, { target: target.id, name: "app", password: Secret.of("First-Pw-1!x9Qz") });
  const made = await backup(deps, file);
  expect(made.rows).toBeGreaterThan(10);
  const later = await deps.db.transaction((tx) => keepVersion(deps, tx, { account, secret: Secret.of("Later-Pw-2!x9Qz"), status: "candidate", origin: "test", by: null }));
  await journalled(deps, later, account, target, 1);
  const late = await addTarget(deps, operator, { name: "t-2", platform: "linux-ssh", host: "127.0.0.1", port: 10, settings: { hostKeys: [key] } });
  await addAccount(deps, operator, { target: late.id, name: "lonely", password: Secret.of("Lonely-Pw-4!x9Q") });
  const mallory = await core.person("mallory", ["user"]);
  await changePerson(deps, operator, mallory.person.id, { disabled: true });
  const newer = await addAccount(deps, operator, { target: target.id, name: "newer", password: Secret.of("Newer-Pw-3!x9Qz") });

  cpSync(path.join(core.dir, "keys"), path.join(fresh, "keys"), { recursive: true });
  for (const name of ["secrets.journal", "events.journal"]) cpSync(path.join(core.dir, "journal", name), path.join(fresh, "journal", name));
  const { config, secrets } = parseEnv({ LOCKSTEP_DATA: fresh, LOCKSTEP_LOG: "silent" });
  const restored = await restoreHere(config, secrets, file);
  expect(restored).toMatchObject({ rows: made.rows, cameBack: 2, opened: 3, accounts: ["newer@t-1"], alone: [`lonely on ${late.id}`], since: { "account.added": 2, "target.added": 1, "person.disabled": 1 } });
  const said = reportOf(restored);
  expect(said).toMatch(/^\d+ rows restored: the state of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\. 3 password versions opened for a test\.\nBack from the journal:\n {2}2 password versions/);
  expect(said).toMatch(/1 account added since, unmanaged until adopted: newer@t-1\n/);
  expect(said).toMatch(new RegExp(`In the journal alone[^\n]*\n {2}lonely on ${late.id}\n {2}Add the target and the account again`));
  expect(said).toMatch(/Not back: everything else[\s\S]*2 × account\.added[\s\S]*BEFORE taking over\.\n {2}Above all: 1 × person\.disabled\nThis broker is passive/);
  const passive = await openCore(config, secrets);
  expect(passive.deps.passive.why).toMatch(/take-over/);
  const found = await versions.of(passive.deps.db, account.id);
  expect(found.map((v) => reveal(openVersion(passive.deps, v)))).toEqual(["First-Pw-1!x9Qz", "Later-Pw-2!x9Qz"]);
  expect((await accounts.find(passive.deps.db, account.id))!.name).toBe("app");
  expect((await accounts.find(passive.deps.db, newer.id))).toMatchObject({ name: "newer", credential: "unmanaged" });
  expect((await versions.of(passive.deps.db, newer.id)).map((v) => reveal(openVersion(passive.deps, v)))).toEqual(["Newer-Pw-3!x9Qz"]);
  await passive.close();
  expect(await takeOverHere(config, secrets)).toBe(3);
  const active = await openCore(config, secrets);
  expect(active.deps.passive.why).toBe(null);
  await active.close();
  await expect(restoreHere(config, secrets, file)).rejects.toThrow(/not empty/);
});

test("a disk with no room for the last page of a backup is said so, and nothing is left of it", async () => {
  const dir = mkdtempSync(path.join(tmpdir(), "lockstep-full-"));
  try {
    const out = await must("unshare", ["--mount", "sh", "-c", 'mount -t tmpfs -o size=4m tmpfs "$1" && exec "$2" --disable-warning=ExperimentalWarning "$3" "$1"', "sh", dir, process.execPath, path.join(import.meta.dirname, "full-disk.ts")]);
    const noRoom = expect.stringMatching(/^unavailable: There is no room for the backup in .*Nothing was written\.$/) as string;
    expect(JSON.parse(out)).toEqual({ file: noRoom, left: ["filler"], spooled: noRoom, after: ["filler"], again: "done", whole: true });
  } finally { rmSync(dir, { recursive: true, force: true }); }
});
