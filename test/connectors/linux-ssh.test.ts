/** The Linux connector against real machines: as root, and through sudo with exactly the sudoers line its file documents. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LinuxSshConfig } from "../../src/connectors/linux-ssh.ts";
import { linuxSsh } from "../../src/connectors/linux-ssh.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { connectSsh, exec } from "../../src/wires/ssh.ts";
import type { LinuxHost } from "../lab/host.ts";
import { linuxHost } from "../lab/host.ts";
import type { Named, World } from "./contract.ts";
import { contract, fresh } from "./contract.ts";
import { impostor, insideOf, watch } from "./linux-world.ts";

const ROOT: Named = { name: "root", password: "Root-Pw-1!x9Qz" }, ADMIN: Named = { name: "admin1", password: "Admin-Pw-1!x9Qz" };
const SUDOERS = "/usr/sbin/chpasswd -e, /usr/bin/getent shadow *";
let host: LinuxHost, serial = 0;

beforeAll(async () => {
  host = await linuxHost({ name: "rotated", rootPassword: ROOT.password, accounts: { bystander: "By-Stander-1!" }, extraSshd: "LogLevel DEBUG2\nMaxAuthTries 6",
    sudoAdmin: { ...ADMIN, commands: SUDOERS }, setup: "printf 'minlen = 12\\nretry = 1\\n' > /etc/security/pwquality.conf" });
});
afterAll(async () => { await host?.destroy(); });

const inside = (command: string, stdin = "", on = host): Promise<string> => insideOf(on, command, stdin);
const account = async (on = host): Promise<Named> => {
  const who = { name: `app${++serial}`, password: `Old-${serial}-${systemRandom.bytes(6).toString("base64url")}` };
  await inside(`useradd -m -s /bin/bash ${who.name} && chpasswd`, `${who.name}:${who.password}\n`, on);
  return who;
};
const world = (as: Named, on = () => host, config = (): LinuxSshConfig => ({ hostKeys: [on().hostKey], sudo: as.name !== "root", su: "" })): World<LinuxSshConfig> => ({
  seenRunning: /sshd: [^\n]*\n[^]*SSH_CONNECTION=/, make: linuxSsh, as: () => as, account: () => account(on()), impostor, config,
  address: () => ({ host: "127.0.0.1", port: on().port }),
  fits: (name, password) => on().opens(name, password),
  everybody: async () => (await inside("cut -d: -f1,2 /etc/shadow; cut -d: -f1,3 /etc/passwd | sed s/^/uid-/", "", on())).trim().split("\n"),
  foreign: async (name) => { await inside("chpasswd -c YESCRYPT", `${name}:Foreign-1-hash\n`, on()); },
  policy: async () => ({ to: "short", change: "own", words: /BAD PASSWORD/, undo: async () => undefined }),
  stop: () => on().stop(), start: () => on().start(),
  log: async () => on().log() + await inside("cat /var/log/*.log /root/.*history 2>/dev/null; true", "", on()),
  watch: () => watch(on()),
});

describe("as root", () => { contract("linux-ssh, root", () => world(ROOT), { lists: true }); });
describe("through sudo", () => { contract("linux-ssh, sudo", () => world(ADMIN), { lists: true }); });

const connector = linuxSsh(systemRandom);
const link = () => directLink({ host: "127.0.0.1", port: host.port });
const config = (): LinuxSshConfig => ({ hostKeys: [host.hostKey], sudo: false, su: "" });
const as = (who: Named) => ({ name: who.name, secret: Secret.of(who.password) });
const soon = () => AbortSignal.timeout(20_000);

/** Root may not log in: `porter` does, and becomes root by su. */
const PORTER: Named = { name: "porter", password: "Porter-Pw-1!x9Qz" };
describe("through su", () => {
  let shut: LinuxHost;
  beforeAll(async () => { shut = await linuxHost({ name: "shut", rootPassword: ROOT.password, accounts: { [PORTER.name]: PORTER.password, bystander: "By-Stander-1!" }, extraSshd: "LogLevel DEBUG2\nMaxAuthTries 6\nPermitRootLogin no",
    setup: "printf 'minlen = 12\\nretry = 1\\n' > /etc/security/pwquality.conf; rm -f /usr/bin/sudo" }); });
  afterAll(async () => { await shut?.destroy(); });
  const on = (porter = PORTER.password) => ({ hostKeys: [shut.hostKey], sudo: false, su: PORTER.name, carrier: { name: PORTER.name, secret: Secret.of(porter) } });
  contract("linux-ssh, su", () => world(ROOT, () => shut, on), { lists: true });
  const at = () => directLink({ host: "127.0.0.1", port: shut.port });
  test("root's own password: changed and asked through su; the carrier's refused login says nothing of it", async () => {
    const was = ROOT.password, to = fresh();
    expect(await connector.probe(on(), at(), { name: "root" }, Secret.of(was), soon())).toBe("yes");
    expect(await connector.probe(on(), at(), { name: "root" }, Secret.of("Wrong-1-wrong"), soon())).toBe("no");
    expect(await connector.probe(on("Wrong-2-wrong"), at(), { name: "root" }, Secret.of(was), soon())).toEqual({ unknown: "the target refused the login of porter, which becomes root there" });
    expect(await connector.change(on(), at(), { name: "root" }, { to: Secret.of(to), from: Secret.of(was), as: as(ROOT) }, soon())).toBe("done");
    expect([await shut.opens("root", to), await shut.opens("root", was)]).toEqual([true, false]);
    expect(await connector.probe(on(), at(), { name: "root" }, Secret.of(was), soon())).toBe("no");
    expect(await connector.change(on(), at(), { name: "root" }, { to: Secret.of(was), from: Secret.of(to), as: { name: "root", secret: Secret.of(to) } }, soon())).toBe("done");
  });
  test("without a certain password of the carrier nothing is sent; its own is changed by passwd, and its logins are left alone", async () => {
    const bare = { hostKeys: [shut.hostKey], sudo: false, su: PORTER.name }, to = fresh();
    expect(await connector.change(bare, at(), { name: "bystander" }, { to: Secret.of(to), as: as(ROOT) }, soon())).toMatchObject({ not_sent: "unreachable", why: expect.stringContaining("through porter") });
    expect(await connector.compare!(on(), at(), { name: "bystander" }, [Secret.of("x")], { name: "root", secret: Secret.of("Wrong-3-wrong") }, soon())).toMatchObject({ unknown: expect.stringMatching(/authentication failure/i), asRefused: true });
    expect(await connector.endLogins!(on(), at(), { name: PORTER.name }, as(ROOT), soon())).toMatchObject({ unknown: expect.stringContaining("not ended from here") });
    const itself = { to: Secret.of(to), from: Secret.of(PORTER.password), as: as(PORTER) };
    expect(await connector.change(on(), at(), { name: PORTER.name }, itself, soon())).toBe("done");
    expect([await shut.opens(PORTER.name, to), await shut.opens(PORTER.name, PORTER.password)]).toEqual([true, false]);
  });
});

