/** A person changes a password on a real host, with everything that can come of it: changed, unchanged, being settled. Rule: what is in force is read from the host's disk. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { addAccount } from "../../src/flow/accounts.ts";
import { changePassword, type PasswordWish } from "../../src/flow/change-password.ts";
import type { Caller } from "../../src/flow/record.ts";
import { changeTarget, addTarget } from "../../src/flow/targets.ts";
import { openVersion } from "../../src/flow/secrets.ts";
import { startJobs } from "../../src/jobs/jobs.ts";
import { outcomeOf } from "../../src/domain/change-outcome.ts";
import type { AccountId, RotationId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { times } from "../../src/kernel/times.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as versions from "../../src/store/versions.ts";
import { events } from "../../src/store/schema.ts";
import { faultProxy, type FaultProxy } from "../lab/fault-proxy.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { manage } from "../web/world.ts";
import { testCore, type TestCore } from "../broker.ts";
import { until } from "./until.ts";

const ADMIN = "Admin-Pw-1!x9Qz", APP = "App1-Pw-1!x9Qz", TYPED = (n: number): string => `Vq7#mK2!vT9?bR4%nX${n}~`;
let core: TestCore, host: LinuxHost, proxy: FaultProxy, jobs: { close(): Promise<void> }, operator: Caller, app: AccountId;
const given: string[] = [];

beforeAll(async () => {
  host = await linuxHost({ name: "web-1", sudoAdmin: { name: "admin1", password: ADMIN }, accounts: { app1: APP, bare: APP } });
  proxy = await faultProxy(host.port);
  core = await testCore({ over: { times: { ...times(0.05), probeWindow: 300 } } });
  operator = await core.person("operator", ["admin", "user"]);
  const target = await addTarget(core.deps, operator, { name: "web-1", platform: "linux-ssh", host: proxy.host, port: proxy.port, settings: { hostKeys: [host.hostKey], sudo: true } });
  const admin = await addAccount(core.deps, operator, { target: target.id, name: "admin1", password: Secret.of(ADMIN) });
  await changeTarget(core.deps, operator, target.id, { administrative: admin.id });
  app = (await addAccount(core.deps, operator, { target: target.id, name: "app1" })).id;
  await manage(core, app, APP);
  await addAccount(core.deps, operator, { target: target.id, name: "bare" });
  await host.exec("mv /usr/sbin/chpasswd /usr/sbin/chpasswd.real; ln -s chpasswd.real /usr/sbin/chpasswd");
  jobs = startJobs(core.deps);
}, 120_000);
afterAll(async () => { await jobs?.close(); await core?.destroy(); await proxy?.close(); await host?.destroy(); });
afterEach(async () => { proxy.heal(); await chpasswd("exec /usr/sbin/chpasswd.real -e < $input"); });

/** What the host's own chpasswd does with a record; the empty rehearsal always passes. */
const chpasswd = async (then: string): Promise<void> => {
  await host.exec("rm -f /usr/sbin/chpasswd");
  await host.write("/usr/sbin/chpasswd", `#!/bin/sh\ninput=$(mktemp)\ncat > $input\n[ -s $input ] || exit 0\n${then}\n`, 0o755);
};
const wish = (password: string | null, over: Partial<PasswordWish> = {}): PasswordWish => { if (password) given.push(password); return { password: password ? Secret.of(password) : null, remote: true, reason: "by hand", ...over }; };
const change = async (w: PasswordWish, id = app): Promise<RotationId> => (await changePassword(core.deps, operator, id, w)).rotation!;
const outcome = async (id: RotationId) => outcomeOf((await rotations.find(core.deps.db, id))!);
const becomes = (id: RotationId, word: string): Promise<unknown> => until(async () => (await outcome(id)).word === word, 60_000);
const current = async (): Promise<string> => { using s = openVersion(core.deps, (await versions.find(core.deps.db, (await accounts.find(core.deps.db, app))!.current!))!); return reveal(s); };
const row = async () => (await accounts.find(core.deps.db, app))!;

test("typed and applied: changed on the host and in the vault, its typist is in the ledger, and it will be changed again", async () => {
  const id = await change(wish(TYPED(1)));
  await becomes(id, "changed");
  expect([await host.opens("app1", TYPED(1)), await host.opens("app1", APP)]).toEqual([true, false]);
  expect(await current()).toBe(TYPED(1));
  const a = await row(), v = (await versions.find(core.deps.db, a.current!))!;
  expect([v.origin, v.by, a.credential, a.typedRun]).toEqual(["typed", operator.person.id, "in_sync", 1]);
  expect((await versions.exposuresOf(core.deps.db, { account: app })).map((e) => [e.person, e.how, e.version])).toContainEqual([operator.person.id, "typed", v.id]);
});

test("generated and applied: changed, and nobody knows it", async () => {
  const id = await change(wish(null));
  await becomes(id, "changed");
  expect([await host.opens("app1", await current()), await host.opens("app1", TYPED(1)), (await row()).typedRun]).toEqual([true, false, 1]);
  expect((await versions.find(core.deps.db, (await row()).current!))!.origin).toBe(`rotation ${id} 0`);
});

