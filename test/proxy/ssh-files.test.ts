/** Files by the stock sftp and scp through the proxy to a real sshd. Rule: what arrived is compared on the target's own disk; what was told is compared with it. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { SessionEvent, Terms } from "../../proxy/channel.ts";
import { coverageOf } from "../../src/domain/ledger.ts";
import { toAsciicast } from "../../src/recordings/asciicast.ts";
import type { FakeSession } from "./fake-broker.ts";
import type { Lab, Said } from "./ssh-lab.ts";
import { collect, eventually, sshLab } from "./ssh-lab.ts";

let lab: Lab, usual: Terms;
beforeAll(async () => {
  lab = await sshLab({});
  usual = lab.broker.terms = { ...lab.broker.terms, channels: ["shell", "exec", "sftp", "scp"], record: "head" };
});
afterAll(async () => { await lab?.[Symbol.asyncDispose](); });
afterEach(() => { lab.broker.terms = usual; });

const sha = (b: Buffer): string => createHash("sha256").update(b).digest("hex");
const here = (name: string): string => join(lab.dir, name);
/** sftp and scp name the port by -P. */
const argv = (...more: string[]): string[] => lab.argv(more).slice(0, -1).map((a) => (a === "-p" ? "-P" : a));
const run = (program: string, args: readonly string[], stdin = ""): Promise<Said> => {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], cwd: lab.dir });
  child.stdin.on("error", () => undefined).end(stdin);
  return collect(child);
};
const AT = "requester@app1@web-1@127.0.0.1";
const sftp = (batch: string): Promise<Said> => run("sftp", [...argv(), "-b", "-", AT], batch);
const scp = (...args: string[]): Promise<Said> => run("scp", [...argv(), ...args]);
const remote = (path: string): string => `scp://${encodeURIComponent("requester@app1@web-1")}@127.0.0.1:${lab.proxy.port}/${path}`;
const told = (s: FakeSession): Extract<SessionEvent, { kind: "file" }>[] => s.events.filter((e) => e.kind === "file");
const ops = (s: FakeSession): Record<string, unknown>[] => lab.recording(s).frames.filter((f) => f.type === "event").map((f) => JSON.parse(f.data.toString()) as Record<string, unknown>);
const diskSha = async (path: string): Promise<string> => (await lab.host.exec(`sha256sum '${path}' | cut -d' ' -f1`)).stdout.trim();
const files = (over: Partial<Terms["files"]>): void => { lab.broker.terms = { ...usual, files: { ...usual.files, ...over } }; };

