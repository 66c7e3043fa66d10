/** Every hook is lost, and the password still changes on a real host within one sweep. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { addAccount } from "../../src/flow/accounts.ts";
import { ask } from "../../src/flow/ask.ts";
import { giveBack } from "../../src/flow/checkin.ts";
import type { Deps } from "../../src/flow/deps.ts";
import { putPolicy } from "../../src/flow/people.ts";
import type { Caller } from "../../src/flow/record.ts";
import { release } from "../../src/flow/release.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { vote } from "../../src/flow/vote.ts";
import { startJobs } from "../../src/jobs/jobs.ts";
import type { AccountId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as requests from "../../src/store/requests.ts";
import * as rotations from "../../src/store/rotations.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { testCore, type TestCore } from "../broker.ts";
import { until } from "./until.ts";

/** A wake-up lost: nobody is ever told anything. */
const deaf: Deps["bus"] = { publish: () => {}, subscribe: () => () => {} };
/** The one transaction of the verb goes through; what it meant to do behind its commit meets a broken database. */
const onceOnly = (db: Deps["db"]): Deps["db"] => {
  let left = 1;
  return { ...db, transaction: (work) => (left-- > 0 ? db.transaction(work) : Promise.reject(new Error("failpoint: the hook is lost"))) };
};

const lost: string[] = [];
let core: TestCore, host: LinuxHost, jobs: { close(): Promise<void> }, operator: Caller, requester: Caller, approver: Caller;
const ADMIN = "Admin-Pw-1!x9Qz";
beforeAll(async () => {
  // One after the other: an embedded database that starts keeps this process too busy to hear the host's banner in time.
  host = await linuxHost({ name: "due-1", sudoAdmin: { name: "admin1", password: ADMIN }, accounts: { app1: "App1-Pw-1!x9Qz" } });
  core = await testCore({ over: { log: (level, message) => { if (level !== "info") lost.push(message); } } });
  [operator, requester, approver] = [await core.person("operator", ["admin"]), await core.person("requester", ["user"]), await core.person("approver", ["approver"])];
  jobs = startJobs({ ...core.deps, bus: deaf });
}, 120_000);
afterAll(async () => { await jobs?.close(); await core?.destroy(); await host?.destroy(); });
const inSync = (id: AccountId) => async () => (await accounts.find(core.deps.db, id))!.credential === "in_sync" && (await rotations.openOf(core.deps.db, id)) === null;

test("law: due-derived — with every hook and wake-up lost, a sweep finds the use and the host has a new password", async () => {
  const deps: Deps = { ...core.deps, bus: deaf };
  const target = await addTarget(deps, operator, { name: "due-1", platform: "linux-ssh", host: host.host, port: host.port, settings: { hostKeys: [host.hostKey], sudo: true } });
  const admin = await addAccount(deps, operator, { target: target.id, name: "admin1", password: Secret.of(ADMIN) });
  await changeTarget(deps, operator, target.id, { administrative: admin.id });
  const app = await addAccount(deps, operator, { target: target.id, name: "app1", adopt: true });
  await until(inSync(app.id), 60_000);
  await putPolicy(deps, operator, { name: "apps", terms: { preset: "release" }, binding: { requesters: [requester.person.id], approvers: [approver.person.id] } });
  const id = await ask(deps, requester, { account: "app1@due-1", minutes: 30, reason: "to look", ticket: "" });
  await vote(deps, approver, id, { decision: "approve" });
  const shown = reveal((await release(deps, requester, id)).password), before = (await accounts.find(core.deps.db, app.id))!;
  expect(await host.opens("app1", shown)).toBe(true);
  expect([before.usedNo, before.rotatedNo]).toEqual([before.rotatedNo + 1, before.usedNo - 1]);

  const closed = await giveBack({ ...deps, db: onceOnly(deps.db) }, requester, id);
  await until(() => lost.length > 0);
  expect(lost, "the hook really was lost, and nothing else went wrong").toEqual([`rotation after ${id}: failpoint: the hook is lost`]);
  await until(async () => (await accounts.find(core.deps.db, app.id))!.current !== before.current, 60_000);
  await until(inSync(app.id));
  expect(await host.opens("app1", shown)).toBe(false);
  const [after] = await rotations.recent(core.deps.db, { account: app.id, limit: 1 }), r = await requests.find(core.deps.db, id);
  expect(after).toMatchObject({ trigger: "end_of_use", state: "committed" });
  expect(closed.state).toBe("closed");
  // One sweep and what a busy machine takes to get to it.
  expect(after!.openedAt.getTime() - (r?.state === "closed" ? r.closedAt.getTime() : 0)).toBeLessThan(deps.times.sweep + 3_000);
  expect(await accounts.find(core.deps.db, app.id)).toMatchObject({ usedNo: before.usedNo, rotatedNo: before.usedNo });
}, 180_000);
