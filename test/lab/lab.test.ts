/** The lab proves itself: what later tests rely on. Rule: each promise of a host is checked from outside it, with Debian's own ssh. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linuxHost } from "./host.ts";
import type { LinuxHost } from "./host.ts";
import { banner, listener } from "./look.ts";
import { sharingNamespace } from "./processes.ts";
import { BARE_ENV, must, run } from "./run.ts";
import type { Outcome } from "./run.ts";
import { scratch } from "./scratch.ts";

const PW = { root: "Root-Pw-1!x9Qz", app1: "App1-Pw-1!x9Qz", admin: "Admin-Pw-1!x9Qz", fresh: "Fresh:ü-Pw-2!x9Qz" };
const OWN = ["passwd", "shadow", "group", "hosts", "hostname", "ssh/sshd_config", "pam.d/common-auth", "sudoers"].map((name) => `/etc/${name}`);

const digest = (): string => OWN.map((path) => existsSync(path) ? createHash("sha256").update(readFileSync(path)).digest("hex") : "-").join();
const mounts = (): string => readFileSync("/proc/self/mountinfo", "utf8");

const own = await scratch("keys", false);
const before = { files: digest(), mounts: mounts() };
const made: LinuxHost[] = [];
const up = async (...options: Parameters<typeof linuxHost>): Promise<LinuxHost> => {
  const host = await linuxHost(...options);
  made.push(host);
  return host;
};

let web: LinuxHost, strict: LinuxHost, took: number[];
beforeAll(async () => {
  await must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(own, "id")]);
  const marks = [performance.now()];
  web = await up({
    name: "lab-web", rootPassword: PW.root, accounts: { app1: PW.app1 }, sudoAdmin: { name: "admin1", password: PW.admin },
    authorizedKey: readFileSync(join(own, "id.pub"), "utf8"), setup: "echo ready > /etc/lab-setup-ran\n",
  });
  marks.push(performance.now());
  strict = await up({ name: "lab-strict", accounts: { app1: "weak" }, enforcePolicy: true, extraSshd: "MaxAuthTries 2\n", fastFail: false });
  marks.push(performance.now());
  took = marks.slice(1).map((mark, i) => mark - (marks[i] ?? 0));
}, 120_000);
afterAll(async () => {
  for (const host of made) await host.destroy();
  rmSync(own, { recursive: true, force: true });
});

/** Pinned to the key the handle names: a login proves the host key as well. The environment is fit for a lab's passwords only. */
const ssh = (host: LinuxHost, user: string, password: string | undefined, command: string, stdin = ""): Promise<Outcome> => {
  const known = join(own, `known-${host.name}`);
  writeFileSync(known, `[127.0.0.1]:${String(host.port)} ${host.hostKey}\n`);
  const options = ["StrictHostKeyChecking=yes", `UserKnownHostsFile=${known}`, "NumberOfPasswordPrompts=1", "ConnectTimeout=5"];
  const auth = password === undefined ? ["-i", join(own, "id"), "-o", "BatchMode=yes"] : ["-o", "PreferredAuthentications=password"];
  const args = ["-F", "none", "-p", String(host.port), ...options.flatMap((o) => ["-o", o]), ...auth, `${user}@127.0.0.1`, command];
  return password === undefined
    ? run("ssh", args, { stdin })
    : run("sshpass", ["-e", "ssh", ...args], { stdin, env: { ...BARE_ENV, SSHPASS: password } });
};

