/** What follows a change on a real host: files and services. Rule: what became of them is read inside the host, never through the connector; a file is whole at every moment. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Credential, Task } from "../../src/connectors/connector.ts";
import { linuxSsh } from "../../src/connectors/linux-ssh.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { directLink } from "../../src/links/direct.ts";
import { linuxHost, type LinuxHost } from "../lab/host.ts";
import { cutAt } from "./linux-follow-cuts.ts";
import { serviceSetup } from "../lab/service.ts";

const ROOT = "Root-Pw-1!x9Qz", ADMIN = "Admin-Pw-1!x9Qz", PW = "Fresh-Pw:1'\\&\"x%9Qz";
/** As docs/dependents.md has them, for one file and one service. */
const SUDOERS = ["/usr/sbin/service app restart", "/usr/sbin/service app status", "/usr/bin/stat -c %u\\:%a\\:%F\\:%n -- / /etc /etc/app /etc/app/app.conf", "/usr/bin/cat -- /etc/app/app.conf",
  "/usr/bin/cp -a -- /etc/app/app.conf /etc/app/app.conf.lockstep", "/usr/bin/dd of\\=/etc/app/app.conf.lockstep conv\\=fsync status\\=none", "/usr/bin/sha256sum -- /etc/app/app.conf",
  "/usr/bin/sha256sum -- /etc/app/app.conf.lockstep", "/usr/bin/mv -f -- /etc/app/app.conf.lockstep /etc/app/app.conf", "/usr/bin/rm -f -- /etc/app/app.conf.lockstep"].join(", ");
const CONF = "# the app\n[db]\n  password = Old-Pw-1\nother = é ü\n";
let host: LinuxHost;
const { follower } = linuxSsh(systemRandom);
beforeAll(async () => {
  host = await linuxHost({
    name: "web-1", rootPassword: ROOT, accounts: { app1: "App1-Pw-1!x9Qz" }, sudoAdmin: { name: "admin1", password: ADMIN, commands: SUDOERS },
    setup: `mkdir -p /etc/app /srv/open; chmod 777 /srv/open; groupadd -f appgrp; ${serviceSetup({ name: "app", check: "grep -q 'password = ' /etc/app/app.conf" })}`,
  });
}, 120_000);
afterAll(() => host?.destroy());

const as = (name = "root"): Credential => ({ name, secret: Secret.of(name === "root" ? ROOT : ADMIN) });
const settings = () => ({ hostKeys: [host.hostKey], sudo: false, su: "" });
const at = (port = host.port) => directLink({ host: host.host, port });
const rewrite = (over: Partial<Extract<Task, { does: "rewrite" }>> = {}): Task => ({ does: "rewrite", path: "/etc/app/app.conf", line: "password = {{password}}", form: "plain", ...over });
const service = (action: "restart" | "reload" | "stop" | "start", unit = "app"): Task => ({ does: "service", unit, action });
const go = (task: Task, who = as(), port = host.port, secret: string | null = PW) => follower!.run(settings(), at(port), task, secret === null ? null : Secret.of(secret), who, AbortSignal.timeout(30_000));
const look = (task: Task, who = as()) => follower!.rehearse(settings(), at(), task, who, AbortSignal.timeout(30_000));
const lay = async (text = CONF, path = "/etc/app/app.conf"): Promise<void> => { await host.exec(`rm -rf ${path}`); await host.write(path, text, 0o640); await host.exec(`chown app1:appgrp ${path}`); };
const read = async (path = "/etc/app/app.conf"): Promise<string> => (await host.exec(`cat ${path}`)).stdout;
const CHANGED = CONF.replace("Old-Pw-1", PW);

describe.each(["root", "admin1"])("a file, by %s", (who) => {
  test("holds the new password, everything else of it as it was: text, owner, group, mode, folder; and doing it again writes nothing", async () => {
    await lay();
    expect(await look(rewrite(), as(who))).toMatchObject({ ok: true, identity: `ssh-ed25519 ${host.fingerprint}` });
    expect(await read()).toBe(CONF);
    expect(await go(rewrite(), as(who))).toBe("done");
    expect([await read(), (await host.exec("stat -c %U:%G:%a /etc/app/app.conf; ls -A /etc/app")).stdout]).toEqual([CHANGED, "app1:appgrp:640\napp.conf\n"]);
    const inode = (await host.exec("stat -c %i:%y /etc/app/app.conf")).stdout;
    expect(await go(rewrite(), as(who))).toBe("done");
    expect((await host.exec("stat -c %i:%y /etc/app/app.conf")).stdout).toBe(inode);
  });
  test("a service is restarted, and asked whether it runs", async () => {
    await lay();
    const before = (await host.exec("wc -l < /var/log/app.log")).stdout;
    expect([await look(service("restart"), as(who)), await go(service("restart"), as(who), host.port, null)]).toEqual([expect.objectContaining({ ok: true }), "done"]);
    expect(Number((await host.exec("wc -l < /var/log/app.log")).stdout)).toBe(Number(before) + 1);
    expect((await host.exec("service app status")).code).toBe(0);
  });
});