describe("sftp", () => {
  test("put and get, any bytes, equal on both disks; told once each with path, bytes and SHA-256", async () => {
    const data = randomBytes((3 << 20) + 17);
    writeFileSync(here("a.bin"), data);
    const said = await sftp(`put ${here("a.bin")} a.bin\nget a.bin ${here("back.bin")}\n`), session = await lab.ended();
    expect([said.code, said.stderr]).toEqual([0, ""]);
    expect([await diskSha("/home/app1/a.bin"), sha(readFileSync(here("back.bin")))]).toEqual([sha(data), sha(data)]);
    expect(told(session)).toMatchObject([
      { op: "file", path: "/home/app1/a.bin", detail: "write create truncate", result: "ok", writtenBytes: data.length, writtenSha256: sha(data) }, { op: "file", path: "/home/app1/a.bin", detail: "read", result: "ok", readBytes: data.length, readSha256: sha(data) }]);
    expect(ops(session).filter((o) => o["op"] === "file")).toMatchObject([{ written: { from: 0, bytes: data.length, sha256: sha(data) } }, { read: { from: 0, bytes: data.length, sha256: sha(data) } }]);
    expect(session.events.find((e) => e.kind === "channel_opened")).toEqual({ kind: "channel_opened", channel: 1, type: "sftp" });
    expect(session.events.find((e) => e.kind === "files")).toMatchObject({ counts: { file: 2 }, untold: 0, strange: 0 });
    const ledger = session.ended!.ledger;
    expect(ledger.channels[0]).toMatchObject({ kind: "sftp", record: "head", exit: 0 });
    expect(ledger.channels[0]!.in.bytes).toBeGreaterThan(data.length);
    expect(coverageOf(ledger)).toMatchObject({ score: 1, gaps: [] });
  });
  test("every other operation, with what came of it", async () => {
    const said = await sftp("mkdir d\nput /etc/hostname d/h\nrename d/h d/g\nchmod 640 d/g\nln -s g d/l\nln d/g d/hard\nls d\nrm d/g\nrm d/l\nrm d/hard\nrmdir d\n-rm nothing\n"), session = await lab.ended(), all = told(session);
    expect([said.code, said.stdout.toString()]).toEqual([0, expect.stringContaining("d/hard")]);
    const at = "/home/app1/d";
    expect(all.map((e) => [e.op, e.path, e.to, e.result].filter((x) => x !== undefined))).toEqual([
      ["mkdir", at, "ok"], ["file", `${at}/h`, "ok"], ["rename", `${at}/h`, `${at}/g`, "ok"], ["setstat", `${at}/g`, "ok"], ["symlink", "g", `${at}/l`, "ok"], ["hardlink", `${at}/g`, `${at}/hard`, "ok"], ["list", `${at}/`, "ok"],
      ["remove", `${at}/g`, "ok"], ["remove", `${at}/l`, "ok"], ["remove", `${at}/hard`, "ok"], ["rmdir", at, "ok"], ["remove", "/home/app1/nothing", "no such file"]].map((x) => (x[0] === "list" ? [x[0], expect.stringMatching(/\/d\/?$/), x[2]] : x)));
    expect(all.find((e) => e.op === "setstat")?.detail).toBe("mode 0640");
    expect(all.find((e) => e.op === "list")?.entries).toBe(5);
    expect(session.events.filter((e) => e.kind === "refused")).toEqual([]);
  });
  test("a transfer cut in the middle is told as left open, with the bytes that went", async () => {
    const child = spawn("sftp", [...argv("-l", "4000"), "-b", "-", AT], { stdio: ["pipe", "ignore", "ignore"], cwd: lab.dir }), before = lab.broker.sessions.length;
    writeFileSync(here("slow.bin"), randomBytes(8 << 20));
    child.stdin.end(`put ${here("slow.bin")} slow.bin\n`);
    await eventually(() => lab.broker.sessions.length > before && lab.broker.last().opened);
    const session = lab.broker.last();
    await new Promise((done) => setTimeout(done, 1_500));
    lab.proxy.cut(session.id, "revoked", "Enough.");
    await lab.ended(session);
    child.kill("SIGKILL");
    const [left] = told(session).filter((e) => e.op === "file");
    expect(left).toMatchObject({ path: "/home/app1/slow.bin", result: "left open" });
    expect(left?.writtenBytes).toBeGreaterThan(0);
    expect(ops(session).at(-1)).toMatchObject({ op: "file", result: "left open" });
    const { verdict } = lab.recording(session);
    expect(verdict.complete).toBe(true);
  });
  test("the player shows what was done, not the protocol", async () => {
    await sftp("mkdir seen\nrmdir seen\n");
    const { frames } = lab.recording(await lab.ended()), lines = [...toAsciicast(frames)].map((l) => JSON.parse(l) as [number, string, string]);
    expect(lines.filter((l) => l[1] === "o").map((l) => l[2]).join("")).toContain("mkdir /home/app1/seen (mode 0777): ok\r\nrmdir /home/app1/seen: ok\r\n");
    expect(lines.map((l) => String(l[2])).join("")).not.toContain("\0");
  });
  test("of very many operations the audit log gets a bounded number and the sum; the recording has all", async () => {
    const said = await sftp(Array.from({ length: 260 }, (_, i) => `mkdir many${i}\nrmdir many${i}`).join("\n")), session = await lab.ended();
    expect(said.code).toBe(0);
    expect([told(session).filter((e) => e.op === "mkdir").length, told(session).filter((e) => e.op === "rmdir").length]).toEqual([200, 200]);
    expect(session.events.find((e) => e.kind === "files")).toMatchObject({ counts: { mkdir: 260, rmdir: 260 }, untold: 120 });
    expect(ops(session).filter((o) => o["op"] === "mkdir")).toHaveLength(260);
  });
});