describe("a Linux host", () => {
  test("is up within two seconds, at least once in five on a busy machine", async () => {
    for (let more = 3; Math.min(...took) >= 2_000 && more > 0; more -= 1) {
      const begun = performance.now();
      await using another = await linuxHost({ name: "lab-timed" });
      took.push(performance.now() - begun);
      expect(another.port).toBeGreaterThan(0);
    }
    expect(Math.min(...took)).toBeLessThan(2_000);
  });

  test("lets a right password in, by real ssh against the pinned host key, under its own name", async () => {
    const out = await ssh(web, "app1", PW.app1, "id -un; hostname");
    expect(out).toMatchObject({ code: 0, stdout: "app1\nlab-web\n" });
    expect((await ssh(web, "root", undefined, "id -u")).stdout).toBe("0\n");
    expect((await ssh(web, "root", PW.root, "cat /etc/lab-setup-ran")).stdout).toBe("ready\n");
  });

  test("refuses a wrong password, quickly unless asked not to", async () => {
    const begun = performance.now(), quick = await ssh(web, "app1", "wrong", "true");
    expect(performance.now() - begun).toBeLessThan(1_500);
    expect(quick.stderr).toContain("Permission denied");
    const again = performance.now(), slow = await ssh(strict, "app1", "wrong", "true");
    expect(performance.now() - again).toBeGreaterThan(1_400);
    expect(slow.stderr).toContain("Permission denied");
  });

  test("changes a password through sudo, and its disk says so independently of sshd", async () => {
    const old = await web.shadow("app1");
    expect(old).toMatch(/^\$y\$/);
    expect([await web.opens("app1", PW.app1), await web.opens("app1", PW.fresh)]).toEqual([true, false]);
    const out = await ssh(web, "admin1", PW.admin, "sudo -k -S -p '' /usr/sbin/chpasswd", `${PW.admin}\napp1:${PW.fresh}\n`);
    expect(out).toMatchObject({ code: 0 });
    expect(await web.shadow("app1")).not.toBe(old);
    expect([await web.opens("app1", PW.app1), await web.opens("app1", PW.fresh)]).toEqual([false, true]);
    expect((await ssh(web, "app1", PW.fresh, "true")).code).toBe(0);
    const other = await ssh(web, "admin1", PW.admin, "sudo -k -S -p '' /usr/bin/id", `${PW.admin}\n`);
    expect(other.stderr).toContain("not allowed to execute");
  });

  test("reads $6$ hashes, locked and unknown accounts for what they are", async () => {
    const hash = (await must("openssl", ["passwd", "-6", "-stdin"], { stdin: `${PW.app1}\n` })).trim();
    expect((await web.exec("useradd sha && chpasswd -e && useradd shut", `sha:${hash}\n`)).code).toBe(0);
    expect([await web.shadow("sha"), await web.opens("sha", PW.app1), await web.opens("sha", "x")]).toEqual([hash, true, false]);
    expect([await web.shadow("shut"), await web.opens("shut", "!")]).toEqual(["!", false]);
    await expect(web.opens("nobody-here", "x")).rejects.toThrow("There is no account nobody-here.");
  });

  test("under its policy refuses a weak password even to root", async () => {
    expect(await strict.opens("app1", "weak")).toBe(true);
    const weak = await strict.exec("chpasswd", "app1:abc\n");
    expect(weak.code).toBe(1);
    expect(weak.stderr).toContain("BAD PASSWORD");
    expect((await strict.exec("chpasswd", "app1:Gr4vel-Harbour-77\n")).code).toBe(0);
    expect((await strict.exec("sshd -T | grep -i maxauthtries")).stdout).toBe("maxauthtries 2\n");
  });

  test("takes files, exact to the byte and mode", async () => {
    await web.write("/opt/a dir/it's.txt", "ü\n'$x'", 0o640);
    expect((await web.exec("cat '/opt/a dir/'*; stat -c %a '/opt/a dir/'*")).stdout).toBe("ü\n'$x'640\n");
    expect(existsSync("/opt/a dir")).toBe(false);
  });

  test("falls silent when frozen and answers when thawed", async () => {
    web.freeze();
    expect(await banner(web.port, 400)).toBe("silence");
    web.thaw();
    expect(await banner(web.port, 3_000)).toMatch(/^SSH-2\.0-OpenSSH/);
  });

  test("keeps its accounts and key over stop and start", async () => {
    const key = web.hostKey;
    await web.stop();
    expect(await banner(web.port, 1_000)).toBe("ECONNREFUSED");
    expect(await web.opens("app1", PW.fresh)).toBe(true);
    await web.start();
    expect(web.hostKey).toBe(key);
    expect((await ssh(web, "app1", PW.fresh, "true")).code).toBe(0);
  });

  test("has a host key of its own, and another one when told", async () => {
    const old = web.hostKey;
    expect(old).not.toBe(strict.hostKey);
    const line = await must("ssh-keygen", ["-lf", "-"], { stdin: `${old}\n` });
    expect(line).toContain(web.fingerprint);
    await web.changeHostKey();
    expect(web.hostKey).not.toBe(old);
    expect((await ssh(web, "app1", PW.fresh, "true")).code).toBe(0);
    const pinned = { ...web, hostKey: old } as LinuxHost;
    expect((await ssh(pinned, "app1", PW.fresh, "true")).stderr).toContain("Host key verification failed");
  });

  test("law: no password stands on its disk, in an argv or in an environment", async () => {
    for (const secret of Object.values(PW)) {
      const found = await run("grep", ["-rlF", "-f", "-", join(web.dir, "u"), join(web.dir, "log"), join(web.dir, "init")], { stdin: `${secret}\n` });
      expect(found).toMatchObject({ code: 1, stdout: "" });
    }
    const inside = sharingNamespace(await listener(web.port));
    expect(inside.length).toBeGreaterThan(0);
    const shown = inside.flatMap((pid) => ["cmdline", "environ"].map((part) => readFileSync(`/proc/${String(pid)}/${part}`, "utf8"))).join();
    expect(shown).toContain("sshd");
    expect(shown).not.toContain("Pw-");
  });

  test("law: the machine below is untouched", () => {
    expect(digest()).toBe(before.files);
    expect(mounts()).toBe(before.mounts);
  });

  test("law: listens on 127.0.0.1 only", async () => {
    const { stdout } = await run("ss", ["-Hltn", `sport = :${String(web.port)}`]);
    expect(stdout.trim().split("\n").map((line) => line.split(/\s+/)[3])).toEqual([`127.0.0.1:${String(web.port)}`]);
  });
});

test("a host raised again over a given directory keeps its accounts and key, on a new port", async () => {
  const dir = join(await scratch("disk", true), "m"), first = await up({ name: "lab-disk", dir, accounts: { app1: PW.app1 } });
  const { port, hostKey } = first;
  await first.stop();
  const second = await up({ name: "lab-disk", dir, accounts: { app1: "is-ignored-now" } });
  expect(second.port).not.toBe(port);
  expect(second.hostKey).toBe(hostKey);
  expect((await ssh(second, "app1", PW.app1, "true")).code).toBe(0);
  await second.destroy();
  expect(existsSync(dir)).toBe(false);
  rmSync(join(dir, ".."), { recursive: true, force: true });
});