test("exactly these sudoers lines suffice: another file, another service and another verb are refused in sudo's words, and nothing is touched", async () => {
  await host.write("/etc/app/other.conf", CONF);
  for (const task of [rewrite({ path: "/etc/app/other.conf" }), service("stop"), service("restart", "other")])
    expect(await go(task, as("admin1"))).toEqual({ refused: expect.stringMatching(/^admin1 may not run \/usr\/.*not allowed|^admin1 may not run/) as string });
  expect(await read("/etc/app/other.conf")).toBe(CONF);
  expect((await host.exec("service app status")).code).toBe(0);
});

test("a wrong administrator, a wrong key and a closed port say so, and nothing left us", async () => {
  await lay();
  expect(await go(rewrite(), { name: "root", secret: Secret.of("wrong") })).toMatchObject({ not_sent: "auth_of_as" });
  expect(await follower!.run({ ...settings(), hostKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE9aXyQyYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJi"] }, at(), rewrite(), Secret.of(PW), as(), AbortSignal.timeout(30_000))).toMatchObject({ not_sent: "identity" });
  expect(await go(rewrite(), as(), 1)).toMatchObject({ not_sent: "unreachable" });
  expect(await read()).toBe(CONF);
});

test("what is no plain file of root's own folders is left alone, and it says why", async () => {
  await host.exec("mkdir -p /etc/app/dir; ln -sf /etc/shadow /etc/app/link.conf; chown app1 /srv; : > /etc/app/empty.conf");
  await host.write("/srv/open/app.conf", CONF);
  const shadow = await host.exec("sha256sum /etc/shadow");
  for (const [path, why] of [["/etc/app/dir", /is a directory, not a file/], ["/etc/app/link.conf", /is a symbolic link, not a file/], ["/srv/open/app.conf", /others than root may change \/srv/],
    ["/etc/app/none.conf", /[Nn]o such file/], ["/etc/app/empty.conf", /no line of the file looks like/]] as const)
    expect(await go(rewrite({ path })), path).toEqual({ refused: expect.stringMatching(why) as string });
  await host.exec("chown root /srv");
  expect(await go(rewrite({ path: "/srv/open/app.conf" }))).toEqual({ refused: "others than root may change /srv/open, and could lead the password elsewhere" });
  for (const path of ["/etc/app/../shadow", "/etc/app/a b", "/etc/$(id)", "relative"]) expect(await go(rewrite({ path })), path).toEqual({ refused: "this is not a path we name to a shell" });
  expect(await go(service("restart", "a;id"))).toEqual({ refused: "this is not the name of a service" });
  await host.exec("printf 'password = \\377\\n' > /etc/app/bytes.conf");
  expect(await go(rewrite({ path: "/etc/app/bytes.conf" }))).toEqual({ refused: "/etc/app/bytes.conf is not text in UTF-8" });
  expect((await host.exec("sha256sum /etc/shadow")).stdout).toBe(shadow.stdout);
});

test("cut on the way the file is the old one or the new one, whole; and the next try ends it", async () => {
  expect([...await cutAt(host, ROOT, [2, 14, 19], 21)]).toContain("not_sent");
}, 60_000);

test("stopped, started, reloaded; one that does not come up has failed; one nobody knows is told by the look alone", async () => {
  await lay();
  expect([await go(service("stop")), (await host.exec("service app status")).code === 0]).toEqual(["done", false]);
  expect([await go(service("stop")), await go(service("start")), await go(service("start")), await go(service("reload"))]).toEqual(["done", "done", "done", "done"]);
  await host.write("/etc/app/app.conf", "nothing\n");
  expect(await go(service("restart"))).toEqual({ refused: expect.stringMatching(/^service app restart ended with 1: app did not come up/) as string });
  expect(await look(service("restart", "nothing-like-it"))).toMatchObject({ ok: false, why: "there is no service nothing-like-it" });
});

test("no secret is in the command lines of the host, nor in its logs", async () => {
  await lay();
  await host.exec("printf '#!/bin/sh\\nwhile :; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; done' > /tmp/spy; chmod 755 /tmp/spy; (/tmp/spy > /tmp/seen 2>/dev/null & echo $! > /tmp/spy.pid)");
  expect([await go(rewrite(), as("admin1")), await go(rewrite({ form: "url" }))]).toEqual(["done", "done"]);
  const seen = await host.exec("kill $(cat /tmp/spy.pid); grep -c -a -F -f - /tmp/seen; grep -c -a app.conf.lockstep /tmp/seen", `Fresh-Pw\n${ADMIN}\n${ROOT}\n`);
  expect(seen.stdout.split("\n").slice(0, 2).map(Number)).toEqual([0, expect.any(Number)]);
  expect(Number(seen.stdout.split("\n")[1]), "the spy did see the commands").toBeGreaterThan(0);
  for (const secret of ["Fresh-Pw", ADMIN, ROOT]) expect(host.log()).not.toContain(secret);
});
