/** The clients people come with, each the real program against the real proxy and a real sshd. Rule: no option of a client but the address, the key and where its known hosts lie. */
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { coverageOf } from "../../src/domain/ledger.ts";
import { ALGORITHMS } from "../../src/wires/ssh.ts";
import { ssh2 } from "../../src/wires/ssh-tuned.ts";
import { CLIENT_PACKAGES, needs } from "../lab/needs.ts";
import type { Lab, Said } from "./ssh-lab.ts";
import { collect, eventually, sshLab } from "./ssh-lab.ts";

let lab: Lab;
beforeAll(async () => {
  await needs({ debian: CLIENT_PACKAGES, root: true }, "The test of stock clients");
  lab = await sshLab({ sshd: "MaxSessions 100\n" });
  lab.broker.terms = { ...lab.broker.terms, channels: ["shell", "exec", "sftp", "scp"], record: "head" };
}, 300_000);
afterAll(async () => { await lab?.[Symbol.asyncDispose](); });

const USER = "requester@app1@web-1", here = (name: string): string => join(lab.dir, name);
const sha = (b: Buffer): string => createHash("sha256").update(b).digest("hex");
const run = (program: string, args: readonly string[], o: { env?: Record<string, string>; stdin?: Buffer | string; cwd?: string } = {}): Promise<Said> => {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], cwd: o.cwd ?? lab.dir, env: { PATH: process.env["PATH"] ?? "", HOME: lab.dir, LC_ALL: "C.UTF-8", ...o.env } });
  child.stdin.on("error", () => undefined).end(o.stdin ?? "");
  return collect(child);
};
/** The ssh command other programs start. */
const remoteShell = (): string => `ssh ${lab.argv().slice(0, -1).join(" ")}`;
const scored = async (): Promise<number> => coverageOf((await lab.ended()).ended!.ledger).score;

describe("programs over ssh", () => {
  test("rsync: there, changed, back with --delete", async () => {
    mkdirSync(here("r/sub"), { recursive: true });
    const data = randomBytes(2 << 20);
    writeFileSync(here("r/sub/f"), data);
    writeFileSync(here("r/old"), "old");
    const rsync = (...args: string[]): Promise<Said> => run("rsync", ["-a", "-e", remoteShell(), ...args]);
    expect(await rsync(`${here("r")}/`, `${USER}@127.0.0.1:r/`)).toMatchObject({ code: 0, stderr: "" });
    data[5] = 1;
    writeFileSync(here("r/sub/f"), data);
    execFileSync("rm", [here("r/old")]);
    expect((await rsync("--checksum", "--delete", `${here("r")}/`, `${USER}@127.0.0.1:r/`)).code).toBe(0);
    expect((await rsync(`${USER}@127.0.0.1:r/`, `${here("back")}/`)).code).toBe(0);
    expect(sha(readFileSync(here("back/sub/f")))).toBe(sha(data));
    expect((await lab.host.exec("ls /home/app1/r")).stdout).toBe("sub\n");
    expect(await scored()).toBe(1);
  });
  test("git: clone, push, fetch", async () => {
    await lab.host.exec("su app1 -c 'git init -q --bare -b main /home/app1/p.git'");
    const env = { GIT_SSH_COMMAND: remoteShell(), GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@example", GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@example" };
    const git = async (cwd: string, ...args: string[]): Promise<string> => { const s = await run("git", args, { env, cwd }); expect([args, s.code, s.stderr.includes("fatal")]).toEqual([args, 0, false]); return s.stdout.toString(); };
    const url = `${USER}@127.0.0.1:p.git`;
    await git(lab.dir, "clone", "-q", url, "one");
    writeFileSync(here("one/big"), randomBytes(3 << 20));
    await git(here("one"), "add", ".");
    await git(here("one"), "commit", "-qm", "first");
    await git(here("one"), "push", "-q", "origin", "HEAD:main");
    await git(lab.dir, "clone", "-q", "-b", "main", url, "two");
    expect(await git(here("two"), "rev-parse", "HEAD")).toBe(await git(here("one"), "rev-parse", "HEAD"));
    expect((await lab.ended()).events.find((e) => e.kind === "channel_opened")).toMatchObject({ type: "exec", command: "git-upload-pack 'p.git'" });
  });
  test("ansible: raw, ping, copy (by sftp and by scp)", async () => {
    writeFileSync(here("hosts"), `web ansible_host=127.0.0.1 ansible_port=${lab.proxy.port} ansible_user=${USER} ansible_python_interpreter=/usr/bin/python3\n`);
    writeFileSync(here("for-ansible"), "copied by ansible\n");
    const common = lab.argv().slice(0, -1).filter((a, i, all) => a !== "-p" && all[i - 1] !== "-p").join(" ");
    const ansible = (module: string, args: string, transfer: string): Promise<Said> => run("ansible", ["web", "-i", here("hosts"), "-m", module, "-a", args],
      { env: { ANSIBLE_SSH_ARGS: `${common} -o ControlMaster=auto -o ControlPersist=20s -o ControlPath=${here("cm-%C")}`, ANSIBLE_SSH_TRANSFER_METHOD: transfer, ANSIBLE_LOCAL_TEMP: here("tmp"), ANSIBLE_REMOTE_TMP: "/home/app1/.ansible/tmp", ANSIBLE_NOCOLOR: "1" } });
    // Without ANSIBLE_REMOTE_TMP ansible asks for `~<user name>`, which is not the account's name here; over scp nobody expands it.
    const raw = await ansible("raw", "echo from $(id -un)", "sftp");
    expect([raw.code, raw.stdout.toString()]).toEqual([0, expect.stringContaining("from app1")]);
    for (const transfer of ["sftp", "scp"]) {
      const copied = await ansible("copy", `src=${here("for-ansible")} dest=/home/app1/by-${transfer}`, transfer);
      expect([transfer, copied.code, copied.stdout.toString()]).toEqual([transfer, 0, expect.stringContaining("\"changed\": true")]);
      expect((await lab.host.exec(`cat /home/app1/by-${transfer}`)).stdout).toBe("copied by ansible\n");
    }
  }, 180_000);
});

