/** A real host's accounts: listed, compared, adopted by hand and by a rule, ignored. Rule: nothing on the host changes but the passwords of what somebody adopted. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { addAccount } from "../../src/flow/accounts.ts";
import { discover, discoverDaily, discoverGroup } from "../../src/flow/discover.ts";
import { adoptFound, adoptPreview } from "../../src/flow/discovery-adopt.ts";
import { ignoreFound } from "../../src/flow/discovery-ignore.ts";
import { discoveryView, listed } from "../../src/flow/discovery-look.ts";
import { addRule, applyRules, endRule, ruleList, rulePreview } from "../../src/flow/discovery-rules.ts";
import { claimDiscovery, runDiscovery } from "../../src/flow/discovery-run.ts";
import { acceptIdentity } from "../../src/flow/identity.ts";
import { putCollection } from "../../src/flow/collections.ts";
import type { Caller } from "../../src/flow/record.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { startJobs } from "../../src/jobs/jobs.ts";
import { RuleInput } from "../../src/domain/adoption-rule.ts";
import type { DiscoveryId, TargetId } from "../../src/kernel/ids.ts";
import { times } from "../../src/kernel/times.ts";
import { directLink } from "../../src/links/direct.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as discoveries from "../../src/store/discoveries.ts";
import * as targets from "../../src/store/targets.ts";
import * as people from "../../src/store/people.ts";
import { faultProxy } from "../lab/fault-proxy.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { testCore, type TestCore } from "../broker.ts";
import { run } from "../store/rows.ts";
import { manage } from "../web/world.ts";
import { until } from "./until.ts";

const ROOT = "Root-Pw-1!x9Qz";
let core: TestCore, host: LinuxHost, operator: Caller, owner: Caller, outsider: Caller, target: TargetId, through: number | null = null;
const rule = (r: Partial<RuleInput>) => RuleInput.parse({ pattern: "*", does: "adopt", reason: "for the test", ...r });
beforeAll(async () => {
  host = await linuxHost({ name: "web-1", rootPassword: ROOT, accounts: { app1: "App1-Pw-1!x9Qz", "svc-a": "Svc-A-Pw-1!x9Q", "svc-b": "Svc-B-Pw-1!x9Q", shut: "Shut-Pw-1!x9Qz" }, setup: "usermod -L shut" });
  core = await testCore({ over: { times: { ...times(0.05), discoverDaily: 3_600_000 }, link: (t) => directLink({ host: t.host, port: through ?? t.port }) } });
  operator = await core.person("operator", ["admin", "user"]);
  owner = await core.person("olga", ["owner"]);
  outsider = await core.person("outsider", ["user"]);
  target = (await addTarget(core.deps, operator, { name: "web-1", platform: "linux-ssh", host: host.host, port: host.port, settings: { hostKeys: [host.hostKey] } })).id;
}, 120_000);
afterAll(async () => { await core?.destroy(); await host?.destroy(); });

/** One listing, asked for and done without the jobs. */
const listOnce = async (): Promise<string> => {
  const id = await discover(core.deps, operator, target);
  await runDiscovery(core.deps, (await claimDiscovery(core.deps, [], []))!.discovery);
  const d = (await discoveries.find(core.deps.db, id))!;
  return d.state === "failed" ? d.why : d.state;
};
const row = async (name: string) => (await discoveryView(core.deps, operator, target)).list.find((s) => s.found.name === name)!;

test("without an administrative account nobody may list them, and it says what to do", async () => {
  await expect(discover(core.deps, operator, target)).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/^No administrative account is named on web-1/) as string });
  const root = await addAccount(core.deps, operator, { target, name: "root" });
  await changeTarget(core.deps, operator, target, { administrative: root.id });
  expect(await listOnce()).toMatch(/^the vault holds no password of root yet/);
  await manage(core, root.id, ROOT);
});

test("the first list: unmanaged shown as such, managed too, nothing is new, nothing on the host changed, nothing became managed", async () => {
  const before = await host.exec("cat /etc/shadow");
  expect(await listOnce()).toBe("done");
  expect((await host.exec("cat /etc/shadow")).stdout).toBe(before.stdout);
  const v = await discoveryView(core.deps, operator, target);
  expect(v.whole).toMatchObject({ state: "done", first: true, counts: { new: 0, gone: 0 } });
  expect([(await row("root")).stage, (await row("app1")).stage, (await row("shut")).hindered]).toEqual(["managed", "unmanaged", expect.stringMatching(/shut on the target \(locked\)/)]);
  expect(v.list.every((s) => s.found.changes.length === 0)).toBe(true);
  expect((await accounts.onTarget(core.deps.db, target)).map((a) => a.name)).toEqual(["root"]);
});