describe("what only Linux has", () => {
  test("an account changes its own password by passwd's dialogue", async () => {
    const who = await account(), to = "Quite-Long-And-0dd!";
    expect(await connector.change(config(), link(), who, { from: Secret.of(who.password), to: Secret.of(to) }, soon())).toBe("done");
    expect(await host.opens(who.name, to)).toBe(true);
    expect(await connector.change(config(), link(), who, { from: Secret.of("Wrong-3"), to: Secret.of(to) }, soon())).toMatchObject({ not_sent: "auth_of_as" });
  });
  test("an account that is its own administrator and may not sudo sets its password by passwd too", async () => {
    const who = await account(), to = fresh(), by = { to: Secret.of(to), from: Secret.of(who.password), as: as(who) };
    expect(await connector.change({ ...config(), sudo: true }, link(), who, by, soon())).toBe("done");
    expect([await host.opens(who.name, to), await host.opens(who.name, who.password)]).toEqual([true, false]);
  });
  test("root changes itself, and no credential at all is refused", async () => {
    expect(await connector.change(config(), link(), ROOT, { from: Secret.of(ROOT.password), to: Secret.of(ROOT.password) }, soon())).toBe("done");
    expect(await host.opens("root", ROOT.password)).toBe(true);
    expect(await connector.change(config(), link(), ROOT, { to: Secret.of("x") }, soon())).toMatchObject({ refused: expect.stringMatching(/neither/) });
  });
  test("discovery: who is privileged and why, who can log in, when they last did; what a sudo administrator may not read is not told", async () => {
    const made: Named[] = [];
    for (let i = 0; i < 6; i++) made.push(await account());
    const [sudoer, docker, locked, late, key, off] = made as [Named, Named, Named, Named, Named, Named];
    await host.write("/etc/sudoers.d/some", `${sudoer.name} ALL=(root) NOPASSWD: /usr/bin/id\n`, 0o440);
    await inside(`groupadd -f docker; usermod -aG docker ${docker.name}; usermod -L ${locked.name}; chage -E 2001-02-03 ${late.name}; usermod -p '*' ${key.name}; usermod -s /usr/sbin/nologin ${off.name}; useradd -o -u 0 -g 0 -M toor`);
    const client = await connectSsh({ link: link(), username: docker.name, auth: { password: Secret.of(docker.password) }, hostKeys: config().hostKeys, timeoutMs: 10_000, signal: soon() });
    await exec(client, "true", { signal: soon(), timeoutMs: 5_000, pty: true });
    client.end();
    const list = async (by: Named) => {
      const found = await connector.discover!({ ...config(), sudo: by.name !== "root" }, link(), as(by), AbortSignal.timeout(60_000));
      if ("unknown" in found) throw new Error(found.unknown);
      return { found, of: (name: string) => { const f = found.find((x) => x.name === name); return f && [f.enabled, f.privileged, f.says.join("; ")]; } };
    };
    const root = await list(ROOT), sudo = await list(ADMIN);
    expect(["root", "toor", ...made.map((m) => m.name)].map(root.of)).toEqual([
      [true, true, "user id 0; group root; sudoers"], [true, true, "user id 0; group root; no password (a key may let in)"], [true, true, "sudoers"], [true, true, "group docker"],
      [false, false, "locked"], [false, false, "expired on 2001-02-03"], [true, false, "no password (a key may let in)"], [false, false, "no login shell"],
    ]);
    expect([sudoer, docker, off].map((m) => sudo.of(m.name))).toEqual([[true, null, ""], [true, true, "group docker"], [false, false, "no login shell"]]);
    const at = (name: string) => root.found.find((f) => f.name === name)?.lastLogin;
    expect(at(docker.name)).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(Math.abs(Date.now() - Date.parse(at(docker.name)!))).toBeLessThan(120_000);
    expect(at(off.name)).toBe(null);
    await inside("userdel -f toor; rm /etc/sudoers.d/some");
  });
  test("nologin and must-change accounts: the right password is a yes; locked ones are unknown to compare", async () => {
    const a = await account(), b = await account(), d = await account();
    await inside(`usermod -s /usr/sbin/nologin ${a.name}; chage -d 0 ${b.name}; usermod -L ${d.name}`);
    expect(await connector.probe(config(), link(), a, Secret.of(a.password), soon())).toBe("yes");
    expect(await connector.probe(config(), link(), b, Secret.of(b.password), soon())).toBe("yes");
    expect(await connector.compare?.(config(), link(), d, [Secret.of(d.password)], as(ROOT), soon())).toEqual({ unknown: "the account is locked on the target" });
    expect(await connector.compare?.(config(), link(), { name: "nosuch" }, [Secret.of("x")], as(ROOT), soon())).toEqual({ unknown: "the target knows no such account" });
  });
  /** A real login at the target, held open by a sleeping command. */
  const loggedIn = async (who: { name: string; password: string }): Promise<{ closing: Promise<string> }> => {
    const client = await connectSsh({ link: link(), username: who.name, auth: { password: Secret.of(who.password) }, hostKeys: config().hostKeys, timeoutMs: 10_000, signal: soon() });
    const over = new Promise<string>((resolve) => client.once("close", () => resolve("over")));
    void exec(client, "sleep 60", { signal: AbortSignal.timeout(60_000), timeoutMs: 60_000 }).catch(() => undefined);
    return { closing: over };
  };
  test("logins of the account end; its services, other accounts and root do not", async () => {
    const who = await account();
    await inside(`setsid su ${who.name} -c 'sleep 62' >/dev/null 2>&1 & setsid su bystander -c 'sleep 61' >/dev/null 2>&1 & sleep 0.3`);
    const over = await loggedIn(who);
    expect(await connector.endLogins?.(config(), link(), who, as(ADMIN), soon())).toMatchObject({ unknown: expect.stringMatching(/./) });
    expect(await connector.endLogins?.(config(), link(), who, as(ROOT), soon())).toEqual({ ended: 1 });
    expect(await over.closing).toBe("over");
    expect((await host.exec(`pgrep -u ${who.name} -f 'sleep 62'`)).code).toBe(0);
    expect((await host.exec("pgrep -u bystander")).code).toBe(0);
    expect(await connector.endLogins?.(config(), link(), { name: "root" }, as(ADMIN), soon())).toMatchObject({ unknown: expect.stringContaining("left alone") });
  });
  test("sudo with the optional line ends logins", async () => {
    const who = await account(), boss = await account();
    await host.write("/etc/sudoers.d/boss", `${boss.name} ALL=(root) PASSWD: /usr/bin/pkill -KILL -e -u * sshd\n`, 0o440);
    const over = await loggedIn(who);
    expect(await connector.endLogins?.(config(), link(), who, as(boss), soon())).toEqual({ ended: 1 });
    expect(await over.closing).toBe("over");
    expect(await connector.endLogins?.(config(), link(), who, as(boss), soon())).toEqual({ ended: 0 });
  });
  test("password files held by somebody else: not_sent and not the administrator's fault", async () => {
    const who = await account();
    await inside("perl -e 'open F, q(>), q(/etc/passwd.lock); print F 1; close F'");
    const r = await connector.change(config(), link(), who, { to: Secret.of(fresh()), as: as(ROOT) }, AbortSignal.timeout(20_000));
    await inside("rm -f /etc/passwd.lock");
    expect(r).toMatchObject({ not_sent: "unreachable", why: expect.stringMatching(/lock/) });
  });
  test("an administrator without the right, or not in sudoers: not_sent, in sudo's words", async () => {
    const who = await account(), powerless = await account();
    const r = await connector.change(config(), link(), who, { to: Secret.of(fresh()), as: as(powerless) }, soon());
    expect(r).toMatchObject({ not_sent: "auth_of_as", why: expect.stringMatching(/not allowed|not in the sudoers|may not run/) });
    expect(await host.opens(who.name, who.password)).toBe(true);
  });
  test("sudo that asks for no password works too", async () => {
    const free = await account(), who = await account(), to = fresh();
    await host.write("/etc/sudoers.d/free", `${free.name} ALL=(root) NOPASSWD: ${SUDOERS}\n`, 0o440);
    expect(await connector.change(config(), link(), who, { to: Secret.of(to), as: as(free) }, soon())).toBe("done");
    expect(await connector.compare?.(config(), link(), who, [Secret.of(to)], as(free), soon())).toEqual({ match: 0 });
  });
  test("law: hostile names and passwords change nobody but the account named", async () => {
    const who = await account(), only = async () => (await world(ROOT).everybody()).filter((l) => !l.startsWith(`${who.name}:`));
    const before = await only();
    const evil = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.constantFrom("x\nroot:pwned", "x\r\nbystander:y", "$(id)", "`id`", "';id;'", "-e", "\0", "a:b:c", "\\n", "%s", "!!"));
    const names = fc.oneof(fc.constant(who.name), evil, fc.constantFrom("root;", "-h", "--help", "bystander\n", "0", "root:x", "a b", "app1'"));
    let done = 0, calls = 0;
    await fc.assert(fc.asyncProperty(names, evil, async (name, password) => {
      calls++;
      fc.pre(name !== "root" && name !== "bystander");
      const r = await connector.change(config(), link(), { name }, { to: Secret.of(password), as: as(ROOT) }, soon());
      if (r === "done") { done++; expect(name).toBe(who.name); expect(await host.opens(name, password)).toBe(true); } else expect(r).toHaveProperty("refused");
    }), { numRuns: 200 });
    expect(done).toBeGreaterThan(20);
    expect(calls).toBeGreaterThanOrEqual(200);
    expect(await only()).toEqual(before);
  }, 120_000);
  test("law: after the host key changed: identity, until a person pins the new one", async () => {
    const who = await account(), old = config(), to = fresh();
    await host.changeHostKey();
    expect(await connector.change(old, link(), who, { to: Secret.of(to), as: as(ROOT) }, soon())).toMatchObject({ not_sent: "identity" });
    expect(await connector.probe(old, link(), who, Secret.of(who.password), soon())).toHaveProperty("unknown");
    expect(await connector.identity?.(link(), soon())).toBe(host.hostKey);
    expect(await connector.change(config(), link(), who, { to: Secret.of(to), as: as(ROOT) }, soon())).toBe("done");
  });
});