describe("other clients", () => {
  const hostKey = (): string => execFileSync("ssh-keygen", ["-lf", here("proxy_key.pub")]).toString().split(" ")[1] ?? "";
  test("plink and pscp (PuTTY)", async () => {
    execFileSync("puttygen", [here("person_key"), "-o", here("person.ppk"), "-O", "private"], { env: { PATH: process.env["PATH"] ?? "", HOME: lab.dir } });
    const common = ["-batch", "-P", String(lab.proxy.port), "-l", USER, "-i", here("person.ppk"), "-hostkey", hostKey()];
    const said = await run("plink", [...common, "-ssh", "127.0.0.1", "cat; echo err >&2; exit 3"], { stdin: "by plink\n" });
    expect([said.code, said.stdout.toString(), said.stderr]).toEqual([3, "by plink\n", "err\n"]);
    const data = randomBytes(700_000);
    writeFileSync(here("p.bin"), data);
    for (const way of ["-sftp", "-scp"]) {
      expect(await run("pscp", [way, "-q", ...common, here("p.bin"), `127.0.0.1:p${way}`])).toMatchObject({ code: 0 });
      expect((await run("pscp", [way, "-q", ...common, `127.0.0.1:p${way}`, here(`p.back${way}`)])).code).toBe(0);
      expect(sha(readFileSync(here(`p.back${way}`)))).toBe(sha(data));
    }
  });
  const dropbear = (port: number, ...more: string[]): string[] => {
    mkdirSync(here(".ssh"), { recursive: true, mode: 0o700 });
    // Neither a port nor a comment: dropbear reads it as part of the key.
    writeFileSync(here(".ssh/known_hosts"), `127.0.0.1 ${readFileSync(here("proxy_key.pub"), "utf8").split(" ").slice(0, 2).join(" ")}\n`);
    execFileSync("dropbearconvert", ["openssh", "dropbear", here("person_key"), here("person.db")], { stdio: "ignore" });
    return ["-p", String(port), "-l", USER, "-i", here("person.db"), ...more];
  };
  test("dbclient (dropbear), which sends its first key exchange packet on a guess", async () => {
    const said = await run("dbclient", dropbear(lab.proxy.port, "127.0.0.1", "cat; echo err >&2; exit 3"), { stdin: "by dbclient\n" });
    expect([said.code, said.stdout.toString(), said.stderr]).toEqual([3, "by dbclient\n", "err\n"]);
    const inTerminal = `dbclient ${dropbear(lab.proxy.port, "-t", "127.0.0.1").join(" ")}`;
    const shell = await run("script", ["-qec", inTerminal, "/dev/null"], { stdin: "tty; exit 4\n" });
    expect([shell.code, shell.stdout.toString()]).toEqual([4, expect.stringContaining("/dev/pts/")]);
    const data = randomBytes(3 << 20);
    writeFileSync(here("db.bin"), data);
    expect((await run("dbclient", dropbear(lab.proxy.port, "127.0.0.1", "cat > db.bin"), { stdin: data })).code).toBe(0);
    expect(sha((await run("dbclient", dropbear(lab.proxy.port, "127.0.0.1", "cat db.bin"))).stdout)).toBe(sha(data));
    expect(await scored()).toBe(1);
  });
  test("a wrong guess is dropped and the right packet after it taken", async () => {
    // The same two algorithms, the other first: by the standard, a guess of dbclient's own first one is wrong.
    const kex = [...ALGORITHMS.server.kex].reverse(), hostKeys = [readFileSync(here("proxy_key"), "utf8")], names: string[] = [];
    const server = new ssh2.Server({ hostKeys, algorithms: { ...ALGORITHMS.server, kex } }, (c) => {
      c.on("error", () => undefined).on("handshake", (n) => names.push(n.kex)).on("authentication", (a) => { a.accept(); });
      c.on("session", (accept) => accept().on("exec", (ok) => { const channel = ok(); channel.exit(5); channel.end(); }));
    });
    await new Promise<void>((up) => { server.listen(0, "127.0.0.1", up); });
    const said = await run("dbclient", dropbear((server.address() as AddressInfo).port, "127.0.0.1", "x"));
    server.close();
    expect([said.code, names]).toEqual([5, ["curve25519-sha256"]]);
  });
});

