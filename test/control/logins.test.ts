/** Logins of people who have no session yet. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { changePerson } from "../../src/flow/people.ts";
import { SshLogins } from "../../src/control/logins.ts";
import { times } from "../../src/kernel/times.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { testCore, type TestCore } from "../broker.ts";

let core: TestCore, now = 0;
const open = () => new SshLogins({ clock: { now: () => new Date(), mono: () => now }, random: systemRandom, times: times(1) }, core.deps);
const OLD = { code: "unauthenticated", message: "This login is too old. Connect again." };
beforeAll(async () => { core = await testCore(); });
afterAll(async () => { await core?.destroy(); });

test("a login is good for the process that made it, for many questions and for one session", async () => {
  const { person } = await core.person("asker", ["user"]), logins = open(), login = logins.add(person, "192.0.2.7", "worker-1"), by = { login, worker: "worker-1" };
  expect(await logins.caller(by)).toMatchObject({ person: { name: "asker" }, address: "192.0.2.7", means: "ssh" });
  await expect(logins.caller({ login, worker: "worker-2" }), "another process").rejects.toMatchObject(OLD);
  await expect(logins.caller({ login: "tok_other", worker: "worker-1" }), "a made-up one").rejects.toMatchObject(OLD);
  expect(await logins.spend(by, () => Promise.resolve({ ok: false }))).toEqual({ ok: false });
  await expect(logins.spend(by, () => Promise.reject(new Error("broken"))), "a failure spends nothing").rejects.toThrow("broken");
  await logins.caller(by);
  await logins.spend(by, async () => {
    await expect(logins.spend(by, () => Promise.resolve({ ok: true })), "two at once").rejects.toMatchObject({ code: "conflict" });
    return { ok: true };
  });
  await expect(logins.caller(by), "spent").rejects.toMatchObject(OLD);
  await expect(logins.spend(by, () => Promise.resolve({ ok: true })), "spent").rejects.toMatchObject(OLD);
});

test("it ends when nobody uses it, and at its absolute end whoever does", async () => {
  const { person } = await core.person("idle", ["user"]), logins = open(), { loginIdle, loginAbsolute } = times(1), by = { login: logins.add(person, "::1", "w"), worker: "w" };
  now += loginIdle + 1;
  await expect(logins.caller(by)).rejects.toMatchObject(OLD);
  const fresh = { login: logins.add(person, "::1", "w"), worker: "w" }, end = now + loginAbsolute;
  for (; now <= end - loginIdle; now += loginIdle / 2) await logins.caller(fresh);
  now = end + 1;
  await expect(logins.caller(fresh)).rejects.toMatchObject(OLD);
});

test("a disabled person is refused at the next step", async () => {
  const who = await core.person("leaver", ["user"]), admin = await core.person("boss", ["admin"]), logins = open(), by = { login: logins.add(who.person, "::1", "w"), worker: "w" };
  await logins.caller(by);
  await changePerson(core.deps, admin, who.person.id, { disabled: true });
  await expect(logins.caller(by)).rejects.toMatchObject({ code: "unauthenticated", message: "Your login has ended: this person is disabled." });
});

test("a browser's word is good for one try, in whichever process, and a terminal's login is no such word", async () => {
  const { person } = await core.person("browser", ["user"]), logins = open(), shown = {} as never;
  const arrive = (): string => logins.arrive({ person, address: "192.0.2.9", means: "portal", shown }), word = { login: arrive(), worker: "any" };
  expect(await logins.spend(word, (caller, given) => Promise.resolve({ ok: false, means: caller.means, same: given === shown }))).toEqual({ ok: false, means: "portal", same: true });
  await expect(logins.spend(word, () => Promise.resolve({ ok: true })), "refused once is spent").rejects.toMatchObject(OLD);
  const again = arrive();
  expect(await logins.take(again)).toMatchObject({ caller: { person: { name: "browser" }, means: "portal" } });
  await expect(logins.take(again)).rejects.toMatchObject(OLD);
  await expect(logins.take(logins.add(person, "::1", "w"))).rejects.toMatchObject(OLD);
});