describe("denied by policy: a sentence, never forwarded, and the session goes on", () => {
  test("read-only", async () => {
    files({ readOnly: true });
    await lab.host.exec("echo kept > /home/app1/kept; chown app1 /home/app1/kept; rm -rf /home/app1/new*");
    const said = await sftp("-put /etc/hostname new1\n-mkdir new2\n-rm kept\n-chmod 777 kept\n-rename kept new3\n-ln -s kept new4\nget kept " + here("kept") + "\nls\n"), session = await lab.ended();
    expect([said.code, readFileSync(here("kept"), "utf8")]).toEqual([0, "kept\n"]);
    expect(said.stderr.match(/lockstep: Your access to files is read-only\./g)).toHaveLength(1);
    expect(said.stderr.match(/Permission denied/g)!.length).toBeGreaterThanOrEqual(5);
    expect((await lab.host.exec("ls -l /home/app1 | grep -c new; stat -c %a /home/app1/kept")).stdout).toBe("0\n644\n");
    expect(told(session).filter((e) => e.refused !== undefined).map((e) => e.op).sort()).toEqual(["mkdir", "open", "remove", "rename", "setstat", "symlink"]);
    expect(told(session).find((e) => e.op === "file")).toMatchObject({ path: "/home/app1/kept", result: "ok", readBytes: 5 });
  });
  test("no delete", async () => {
    files({ noDelete: true });
    await lab.host.exec("mkdir -p /home/app1/dir; echo kept > /home/app1/kept; chown -R app1 /home/app1/kept /home/app1/dir");
    const said = await sftp("-rm kept\n-rmdir dir\nput /etc/hostname added\n"), session = await lab.ended();
    expect(said.stderr).toContain("lockstep: Your access does not let you delete or replace files.");
    expect((await lab.host.exec("cat /home/app1/kept; test -d /home/app1/dir && test -f /home/app1/added && echo all there")).stdout).toBe("kept\nall there\n");
    expect(told(session).filter((e) => e.refused !== undefined).map((e) => e.op)).toEqual(["remove", "rmdir"]);
  });
  test("paths: outside, with .., by a link, relative ones from home", async () => {
    files({ allow: ["~/in/**"], deny: ["~/in/keys/**"] });
    await lab.host.exec("mkdir -p /home/app1/in/keys; echo k > /home/app1/in/keys/k; chown -R app1 /home/app1/in; chmod 644 /home/app1/in/keys/k");
    const said = await sftp(`-get /etc/passwd ${here("p")}\n-get in/keys/k ${here("k")}\n-get in/../.bashrc ${here("b")}\n-ln -s /etc in/e\n-rename in /home/app1/other\nput /etc/hostname in/ok\nget in/ok ${here("ok")}\n`), session = await lab.ended();
    expect(said.code).toBe(0);
    expect(readFileSync(here("ok"), "utf8")).toBe(readFileSync("/etc/hostname", "utf8"));
    for (const sentence of ["Your access does not include /etc/passwd.", "Your access does not include /home/app1/in/keys/k."]) expect(said.stderr).toContain(sentence);
    expect((await lab.host.exec("test -e /home/app1/in/e || test -e /home/app1/other || echo neither")).stdout).toBe("neither\n");
    expect(told(session).some((e) => e.op === "file" && e.path.includes("passwd"))).toBe(false);
  });
  test("paths: a request sent behind INIT in one write gets what it would have got later", async () => {
    files({ deny: ["~/.ssh/**"] });
    await lab.host.exec("mkdir -p /home/app1/.ssh; echo KEY > /home/app1/.ssh/id_x; chown -R app1 /home/app1/.ssh");
    const path = Buffer.from("/home/app1/.ssh/id_x"), open = Buffer.alloc(13 + path.length + 8);
    open.writeUInt32BE(open.length - 4);
    open[4] = 3;
    open.writeUInt32BE(path.length, 9);
    path.copy(open, 13);
    open[13 + path.length + 3] = 1;
    const child = lab.start("sftp", { options: ["-s"] }), out: Buffer[] = [], said = (): Buffer => Buffer.concat(out);
    child.stdout!.on("data", (b: Buffer) => out.push(b));
    child.stdin!.write(Buffer.concat([Buffer.from("000000050100000003", "hex"), open]));
    await eventually(() => said().length > 4 && said().length > 4 + said().readUInt32BE(0) + 13);
    const answer = said().subarray(4 + said().readUInt32BE(0));
    child.stdin!.end();
    const session = await lab.ended();
    expect([answer[4], answer.readUInt32BE(9)]).toEqual([101, 3]);
    expect(told(session).map((e) => [e.op, e.path, e.result])).toEqual([["open", path.toString(), "refused"]]);
  });
  test("a stream that is no SFTP is ended with a sentence", async () => {
    const said = await lab.ssh("sftp", { options: ["-s"], stdin: Buffer.from("GET / HTTP/1.1\r\n\r\n") }), session = await lab.ended();
    expect([said.code, said.stderr]).toEqual([255, "lockstep: This file transfer was ended: what the client sent is not SFTP.\n"]);
    expect(session.events.filter((e) => e.kind === "refused")).toEqual([{ kind: "refused", what: "sftp: what the client sent is not SFTP" }]);
  });
  test("sftp not given: a sentence", async () => {
    lab.broker.terms = { ...usual, channels: ["shell", "exec"] };
    const said = await sftp("ls\n");
    expect([said.code, said.stderr]).toEqual([255, expect.stringContaining("lockstep: Your access does not include file transfer by sftp.")]);
  });
});

