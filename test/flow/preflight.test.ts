/** A real host's own rules, read through sudo; a nightly check that finds drift and settles it. Rule: nothing on the host changes by being looked at. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { addAccount } from "../../src/flow/accounts.ts";
import { changeAccount } from "../../src/flow/account-change.ts";
import { changePassword } from "../../src/flow/change-password.ts";
import { putPolicy } from "../../src/flow/people.ts";
import { policyWarnings, preflight } from "../../src/flow/preflight.ts";
import type { Caller } from "../../src/flow/record.ts";
import { openVersion } from "../../src/flow/secrets.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { startJobs } from "../../src/jobs/jobs.ts";
import type { AccountId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { times } from "../../src/kernel/times.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as versions from "../../src/store/versions.ts";
import { events } from "../../src/store/schema.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { manage } from "../web/world.ts";
import { testCore, type TestCore } from "../broker.ts";
import { until } from "./until.ts";

const ADMIN = "Admin-Pw-1!x9Qz", APP = "App1-Pw-1!x9Qz";
let core: TestCore, host: LinuxHost, operator: Caller, app: AccountId;
beforeAll(async () => {
  const setup = "chage -m 7 -M 30 app1\nprintf 'deny = 2\\nunlock_time = 60\\n' > /etc/security/faillock.conf\necho 'auth optional pam_faillock.so authsucc' >> /etc/pam.d/common-auth";
  host = await linuxHost({ name: "web-1", sudoAdmin: { name: "admin1", password: ADMIN }, accounts: { app1: APP }, enforcePolicy: true, setup });
  core = await testCore({ over: { times: { ...times(0.05), closureNightly: 1_500 } } });
  operator = await core.person("operator", ["admin", "user"]);
  const target = await addTarget(core.deps, operator, { name: "web-1", platform: "linux-ssh", host: host.host, port: host.port, settings: { hostKeys: [host.hostKey], sudo: true } });
  app = (await addAccount(core.deps, operator, { target: target.id, name: "app1" })).id;
  await manage(core, app, APP);
}, 120_000);
afterAll(async () => { await core?.destroy(); await host?.destroy(); });

test("without an administrative account nobody may read them, and it says so", async () => {
  expect(await preflight(core.deps, operator, app)).toMatchObject({ rules: null, why: expect.stringMatching(/^no administrative account is named/) as string, conflicts: [] });
});

test("the host's own rules, beside ours; nothing changed by looking", async () => {
  const target = (await accounts.find(core.deps.db, app))!.target, admin = await addAccount(core.deps, operator, { target, name: "admin1", password: Secret.of(ADMIN) });
  await changeTarget(core.deps, operator, target, { administrative: admin.id });
  await changeAccount(core.deps, operator, app, { passwordPolicy: "low" });
  const before = await host.shadow("app1"), p = await preflight(core.deps, operator, app);
  expect(p.rules).toMatchObject({ minLength: 12, minAgeDays: 7, maxAgeDays: 30, lockAfter: 2, lockSeconds: 60 });
  expect(p.conflicts.map((c) => [c.stops, c.says.slice(0, 46)])).toEqual([
    [false, "The target lets the account change its own pas"], [true, "The target lets a password expire after 30 day"], [true, "The target locks an account after 2 refused lo"],
  ]);
  expect(await host.shadow("app1")).toBe(before);
});

test("an access policy that covers it is warned of, before it is saved and without asking anybody", async () => {
  const draft = await putPolicy(core.deps, operator, { name: "apps", terms: {}, binding: { accountNames: ["*1"] } });
  await host.stop();
  const said = await policyWarnings(core.deps.db, operator.person, draft);
  await host.start();
  expect(said.warnings.map((w) => w.account)).toEqual(["app1@web-1", "app1@web-1", "app1@web-1"]);
  expect(said.unknown, "the administrator itself was never looked at").toBe(1);
});

test("nightly: drift is found, written down once, and settled by the administrative account; the host has a password of ours again", async () => {
  const jobs = startJobs(core.deps);
  try {
    const id = (await changePassword(core.deps, operator, app, { password: null, remote: true, reason: "" })).rotation!;
    await until(async () => (await rotations.find(core.deps.db, id))!.state === "committed", 30_000);
    await until(async () => (await rotations.closuresOf(core.deps.db, id)).filter((c) => c.newResult === "in force").length >= 2, 60_000);
    await host.exec("/usr/sbin/chpasswd", "app1:By-Hand-On-The-Host-9!\n");
    expect(await host.opens("app1", "By-Hand-On-The-Host-9!")).toBe(true);
    await until(async () => (await rotations.recent(core.deps.db, { account: app, limit: 1 }))[0]!.trigger === "heal", 60_000);
    await until(async () => (await rotations.openOf(core.deps.db, app)) === null, 60_000);
    const a = (await accounts.find(core.deps.db, app))!;
    using now = openVersion(core.deps, (await versions.find(core.deps.db, a.current!))!);
    expect([a.credential, await host.opens("app1", reveal(now)), await host.opens("app1", "By-Hand-On-The-Host-9!")]).toEqual(["in_sync", true, false]);
    expect((await core.deps.db.q.select().from(events)).filter((e) => e.what === "account.drift")).toHaveLength(1);
  } finally { await jobs.close(); }
}, 180_000);
