/** Changes that gave up, on a real host, and the buttons a person has then. Rule: what is in force is read from the host's disk. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { addAccount, setBlock } from "../../src/flow/accounts.ts";
import { changePassword } from "../../src/flow/change-password.ts";
import { rotationBoard, rotationView } from "../../src/flow/rotation-board.ts";
import { askAgainNow, keepOld, stopWaiting, tellPassword } from "../../src/flow/rotation-moves.ts";
import type { Caller } from "../../src/flow/record.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { startJobs } from "../../src/jobs/jobs.ts";
import type { AccountId, RotationId, TargetId } from "../../src/kernel/ids.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { times } from "../../src/kernel/times.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as rotations from "../../src/store/rotations.ts";
import { faultProxy, type FaultProxy } from "../lab/fault-proxy.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { manage } from "../web/world.ts";
import { testCore, type TestCore } from "../broker.ts";
import { until } from "./until.ts";

const ROOT = "Root-Pw-1!x9Qz", APP = "App1-Pw-1!x9Qz", TYPED = "Vq7#mK2!vT9?bR4%nX6~";
let core: TestCore, host: LinuxHost, proxy: FaultProxy, jobs: { close(): Promise<void> }, operator: Caller, root: AccountId, app: AccountId, target: TargetId;
beforeAll(async () => {
  host = await linuxHost({ name: "web-1", rootPassword: ROOT, accounts: { app1: APP } });
  proxy = await faultProxy(host.port);
  core = await testCore({ over: { times: { ...times(0.05), giveUpAfter: 3_000, probeWindow: 300, rotationLease: 9_000 } } });
  operator = await core.person("operator", ["admin", "user"]);
  target = (await addTarget(core.deps, operator, { name: "web-1", platform: "linux-ssh", host: proxy.host, port: proxy.port, settings: { hostKeys: [host.hostKey] } })).id;
  root = (await addAccount(core.deps, operator, { target, name: "root" })).id;
  app = (await addAccount(core.deps, operator, { target, name: "app1" })).id;
  await manage(core, root, ROOT);
  await manage(core, app, APP);
  await changeTarget(core.deps, operator, target, { administrative: root });
  await host.exec("mv /usr/sbin/chpasswd /usr/sbin/chpasswd.real");
  await chpasswd("exec /usr/sbin/chpasswd.real -e < $input");
  jobs = startJobs(core.deps);
}, 120_000);
afterAll(async () => { await jobs?.close(); await core?.destroy(); await proxy?.close(); await host?.destroy(); });

const chpasswd = (then: string) => host.write("/usr/sbin/chpasswd", `#!/bin/sh\ninput=$(mktemp)\ncat > $input\n[ -s $input ] || exit 0\n${then}\n`, 0o755);
const view = (id: RotationId) => rotationView(core.deps.db, operator, id);
const reaches = (id: RotationId, state: string) => until(async () => (await rotations.find(core.deps.db, id))!.state === state, 60_000);
const account = async (id: AccountId) => (await accounts.find(core.deps.db, id))!;
const change = async (id: AccountId, password: string | null) => (await changePassword(core.deps, operator, id, { password: password ? Secret.of(password) : null, remote: true, reason: "a test" })).rotation!;

test("the target fell silent for good: it says so, and asks again when a person says so", async () => {
  await chpasswd("/usr/sbin/chpasswd.real -e < $input; sleep 20");
  const id = await change(app, TYPED);
  await until(() => host.opens("app1", TYPED), 30_000);
  proxy.blackHole();
  await reaches(id, "dead_letter");
  const dead = await view(id);
  expect([dead.outcome.word, (await account(app)).credential]).toEqual(["settling", "quarantined"]);
  expect(dead.advice).toMatchObject({ says: expect.stringMatching(/^The target did not say which password is in force\./) as string, moves: ["again", "tell"] });
  expect((await rotationBoard(core.deps.db, operator, new Date())).dead.map((d) => d.rotation.id)).toEqual([id]);
  await expect(keepOld(core.deps, operator, id)).rejects.toMatchObject({ code: "conflict" });
  proxy.heal();
  await chpasswd("exec /usr/sbin/chpasswd.real -e < $input");
  await askAgainNow(core.deps, operator, id);
  await reaches(id, "committed");
  expect([(await account(app)).credential, await host.opens("app1", TYPED)]).toEqual(["in_sync", true]);
}, 120_000);

test("the change never took: the old one may be kept, after the target has proven it once more", async () => {
  await chpasswd("exit 0");
  const id = await change(app, null);
  await reaches(id, "dead_letter");
  expect((await view(id)).advice).toMatchObject({ says: expect.stringMatching(/^An older password of ours is in force/) as string, moves: ["again", "keep"] });
  await chpasswd("exec /usr/sbin/chpasswd.real -e < $input");
  // Somebody changes it on the host between the look and the press.
  await host.exec("/usr/sbin/chpasswd.real", "app1:Somebody-Else-1!\n");
  await expect(keepOld(core.deps, operator, id)).rejects.toMatchObject({ code: "upstream", message: "The target does not take that password now, or did not answer. Nothing was changed; ask again." });
  expect((await rotations.find(core.deps.db, id))!.state).toBe("dead_letter");
  await host.exec("/usr/sbin/chpasswd.real", `app1:${TYPED}\n`);
  // law no-way-round-2: whatever stands in the way of the account stands in the way of this question, too.
  await setBlock(core.deps, operator, app, "disabled", "");
  await expect(keepOld(core.deps, operator, id)).rejects.toMatchObject({ code: "conflict", message: "This account is blocked; it is not asked until that is settled." });
  await setBlock(core.deps, operator, app, "none", "");
  await keepOld(core.deps, operator, id);
  await reaches(id, "refused");
  expect([(await view(id)).outcome.word, (await account(app)).credential, await host.opens("app1", TYPED)]).toEqual(["unchanged", "in_sync", true]);
}, 120_000);

test("no password of ours opens it: somebody types the one in force, it proves itself, and the change goes on from there", async () => {
  await changeTarget(core.deps, operator, target, { administrative: null });
  await host.exec("/usr/sbin/chpasswd.real", "root:By-Hand-On-The-Host-9!\n");
  const id = await change(root, null);
  await reaches(id, "dead_letter");
  expect((await view(id)).advice).toMatchObject({ says: expect.stringMatching(/^No password the vault holds opens this account/) as string, moves: ["tell", "again"] });
  await tellPassword(core.deps, operator, id, Secret.of("By-Hand-On-The-Host-9!"));
  await until(async () => ["committed", "dead_letter"].includes((await rotations.find(core.deps.db, id))!.state), 90_000);
  expect((await rotations.find(core.deps.db, id))!.state).toBe("committed");
  expect([(await account(root)).credential, await host.opens("root", "By-Hand-On-The-Host-9!")]).toEqual(["in_sync", false]);
}, 180_000);

test("one that waits with nothing sent is stopped; nobody but its managers moves anything", async () => {
  await changeTarget(core.deps, operator, target, { administrative: root });
  proxy.refuse();
  const id = await change(app, null), requester = await core.person("requester", ["user"]);
  await reaches(id, "waiting");
  expect((await view(id)).advice?.moves).toEqual(["stop"]);
  for (const verb of [askAgainNow, keepOld, stopWaiting]) await expect(verb(core.deps, requester, id)).rejects.toMatchObject({ code: "not_found" });
  await expect(askAgainNow(core.deps, operator, id)).rejects.toMatchObject({ code: "conflict", message: "That cannot be done to a rotation that is waiting now. Look at its page again." });
  await stopWaiting(core.deps, operator, id);
  expect(await rotations.find(core.deps.db, id)).toMatchObject({ state: "refused", why: "unchanged: stopped by operator" });
  expect(await account(app)).toMatchObject({ credential: "in_sync" });
  proxy.heal();
}, 60_000);