describe("the person's own terminal", () => {
  test("its settings reach the target: control characters, flags, one that ssh2 has no name for", async () => {
    const command = `stty erase ^H intr ^X -ixon iutf8; ssh ${lab.argv(["-tt"]).join(" ")} 'stty -a'`;
    const { stdout } = await run("script", ["-qec", command, "/dev/null"]), told = stdout.toString();
    for (const what of ["erase = ^H", "intr = ^X", " -ixon", " iutf8"]) expect(told).toContain(what);
  });
});

describe("what commands are made of", () => {
  test("bytes that are no UTF-8 reach the target as they are, in a command, in its output and in a file's name; logs write them out", async () => {
    const name = Buffer.from("caf\xe9", "latin1"), command = Buffer.concat([Buffer.from("printf '<"), name, Buffer.from(">' | tee '/home/app1/"), name, Buffer.from("'; printf '\\377\\000\\201'")]);
    // Node hands arguments over as UTF-8; the shell makes the byte.
    const script = `exec ssh ${lab.argv().join(" ")} "$(cat ${here("command")})"`;
    writeFileSync(here("command"), command);
    const said = await run("bash", ["-c", script], { env: { LC_ALL: "C" } }), session = await lab.ended();
    expect(said.stdout.equals(Buffer.concat([Buffer.from("<"), name, Buffer.from(">\xff\x00\x81", "latin1")]))).toBe(true);
    expect((await lab.host.exec("ls /home/app1 | grep -a caf | od -An -tx1")).stdout.replace(/\s+/g, " ").trim()).toBe("63 61 66 e9 0a");
    expect(session.events.find((e) => e.kind === "channel_opened")).toMatchObject({ command: expect.stringContaining("printf '<caf\\xe9>'") });
  });
  test("64 MiB there and back by exec and sftp, equal", async () => {
    const data = randomBytes(64 << 20);
    writeFileSync(here("m.bin"), data);
    const back = createHash("sha256"), child = lab.start("cat > m.exec; cat m.exec");
    createReadStream(here("m.bin")).pipe(child.stdin!);
    child.stdout!.on("data", (d: Buffer) => back.update(d));
    expect(await new Promise((done) => child.on("close", done))).toBe(0);
    expect([back.digest("hex"), await scored()]).toEqual([sha(data), 1]);
    const sftp = await run("sftp", [...lab.argv().slice(0, -1).map((a) => (a === "-p" ? "-P" : a)), "-b", "-", `${USER}@127.0.0.1`], { stdin: `put ${here("m.bin")} m.sftp\nget m.sftp ${here("m.back")}\n` });
    expect([sftp.code, sha(readFileSync(here("m.back"))), (await lab.host.exec("sha256sum /home/app1/m.sftp | cut -c1-64")).stdout.trim()]).toEqual([0, sha(data), sha(data)]);
    expect((await lab.ended()).events.filter((e) => e.kind === "file").map((e) => e.writtenSha256 ?? e.readSha256)).toEqual([sha(data), sha(data)]);
  });
  test("ssh -N alone: kept for others to share, and let go with a sentence when nobody came", async () => {
    await using quick = await sshLab({ timescale: 0.006 });
    const said = await quick.ssh(undefined, { options: ["-N"] });
    expect([said.code, said.stderr]).toEqual([255, expect.stringContaining("lockstep: Nothing was asked for in this connection (-N opens no session by itself), so it was closed.")]);
    expect(said.ms).toBeGreaterThan(4_000);
    expect(quick.broker.sessions).toEqual([]);
  });
});