test("the next one says what came, went and rose; a wrong turn of the wire says none of it", async () => {
  await host.exec("useradd -m newcomer; userdel -r svc-b; usermod -aG sudo app1");
  await using proxy = await faultProxy(host.port);
  through = proxy.port;
  expect(await listOnce()).toBe("done");
  const whole = proxy.down;
  expect([(await row("newcomer")).found.changes, (await row("svc-b")).found.changes, (await row("app1")).found.changes]).toEqual([["new"], ["gone"], ["became_privileged"]]);
  const before = (await discoveries.found(core.deps.db, target)).map((f) => [f.name, f.seenAt, f.goneAt]);
  for (const part of [0.3, 0.7, 0.9]) {
    proxy.heal();
    proxy.cutAfterDown(Math.floor(whole * part));
    expect(await listOnce(), `cut at ${part}`).not.toBe("done");
  }
  through = null;
  expect((await discoveries.found(core.deps.db, target)).map((f) => [f.name, f.seenAt, f.goneAt])).toEqual(before);
  expect((await discoveryView(core.deps, operator, target)).last).toMatchObject({ state: "failed" });
});

test("an owner that died is taken over under a higher fence, and what it still wrote counts for nothing", async () => {
  await discover(core.deps, operator, target);
  const first = (await claimDiscovery(core.deps, [], []))!.discovery;
  expect(await claimDiscovery(core.deps, [], [])).toBe(null);
  await run(core.deps.db, `update discoveries set lease_until = now() - interval '1 second' where id = '${first.id}'`);
  const second = (await claimDiscovery(core.deps, [], []))!.discovery;
  expect(second.fence).toBe(first.fence + 1);
  await runDiscovery(core.deps, second);
  const done = await discoveries.find(core.deps.db, first.id);
  await runDiscovery(core.deps, first);
  expect(await discoveries.find(core.deps.db, first.id)).toEqual(done);
});

test("ignored with a reason, and back; a name that is not on the list is refused", async () => {
  await expect(ignoreFound(core.deps, operator, target, ["newcomer"], "x")).rejects.toMatchObject({ code: "invalid" });
  await expect(ignoreFound(core.deps, operator, target, ["nobody-there"], "not ours")).rejects.toMatchObject({ code: "not_found" });
  await ignoreFound(core.deps, operator, target, ["newcomer"], "somebody's own");
  expect([(await row("newcomer")).stage, (await row("newcomer")).found.ignored?.why]).toEqual(["ignored", "somebody's own"]);
  await ignoreFound(core.deps, operator, target, ["newcomer"], null);
  expect((await row("newcomer")).stage).toBe("unmanaged");
});

test("whose target it is not sees nothing of it; an owner of it may list and not more than that of others", async () => {
  await expect(discoveryView(core.deps, outsider, target)).rejects.toMatchObject({ code: "not_found" });
  await expect(discover(core.deps, owner, target)).rejects.toMatchObject({ code: "not_found" });
  await expect(addRule(core.deps, outsider, rule({}))).rejects.toMatchObject({ code: "forbidden" });
  await expect(addRule(core.deps, owner, rule({ target: "web-1" }))).rejects.toMatchObject({ code: "not_found" });
  expect(await rulePreview(core.deps, owner, rule({}))).toEqual([]);
});

test("adopted by hand: looked at first, then two proven changes; the rest stays as it is", async () => {
  const before = await host.shadow("svc-a"), [preview] = await adoptPreview(core.deps, operator, target, ["app1"]);
  expect([preview!.hindered, preview!.warns[0]]).toEqual([null, "privileged"]);
  const jobs = startJobs(core.deps);
  try {
    expect(await adoptFound(core.deps, operator, target, ["app1", "shut"])).toEqual([
      expect.objectContaining({ name: "app1", ok: true }), expect.objectContaining({ name: "shut", ok: false, said: expect.stringContaining("shut on the target") as string })]);
    await until(async () => (await row("app1")).stage === "managed", 60_000);
  } finally { await jobs.close(); }
  expect(await host.opens("app1", "App1-Pw-1!x9Qz")).toBe(false);
  expect([await host.shadow("svc-a"), (await host.shadow("shut")).startsWith("!")]).toEqual([before, true]);
}, 120_000);

