/** The closure certificate of real uses of a real host. Rule: what it says is compared with the host; what it does not know it says so. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { addAccount, adopt } from "../../src/flow/accounts.ts";
import { ask } from "../../src/flow/ask.ts";
import { certificate } from "../../src/flow/certificate.ts";
import { giveBack } from "../../src/flow/checkin.ts";
import { putPolicy } from "../../src/flow/people.ts";
import type { Caller } from "../../src/flow/record.ts";
import { release } from "../../src/flow/release.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { vote } from "../../src/flow/vote.ts";
import { startJobs } from "../../src/jobs/jobs.ts";
import type { RequestId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { times } from "../../src/kernel/times.ts";
import { testCore, type TestCore } from "../broker.ts";
import { settledState } from "../chaos/rows.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";

const ADMIN = "Closing-Adm1n!x9Qz", FIRST = "Closing-F1rst!x9Qz", COMMANDS = "/usr/sbin/chpasswd -e, /usr/bin/getent shadow *, /usr/bin/pkill -KILL -e -u * sshd";
let host: LinuxHost, core: TestCore, jobs: ReturnType<typeof startJobs>, who: Record<"operator" | "requester" | "approver" | "auditor" | "outsider", Caller>;
beforeAll(async () => {
  host = await linuxHost({ name: "web-1", sudoAdmin: { name: "admin1", password: ADMIN, commands: COMMANDS }, accounts: { app: FIRST, far: FIRST } });
  core = await testCore({ over: { times: { ...times(0.02), closureFirst: 60, closureSecond: 120, closureNightly: 86_400_000 } } });
  const [operator, requester, approver, auditor, outsider] = [await core.person("operator", ["admin", "user"]), await core.person("requester", ["user"]), await core.person("approver", ["approver"]), await core.person("auditor", ["auditor"]), await core.person("outsider", ["user"])];
  who = { operator, requester, approver, auditor, outsider };
  const t = await addTarget(core.deps, operator, { name: "web-1", platform: "linux-ssh", host: host.host, port: host.port, settings: { hostKeys: [host.hostKey], sudo: true } });
  await changeTarget(core.deps, operator, t.id, { administrative: (await addAccount(core.deps, operator, { target: t.id, name: "admin1", password: Secret.of(ADMIN) })).id });
  jobs = startJobs(core.deps);
  for (const name of ["app", "far"]) {
    const a = await addAccount(core.deps, operator, { target: t.id, name });
    await adopt(core.deps, operator, a.id);
    await settled(a.id);
  }
  await putPolicy(core.deps, operator, { name: "apps", terms: { preset: "release", maxMinutes: 60 }, binding: { requesters: [requester.person.id], approvers: [approver.person.id] } as never });
}, 120_000);
afterAll(async () => { await jobs?.close(); await core?.destroy(); await host?.destroy(); });

const settled = (id: string): Promise<void> => vi.waitFor(async () => { expect(await settledState(core.deps.db, id)).toBe("settled"); }, { timeout: 60_000, interval: 50 });
const approved = async (account: string): Promise<RequestId> => {
  const id = await ask(core.deps, who.requester, { account, minutes: 30, reason: "to look", ticket: "" });
  await vote(core.deps, who.approver, id, { decision: "approve" });
  return id;
};
const of = (id: RequestId, by: Caller = who.requester) => certificate(core.deps.db, by.person, id);

test("nothing left the vault: unused; then in use; then closed, as the host itself shows", async () => {
  const id = await approved("app@web-1");
  expect(await of(id)).toMatchObject({ state: "unused", lines: [] });
  const { password } = await release(core.deps, who.requester, id), shown = reveal(password);
  expect(await host.opens("app", shown)).toBe(true);
  expect(await of(id)).toMatchObject({ state: "in_use", says: "It is in use. The password is changed when the use is over." });
  await giveBack(core.deps, who.requester, id);
  await expect.poll(async () => (await of(id)).state, { timeout: 60_000 }).toBe("closed");
  const c = await of(id, who.auditor);
  expect(c.says).toBe("Closed: the new password works, the old one does not.");
  expect(c.lines.map((l) => [l.what, l.tone])).toEqual([["used", "ok"], ["new", "ok"], ["old", "ok"], ["logins", "ok"]]);
  expect(c.lines[0]!.says).toBe("One password left the vault under this request; the person saw it.");
  expect(JSON.stringify(c)).not.toContain(shown);
  expect(await host.opens("app", shown)).toBe(false);
  password.wipe();
}, 120_000);

test("while the target is down it says that what was used may still open the account, and it does", async () => {
  const id = await approved("far@web-1"), { password } = await release(core.deps, who.requester, id), shown = reveal(password);
  await host.stop();
  await giveBack(core.deps, who.requester, id);
  await expect.poll(async () => (await of(id)).lines.at(-1)?.what, { timeout: 30_000 }).toBe("new");
  expect(await of(id)).toMatchObject({ state: "open", says: "The use is over and the password is being changed. Until that is proven, what was used may open the account." });
  expect(await host.opens("far", shown)).toBe(true);
  await host.start();
  await expect.poll(async () => (await of(id)).state, { timeout: 60_000 }).toBe("closed");
  expect(await host.opens("far", shown)).toBe(false);
  password.wipe();
}, 120_000);

test("who may not see the request may not see how it was closed", async () => {
  const id = await approved("app@web-1");
  await expect(of(id, who.outsider)).rejects.toMatchObject({ code: "not_found", message: "No such request." });
});