describe("64 channels in one connection", () => {
  test("by ControlMaster", async () => {
    const path = here("mux"), master = lab.start(undefined, { options: ["-M", "-N", "-S", path] }), before = lab.broker.sessions.length;
    await eventually(() => { try { execFileSync("ssh", ["-S", path, "-O", "check", "x"], { stdio: "ignore" }); return true; } catch { return false; } });
    const all = await Promise.all(Array.from({ length: 64 }, (_, i) => lab.ssh(`echo ${i}; read x; exit ${i}`, { options: ["-S", path], stdin: Buffer.from("go\n") })));
    expect(all.map((s) => [s.code, s.stdout.toString()])).toEqual(Array.from({ length: 64 }, (_, i) => [i, `${i}\n`]));
    master.kill();
    expect(lab.broker.sessions.length).toBe(before + 1);
    expect((await lab.ended()).ended!.ledger.channels).toHaveLength(64);
  });
  test("by one raw client, all open at the same time; the 65th is refused and the others go on", async () => {
    const client = new ssh2.Client();
    await new Promise<void>((done, fail) => client.on("ready", () => done()).on("error", fail).connect({ host: "127.0.0.1", port: lab.proxy.port, username: USER, privateKey: readFileSync(here("person_key")) }));
    const open = (): Promise<import("ssh2").ClientChannel> => new Promise((done, fail) => client.exec("echo up; exec cat", (error, channel) => { if (error) fail(error); else channel.once("data", () => done(channel)); }));
    const channels = await Promise.all(Array.from({ length: 64 }, open));
    await expect(open()).rejects.toThrow(/Channel open failure/);
    const echoes = await Promise.all(channels.map((c, i) => new Promise<string>((done) => { c.once("data", (d: Buffer) => done(d.toString())); c.write(`n${i}\n`); })));
    expect(echoes).toEqual(Array.from({ length: 64 }, (_, i) => `n${i}\n`));
    client.end();
    expect((await lab.ended()).ended!.ledger.channels.map((c) => c.in.bytes).reduce((a, b) => a + b)).toBe(echoes.join("").length);
  });
});
