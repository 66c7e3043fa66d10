/** A real host where root may not log in and there is no sudo: everything is changed through su, the carrier and (elsewhere) each account by passwd. Rule: what is in force is asked of the host's disk. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { addAccount, adopt } from "../../src/flow/accounts.ts";
import { changePassword } from "../../src/flow/change-password.ts";
import type { Caller } from "../../src/flow/record.ts";
import { openVersion } from "../../src/flow/secrets.ts";
import { testTarget } from "../../src/flow/target-test.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { startJobs } from "../../src/jobs/jobs.ts";
import type { AccountId, TargetId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as versions from "../../src/store/versions.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { testCore, type TestCore } from "../broker.ts";
import { manage } from "../web/world.ts";
import { until } from "../flow/until.ts";

const ROOT = "Root-Pw-1!x9Qz", PORTER = "Porter-Pw-1!x9Qz", APP = "App1-Pw-1!x9Qz", ALONE = "Alone-Pw-1!x9Qz";
let core: TestCore, host: LinuxHost, operator: Caller, jobs: ReturnType<typeof startJobs>;
beforeAll(async () => {
  host = await linuxHost({ name: "shut", rootPassword: ROOT, accounts: { porter: PORTER, app1: APP, alone: ALONE }, extraSshd: "PermitRootLogin no", setup: "rm -f /usr/bin/sudo" });
  core = await testCore();
  operator = await core.person("operator", ["admin", "user"]);
  jobs = startJobs(core.deps);
}, 120_000);
afterAll(async () => { await jobs?.close(); await core?.destroy(); await host?.destroy(); });

const target = (name: string, su?: string): Promise<{ id: TargetId }> =>
  addTarget(core.deps, operator, { name, platform: "linux-ssh", host: host.host, port: host.port, settings: { hostKeys: [host.hostKey], ...(su ? { su } : {}) } });
const put = async (t: TargetId, name: string, password: string): Promise<AccountId> => { const { id } = await addAccount(core.deps, operator, { target: t, name }); await manage(core, id, password); return id; };
/** What the vault holds as current opens the account on the host, and the old one does not. */
const inForce = async (id: AccountId, old: string): Promise<[boolean, boolean]> => {
  const a = (await accounts.find(core.deps.db, id))!;
  using now = openVersion(core.deps, (await versions.find(core.deps.db, a.current!))!);
  return [await host.opens(a.name, reveal(now)), await host.opens(a.name, old)];
};
const changed = async (id: AccountId): Promise<void> => {
  const { rotation } = await changePassword(core.deps, operator, id, { password: null, remote: true, reason: "" });
  await until(async () => (await rotations.find(core.deps.db, rotation!))!.state === "committed", 60_000);
};

test("through su: another account is adopted, the carrier changes itself, root changes itself; the Test button says what is missing", async () => {
  const { id } = await target("shut", "porter"), root = await put(id, "root", ROOT);
  await changeTarget(core.deps, operator, id, { administrative: root });
  expect(await testTarget(core.deps, operator, id)).toMatchObject({ ok: false, why: expect.stringContaining("reached through porter") as string });
  const porter = await put(id, "porter", PORTER);
  expect(await testTarget(core.deps, operator, id)).toMatchObject({ ok: true });
  const app = await addAccount(core.deps, operator, { target: id, name: "app1" });
  await adopt(core.deps, operator, app.id);
  await until(async () => (await accounts.find(core.deps.db, app.id))!.credential === "in_sync", 60_000);
  expect(await inForce(app.id, APP)).toEqual([true, false]);
  await changed(porter);
  expect(await inForce(porter, PORTER)).toEqual([true, false]);
  await changed(root);
  expect(await inForce(root, ROOT)).toEqual([true, false]);
  await changed(app.id);
}, 180_000);

test("without an administrative account an account is adopted from its declared password, and changes itself by passwd", async () => {
  const { id } = await target("alone"), alone = await addAccount(core.deps, operator, { target: id, name: "alone", password: Secret.of(ALONE), adopt: true });
  await until(async () => (await accounts.find(core.deps.db, alone.id))!.credential === "in_sync", 60_000);
  expect(await inForce(alone.id, ALONE)).toEqual([true, false]);
}, 120_000);