test("the target refuses it: unchanged, in the target's own words, and not saved as current", async () => {
  const before = await current();
  await chpasswd("echo 'BAD PASSWORD: this host takes no such password' >&2; exit 1");
  const id = await change(wish(TYPED(2)));
  await becomes(id, "unchanged");
  expect(await outcome(id)).toEqual({ word: "unchanged", why: "BAD PASSWORD: this host takes no such password" });
  expect([await current(), (await row()).credential, await host.opens("app1", before), await host.opens("app1", TYPED(2))]).toEqual([before, "in_sync", true, false]);
});

test("the target cannot be reached: unchanged at once, not tried again behind the person's back", async () => {
  const before = await current();
  proxy.refuse();
  const id = await change(wish(TYPED(3)));
  await becomes(id, "unchanged");
  expect(await outcome(id)).toMatchObject({ why: expect.stringMatching(/refused|closed|reset|connection/i) as string });
  proxy.heal();
  expect([await current(), await host.opens("app1", before), (await rotations.find(core.deps.db, id))!.sent]).toEqual([before, true, false]);
});

test("no answer after it was sent, and it had landed: being settled, current untouched; then changed, by proof", async () => {
  const before = await current();
  await chpasswd("/usr/sbin/chpasswd.real -e < $input; sleep 20");
  const id = await change(wish(TYPED(4)));
  await until(() => host.opens("app1", TYPED(4)), 30_000);
  proxy.blackHole();
  await becomes(id, "settling");
  expect([await current(), (await row()).credential]).toEqual([before, "unverified"]);
  proxy.heal();
  await chpasswd("exec /usr/sbin/chpasswd.real -e < $input");
  await becomes(id, "changed");
  expect([await current(), (await row()).credential]).toEqual([TYPED(4), "in_sync"]);
}, 90_000);

test("no answer after it was sent, and it had not landed: being settled; the same password is applied again, never another", async () => {
  await chpasswd("echo > /tmp/asked; sleep 20");
  const id = await change(wish(TYPED(5)));
  await until(async () => (await host.exec("test -e /tmp/asked")).code === 0, 30_000);
  proxy.blackHole();
  await becomes(id, "settling");
  expect([await host.opens("app1", TYPED(4)), await current()]).toEqual([true, TYPED(4)]);
  await chpasswd("exec /usr/sbin/chpasswd.real -e < $input");
  proxy.heal();
  await becomes(id, "changed");
  expect([await host.opens("app1", TYPED(5)), await current(), (await rotations.find(core.deps.db, id))!.rejected]).toEqual([true, TYPED(5), 0]);
}, 90_000);

/** Somebody changed it on the host, by hand. */
const onHost = (name: string, password: string) => host.exec("/usr/sbin/chpasswd.real", `${name}:${password}\n`);

test("in the vault alone, and it is the one in force: current by proof; nothing was sent", async () => {
  await onHost("app1", TYPED(6));
  const before = await host.shadow("app1"), id = await change(wish(TYPED(6), { remote: false }));
  await becomes(id, "changed");
  expect([await current(), await host.shadow("app1") === before, (await row()).credential]).toEqual([TYPED(6), true, "in_sync"]);
});

test("in the vault alone, and it is not the one in force: refused, and everything is as it was", async () => {
  const id = await change(wish(TYPED(7), { remote: false }));
  await becomes(id, "unchanged");
  expect(await outcome(id)).toEqual({ word: "unchanged", why: "this is not the password in force" });
  expect([await current(), (await row()).credential]).toEqual([TYPED(6), "in_sync"]);
});

test("in the vault alone, and the target does not say: unverified, until it does", async () => {
  await onHost("app1", TYPED(8));
  proxy.refuse();
  const id = await change(wish(TYPED(8), { remote: false }));
  await becomes(id, "settling");
  expect([await current(), (await row()).credential]).toEqual([TYPED(6), "unverified"]);
  proxy.heal();
  await becomes(id, "changed");
  expect([await current(), (await row()).credential]).toEqual([TYPED(8), "in_sync"]);
}, 60_000);

test("only an account nobody manages takes one without asking; and it may be asked for", async () => {
  const bare = (await accounts.named(core.deps.db, "bare@web-1"))!.id, up = proxy.connections;
  expect(await changePassword(core.deps, operator, bare, wish("anything-A1!", { remote: false }))).toEqual({ rotation: null, joined: false });
  expect([proxy.connections, (await accounts.find(core.deps.db, bare))!.current]).toEqual([up, null]);
  const no = await change(wish("anything-B1!", { remote: false, probe: true }), bare);
  await becomes(no, "unchanged");
  const yes = await change(wish(APP, { remote: false, probe: true }), bare);
  await becomes(yes, "changed");
  expect(await accounts.find(core.deps.db, bare)).toMatchObject({ credential: "unmanaged" });
  expect((await versions.of(core.deps.db, bare)).find((v) => v.status === "current")!.provenAt).not.toBeNull();
  await expect(changePassword(core.deps, operator, bare, wish(TYPED(9)))).rejects.toThrow("This account is not managed yet. Adopt it first.");
});

test("no password that was typed here stands in a row, an event or a sentence", async () => {
  const { q } = core.deps.db, all = JSON.stringify([await q.select().from(events), (await rotations.recent(core.deps.db, { limit: 200 }))]);
  expect(given.length).toBeGreaterThan(9);
  for (const p of given) expect(all.includes(p), "a typed password in the log").toBe(false);
});