describe("scp", () => {
  test.each([["over sftp", []], ["of the old kind", ["-O"]]])("%s: there and back, equal; a directory too", async (_name, options) => {
    const data = randomBytes(300_000);
    writeFileSync(here("s.bin"), data);
    mkdirSync(here("tree/sub"), { recursive: true });
    writeFileSync(here("tree/sub/x y"), "deep");
    chmodSync(here("tree/sub/x y"), 0o600);
    await lab.host.exec("rm -rf /home/app1/tree /home/app1/s.bin");
    const there = await scp(...options, here("s.bin"), remote("s.bin")), first = await lab.ended();
    expect([there.code, there.stderr, await diskSha("/home/app1/s.bin")]).toEqual([0, "", sha(data)]);
    expect((await scp(...options, remote("s.bin"), here("s.back"))).code).toBe(0);
    expect(sha(readFileSync(here("s.back")))).toBe(sha(data));
    expect((await scp(...options, "-r", here("tree"), remote("tree"))).code).toBe(0);
    expect((await lab.host.exec("cat '/home/app1/tree/sub/x y'")).stdout).toBe("deep");
    const kind = options.length === 0 ? "sftp" : "scp";
    expect(first.events.find((e) => e.kind === "channel_opened")).toMatchObject({ type: kind });
    expect(coverageOf(first.ended!.ledger).score).toBe(1);
  });
  test("the old kind by policy: not given, read-only, bound to paths", async () => {
    const refused = async (over: Partial<Terms>, ...args: string[]): Promise<string> => {
      lab.broker.terms = { ...usual, ...over };
      const said = await scp("-O", ...args);
      expect(said.code).not.toBe(0);
      return said.stderr.split("\n")[0]!;
    };
    expect(await refused({ channels: ["exec", "sftp"] }, here("s.bin"), remote("s2"))).toBe("lockstep: Your access does not include file transfer by scp.");
    expect(await refused({ files: { ...usual.files, readOnly: true } }, here("s.bin"), remote("s2"))).toBe("lockstep: Your access to files is read-only.");
    expect(await refused({ files: { ...usual.files, deny: ["/etc/**"] } }, remote("s.bin"), here("x"))).toMatch(/leave out -O/);
    lab.broker.terms = { ...usual, channels: ["scp"] };
    expect((await scp("-O", here("s.bin"), remote("s3"))).code).toBe(0);
    const sneaky = await lab.ssh("scp -t x; id"), other = await lab.ssh("id");
    expect([sneaky.stderr, other.stderr]).toEqual(Array(2).fill("lockstep: Your access does not include exec.\n"));
  });
});
