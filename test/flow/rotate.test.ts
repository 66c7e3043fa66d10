/** One account's whole life with a real sshd: adopted, asked for, released, given back, rotated; proven by the shadow file. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { addAccount, rotateNow } from "../../src/flow/accounts.ts";
import { ask } from "../../src/flow/ask.ts";
import { giveBack } from "../../src/flow/checkin.ts";
import { putPolicy } from "../../src/flow/people.ts";
import type { Caller } from "../../src/flow/record.ts";
import { release } from "../../src/flow/release.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { testTarget } from "../../src/flow/target-test.ts";
import { verify } from "../../src/flow/verify.ts";
import { vote } from "../../src/flow/vote.ts";
import { startJobs } from "../../src/jobs/jobs.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as rotations from "../../src/store/rotations.ts";
import type { AccountId } from "../../src/kernel/ids.ts";
import type { Moment } from "../../src/flow/deps.ts";
import { events } from "../../src/store/schema.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { testCore, type TestCore } from "../broker.ts";
import { until } from "./until.ts";

let core: TestCore, host: LinuxHost, jobs: { close(): Promise<void> }, operator: Caller, requester: Caller, approver: Caller;
const ADMIN = "Admin-Pw-1!x9Qz", APP = "App1-Pw-1!x9Qz";

/** What the log said of rotations right before the target was touched, and right after its answer was taken. */
const seen: { at: Moment; to: unknown[] }[] = [];
const look = async (at: Moment): Promise<void> => {
  if (at !== "before_change" && at !== "change_noted") return;
  const rows = await core.deps.db.q.select().from(events);
  seen.push({ at, to: rows.filter((r) => r.what.startsWith("rotation.")).map((r) => (r.facts as { to?: string } | null)?.to) });
};

beforeAll(async () => {
  [core, host] = await Promise.all([testCore({ over: { moment: look } }), linuxHost({ name: "web-1", sudoAdmin: { name: "admin1", password: ADMIN }, accounts: { app1: APP } })]);
  operator = await core.person("operator", ["admin", "user"]);
  requester = await core.person("requester", ["user"]);
  approver = await core.person("approver", ["approver"]);
  jobs = startJobs(core.deps);
});
afterAll(async () => { await jobs?.close(); await core?.destroy(); await host?.destroy(); });

const inSync = (id: AccountId) => async () => (await accounts.find(core.deps.db, id))!.credential === "in_sync" && (await rotations.openOf(core.deps.db, id)) === null;

test("adopted through a sudo administrator, released, given back, rotated in lockstep", async () => {
  const target = await addTarget(core.deps, operator, { name: "web-1", platform: "linux-ssh", host: host.host, port: host.port, settings: { hostKeys: [host.hostKey], sudo: true } });
  const admin = await addAccount(core.deps, operator, { target: target.id, name: "admin1", password: Secret.of(ADMIN) });
  await changeTarget(core.deps, operator, target.id, { administrative: admin.id });
  expect(await testTarget(core.deps, operator, target.id)).toMatchObject({ ok: true });
  const app = await addAccount(core.deps, operator, { target: target.id, name: "app1", adopt: true });
  await until(inSync(app.id));
  expect(await host.opens("app1", APP)).toBe(false);
  expect((await accounts.find(core.deps.db, app.id))!.adopted).toBe(2);

  await putPolicy(core.deps, operator, { name: "apps", terms: { preset: "release", maxMinutes: 60 }, binding: { requesters: [requester.person.id], approvers: [approver.person.id], accountNames: ["app*"] } });
  const id = await ask(core.deps, requester, { account: "app1@web-1", minutes: 30, reason: "look at the logs", ticket: "" });
  await expect(release(core.deps, requester, id)).rejects.toThrow(/Nobody has approved/);
  await expect(vote(core.deps, requester, id, { decision: "approve" })).rejects.toThrow(/own request/);
  expect((await vote(core.deps, approver, id, { decision: "approve" })).state).toBe("approved");
  const shown = await release(core.deps, requester, id);
  expect(await host.opens("app1", reveal(shown.password))).toBe(true);
  expect((await giveBack(core.deps, requester, id)).state).toBe("closed");
  const before = (await accounts.find(core.deps.db, app.id))!;
  await until(async () => (await accounts.find(core.deps.db, app.id))!.current !== before.current);
  await until(inSync(app.id));
  expect(await host.opens("app1", reveal(shown.password))).toBe(false);
  expect(await verify(core.deps, operator, app.id)).toMatchObject({ verdict: "in_force", by: "compare" });
});

test("an administrative account changes itself with its own rights", async () => {
  const admin = (await accounts.named(core.deps.db, "admin1@web-1"))!;
  const { adopt } = await import("../../src/flow/accounts.ts");
  await adopt(core.deps, operator, admin.id);
  await until(inSync(admin.id));
  expect(await host.opens("admin1", ADMIN)).toBe(false);
  await rotateNow(core.deps, operator, admin.id, "again");
  await until(inSync(admin.id));
});

test("law: I6: the intent is in the log before the target is touched, the outcome after its answer", () => {
  const before = seen.filter((s) => s.at === "before_change"), after = seen.filter((s) => s.at === "change_noted");
  expect(before.length).toBeGreaterThanOrEqual(5);
  for (const s of before) expect(s.to).toContain("applying");
  expect(before[0]!.to).not.toContain("probing");
  expect(after[0]!.to).toContain("probing");
});