test("a rule somebody accepted adopts what it matches, now and when it is found later; ended, it does no more; without its author's right it does nothing", async () => {
  await host.exec("useradd -m svc-locked");
  expect((await rulePreview(core.deps, operator, rule({ pattern: "svc-*" }))).map((w) => w.staged.found.name)).toEqual(["svc-a"]);
  const jobs = startJobs(core.deps);
  try {
    const id = await addRule(core.deps, operator, rule({ pattern: "svc-*" })), odd = await addRule(core.deps, operator, rule({ pattern: "_*", does: "ignore" }));
    await until(async () => (await row("svc-a")).stage === "managed", 60_000);
    await host.exec("useradd -m svc-late && chpasswd", "svc-late:Svc-Late-Pw-1!x\n");
    const d = await discover(core.deps, operator, target);
    await until(async () => (await discoveries.find(core.deps.db, d))!.state === "done", 30_000);
    await until(async () => (await row("svc-late")).stage === "managed", 60_000);
    expect([(await row("newcomer")).stage, await host.opens("svc-late", "Svc-Late-Pw-1!x")]).toEqual(["unmanaged", false]);
    await endRule(core.deps, operator, id);
    await endRule(core.deps, operator, odd);
  } finally { await jobs.close(); }
  const former = await core.person("former", ["admin"]), late = await addRule(core.deps, former, rule({ pattern: "*ne*" }));
  await host.exec("useradd -m one-more");
  expect(await listOnce()).toBe("done");
  await core.deps.db.transaction((tx) => people.change(tx, former.person.id, { roles: ["user"] }));
  await applyRules(core.deps);
  expect([(await row("one-more")).stage, (await row("one-more")).found.ruleSaid]).toEqual(["unmanaged", "former may no longer do this there"]);
  // Taken up again by hand before: no rule speaks of it.
  expect([(await row("newcomer")).stage, (await row("newcomer")).found.ruleSaid]).toEqual(["unmanaged", "left to people"]);
  await endRule(core.deps, operator, late);
}, 180_000);

test("each target of a group, and every day where somebody asked for that", async () => {
  await putCollection(core.deps, operator, "web", [target]);
  const [begun] = await discoverGroup(core.deps, operator, "web");
  expect([begun!.target, begun!.why]).toEqual(["web-1", null]);
  await expect(discoverGroup(core.deps, operator, "nothing")).rejects.toMatchObject({ code: "not_found" });
  await runDiscovery(core.deps, (await claimDiscovery(core.deps, [], []))!.discovery);
  await discoverDaily(core.deps, operator, target, true);
  await run(core.deps.db, `update discoveries set at = at - interval '2 days'`);
  const jobs = startJobs(core.deps);
  try { await until(async () => (await discoveryView(core.deps, operator, target)).last?.trigger === "daily", 20_000); await until(async () => (await discoveryView(core.deps, operator, target)).last?.state === "done", 20_000); } finally { await jobs.close(); }
  expect((await discoveryView(core.deps, operator, target)).daily).toBe(true);
});

test("law: no-way-round-2 — a host that shows another key during a listing fails it and stops all its accounts, until somebody accepts the key they looked at", async () => {
  await host.changeHostKey();
  expect(await listOnce()).toBe("the target did not prove a pinned host key");
  expect(new Set((await accounts.onTarget(core.deps.db, target)).map((a) => a.block))).toEqual(new Set(["identity_changed"]));
  expect(await run(core.deps.db, `select outcome, why from events where what = 'target.identity_changed'`)).toEqual([{ outcome: "refused", why: "the target did not prove a pinned host key" }]);
  expect(await listOnce()).toMatch(/no longer proves itself by the pinned key/);
  await changeTarget(core.deps, operator, target, { settings: { hostKeys: [host.hostKey] } });
  await acceptIdentity(core.deps, operator, target, (await targets.find(core.deps.db, target))!.identityHash);
  expect(await listOnce()).toBe("done");
});

test("law: no-way-round-2 — a locked target, or one whose identity waits, is not asked", async () => {
  expect((await listed(core.deps.db, operator, "web-1")).id).toBe(target);
  await changeTarget(core.deps, operator, target, { locked: true });
  expect(await listOnce()).toBe("the target is locked");
  await changeTarget(core.deps, operator, target, { locked: false });
  await changeTarget(core.deps, operator, target, { settings: { hostKeys: [host.hostKey], sudo: true } });
  expect(await listOnce()).toMatch(/no longer proves itself by the pinned key/);
  expect(await ruleList(core.deps.db, operator)).toEqual([]);
  expect(await discoveries.find(core.deps.db, "dis_none" as DiscoveryId)).toBe(null);
});
