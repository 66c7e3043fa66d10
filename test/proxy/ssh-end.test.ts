import { execFileSync } from "node:child_process";
import { createSecretKey } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemRandom } from "../../src/kernel/clock.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { recover } from "../recordings/read.ts";
import { newPrivateKey, publicPart } from "../../src/wires/ssh.ts";
import type { FakeSession } from "./fake-broker.ts";
import { bytesOf, collect, eventually, sshLab } from "./ssh-lab.ts";
import type { Lab } from "./ssh-lab.ts";

const disk = join(tmpdir(), `lockstep-disk-${process.pid}`);
let lab: Lab;
beforeAll(async () => {
  mkdirSync(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256m", "tmpfs", disk]);
  lab = await sshLab({ port: 22450, recordings: join(disk, "recordings") });
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  execFileSync("umount", [disk]);
  rmSync(disk, { recursive: true });
});

const free = (): number => { const { bavail, bsize } = statfsSync(disk); return bavail * bsize; };
const started = async (command: string): Promise<{ said: ReturnType<typeof collect>; session: FakeSession; out: () => string }> => {
  const before = lab.broker.sessions.length, child = lab.start(command), said = collect(child);
  let text = "";
  child.stdout?.on("data", (d: Buffer) => { text += d.toString(); });
  await eventually(() => text.includes("ready"));
  expect(lab.broker.sessions.length).toBe(before + 1);
  return { said, session: lab.broker.last(), out: () => text };
};
const runningOn = async (what: string): Promise<boolean> => (await lab.host.exec(`pgrep -f '[${what.slice(0, 1)}]${what.slice(1)}' || true`)).stdout.trim() !== "";

describe("cutting", () => {
  test("law: both legs are gone within a second of the cut, with the reason on the user's screen", async () => {
    const took: number[] = [];
    for (let i = 0; i < 5; i++) {
      const { said, session } = await started("echo ready; cat"), begun = performance.now();
      expect(lab.proxy.cut(session.id, "revoked", "Your access was revoked by approver.")).toBe(true);
      const { code, stderr } = await said;
      took.push(performance.now() - begun);
      expect([code, stderr]).toEqual([255, "lockstep: Your access was revoked by approver.\n"]);
      await lab.ended(session);
      expect(session).toMatchObject({ endedTimes: 1, ended: { why: "revoked", cause: "none", ledger: { complete: true } } });
      expect(lab.recording(session).frames.some((f) => f.type === "mark" && f.data.toString() === "revoked: Your access was revoked by approver.")).toBe(true);
    }
    process.stdout.write(`cut to client gone: ${took.map((t) => Math.round(t)).join(", ")} ms\n`);
    expect(Math.max(...took)).toBeLessThan(1_000);
  });
  test("law: a client that reads nothing and writes all the time is cut as fast", async () => {
    const begunAt = lab.broker.sessions.length, child = lab.start("echo ready; yes & cat >/dev/null");
    child.on("error", () => undefined);
    child.stdin?.on("error", () => undefined);
    await eventually(() => lab.broker.sessions.length > begunAt && lab.broker.last().opened);
    await new Promise((done) => setTimeout(done, 500));
    child.stdout?.pause();
    const session = lab.broker.last(), begun = performance.now();
    lab.proxy.cut(session.id, "killed", "Ended by an auditor.");
    await lab.ended(session);
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect(session.ended?.why).toBe("killed");
    child.kill("SIGKILL");
  });
  test("a client that is behind still gets the sentence, before what it has not taken", async () => {
    const before = lab.broker.sessions.length, child = lab.start("yes");
    await eventually(() => lab.broker.sessions.length > before && lab.broker.last().opened);
    const stdout = child.stdout, slow = setInterval(() => stdout?.read(32_768), 3);
    let stderr = "";
    child.stderr?.on("data", (d: Buffer) => { stderr += d.toString(); });
    await new Promise((done) => setTimeout(done, 400));
    const session = lab.broker.last();
    lab.proxy.cut(session.id, "revoked", "Enough of this.");
    await lab.ended(session);
    clearInterval(slow);
    stdout?.resume();
    await new Promise((done) => child.on("close", done));
    expect(stderr).toContain("lockstep: Enough of this.\n");
  });
  test("a terminal is told too", async () => {
    const before = lab.broker.sessions.length, child = lab.start(undefined, { options: ["-tt"] }), said = collect(child);
    await eventually(() => lab.broker.sessions.length > before && lab.broker.last().opened && lab.broker.last().events.length > 0);
    lab.proxy.cut(lab.broker.last().id, "revoked", "Enough.");
    expect(await said).toMatchObject({ code: 255, stderr: "\r\nlockstep: Enough.\r\n" });
  });
  test("a cut that comes before the session has begun is not lost", async () => {
    lab.broker.onAdmit = (id) => { lab.proxy.cut(id, "revoked", "Too late."); };
    const said = await lab.ssh("echo never");
    lab.broker.onAdmit = () => undefined;
    expect([said.code, said.stdout.toString(), said.stderr]).toEqual([255, "", "lockstep: Too late.\n"]);
    expect((await lab.ended()).ended?.why).toBe("revoked");
  });
  test("nobody knows the session: said so", () => expect(lab.proxy.cut("ses_none", "revoked", "x")).toBe(false));
});

describe("time", () => {
  const within = async (remainingMs: number, run: () => Promise<void>): Promise<void> => {
    lab.broker.remainingMs = remainingMs;
    try { await run(); } finally { lab.broker.remainingMs = 3_600_000; }
  };
  test("law: at its time a session ends by itself, told why", () => within(3_000, async () => {
    const begun = performance.now(), { said, session } = await started("echo ready; sleep 20"), { code, stderr } = await said;
    expect(performance.now() - begun).toBeGreaterThan(2_900);
    expect(performance.now() - begun).toBeLessThan(5_500);
    expect([code, stderr]).toEqual([255, "lockstep: Your time is up: this session has ended.\n"]);
    expect((await lab.ended(session)).ended?.why).toBe("expired");
  }));
  test("the time can be lengthened and shortened", () => within(3_000, async () => {
    const { said, session } = await started("echo ready; sleep 20");
    lab.proxy.terms(session.id, 60_000);
    await new Promise((done) => setTimeout(done, 3_200));
    expect(session.ended).toBeUndefined();
    const begun = performance.now();
    lab.proxy.terms(session.id, 500);
    expect((await said).code).toBe(255);
    expect(performance.now() - begun).toBeGreaterThan(450);
    expect((await lab.ended(session)).ended?.why).toBe("expired");
  }));
});

describe("the other side goes away", () => {
  test("the client is killed: client_closed, and the target's process is gone", async () => {
    let seen = false;
    const child = lab.start("echo ready; exec cat /dev/tty1x - 2>/dev/null");
    const said = collect(child);
    child.stdout?.once("data", () => { seen = true; });
    await eventually(() => seen);
    const session = lab.broker.last();
    expect(await runningOn("cat /dev/tty1x")).toBe(true);
    child.kill("SIGKILL");
    expect((await lab.ended(session)).ended?.why).toBe("client_closed");
    await said;
    await eventually(async () => !await runningOn("cat /dev/tty1x"));
  });
  test("the target stops: target_closed, with a sentence", async () => {
    const { said, session } = await started("echo ready; sleep 20");
    await lab.host.stop();
    const { code, stderr } = await said.finally(() => lab.host.start());
    expect([code, stderr]).toEqual([255, "lockstep: web-1 closed the connection.\n"]);
    expect((await lab.ended(session)).ended?.why).toBe("target_closed");
  });
});

describe("the target is not as expected", () => {
  const account = () => lab.broker.accounts.get("app1@web-1") ?? (() => { throw new Error("no account"); })();
  const withAccount = async (change: Partial<ReturnType<typeof account>>) => {
    const good = account();
    lab.broker.accounts.set("app1@web-1", { ...good, ...change });
    try {
      const from = lab.host.log().length, said = await lab.ssh("echo never");
      return { said, session: await lab.ended(), log: lab.host.log().slice(from) };
    } finally { lab.broker.accounts.set("app1@web-1", good); }
  };
  test("down", async () => {
    const { said, session } = await withAccount({ port: 22459 });
    expect([said.code, said.stderr]).toEqual([255, "lockstep: web-1 cannot be used right now: 127.0.0.1:22459 cannot be reached: the connection was refused.\n"]);
    expect(session.ended).toMatchObject({ why: "error", cause: "target_down" });
  });
  test("law: another host key than the pinned one: no password byte is sent", async () => {
    const { said, session, log } = await withAccount({ hostKeys: [readFileSync(join(lab.dir, "person_key.pub"), "utf8")] });
    expect([said.code, said.stdout.toString()]).toEqual([255, ""]);
    expect(said.stderr).toBe("lockstep: web-1 does not show the host key on record. Nothing was sent to it. Tell the owner of web-1.\n");
    expect(session.ended).toMatchObject({ why: "error", cause: "identity_changed" });
    expect(log).not.toMatch(/password|Accepted|Invalid user|authenticating user/i);
  });
  test("law: with no pinned key at all nothing is trusted", async () => {
    const { session } = await withAccount({ hostKeys: [] });
    expect(session.ended).toMatchObject({ why: "error", cause: "identity_changed" });
  });
  test("an account that has a key is logged in by it, and a key that the target does not know is refused", async () => {
    const text = reveal(newPrivateKey(systemRandom)), { type, blob } = publicPart(Secret.of(text))!;
    const refused = await withAccount({ password: text });
    expect([refused.said.code, refused.session.ended?.cause]).toEqual([255, "target_refused"]);
    await lab.host.exec(`install -d -m 700 -o app1 ~app1/.ssh && echo '${type} ${blob}' > ~app1/.ssh/authorized_keys && chown app1 ~app1/.ssh/authorized_keys`);
    const { said, log } = await withAccount({ password: text });
    expect([said.code, said.stdout.toString(), log.includes("Accepted publickey for app1")]).toEqual([0, "never\n", true]);
    expect(log).not.toMatch(/password for app1/);
  });
  test("the password is refused", async () => {
    const { said, session } = await withAccount({ password: "not-this-one" });
    expect(said.stderr).toBe("lockstep: web-1 refused the password or key on record for this account. The account has to be looked at; tell its owner.\n");
    expect(session.ended).toMatchObject({ why: "error", cause: "target_refused" });
    expect(session.ended?.detail).not.toContain("not-this-one");
    expect(said.code).toBe(255);
  });
});

describe("law: no recorder, no session", () => {
  const quiet = (log: string): void => expect(log).not.toMatch(/Connection from|Accepted/);
  test("the directory is gone: nothing is dialled", async () => {
    const from = lab.host.log().length;
    renameSync(lab.recordings, `${lab.recordings}.away`);
    const said = await lab.ssh("echo never"), session = await lab.ended();
    renameSync(`${lab.recordings}.away`, lab.recordings);
    expect([said.code, said.stdout.toString(), said.stderr]).toEqual([255, "", "lockstep: no recording can be made here; no session is opened\n"]);
    expect(session).toMatchObject({ opened: false, ended: { why: "recording_failed", cause: "recorder" } });
    quiet(lab.host.log().slice(from));
  });
  test("the disk is nearly full: nothing is dialled", async () => {
    const from = lab.host.log().length, filler = join(disk, "filler");
    writeFileSync(filler, Buffer.alloc(Math.floor(free() * 0.95)));
    const said = await lab.ssh("echo never"), session = await lab.ended();
    rmSync(filler);
    expect([said.code, said.stdout.toString(), said.stderr]).toEqual([255, "", "lockstep: the disk for recordings is nearly full; no new session is opened\n"]);
    expect(session.ended).toMatchObject({ why: "recording_failed" });
    quiet(lab.host.log().slice(from));
  });
  test("the disk fills up meanwhile: the session ends within 5 s with the reason, and what was kept is what was seen", async () => {
    writeFileSync(join(disk, "filler"), Buffer.alloc(Math.floor(free() - 60 * 2 ** 20)));
    const begun = performance.now(), before = lab.broker.sessions.length, child = lab.start("yes"), said = collect(child);
    await eventually(() => lab.broker.sessions.length > before && lab.broker.last().ended, 15_000);
    const took = performance.now() - begun;
    rmSync(join(disk, "filler"));
    const session = lab.broker.last(), { code, stdout, stderr } = await said;
    expect([code, stderr]).toEqual([255, "lockstep: The recording of this session failed, so it was closed.\n"]);
    expect(session.ended).toMatchObject({ why: "recording_failed", cause: "recorder", ledger: { complete: false } });
    const file = join(lab.recordings, `${session.recording}.lsr`);
    recover(file, createSecretKey(session.key), session.recording);
    expect(took).toBeLessThan(5_000);
    expect(bytesOf(lab.recording(session).frames, "output").length).toBeGreaterThanOrEqual(stdout.length);
    rmSync(file);
  });
});

describe("a worker is killed", () => {
  test("law: kill -9: the file holds at least what the user saw, the broker is told, a new worker serves", async () => {
    const { said, session, out } = await started("echo ready; i=0; while :; do i=$((i+1)); echo line $i; sleep 0.002; done");
    await eventually(() => out().includes("line 100\n"));
    process.kill(lab.proxy.pids()[0] ?? 0, "SIGKILL");
    const { stdout } = await said;
    await eventually(() => session.lost);
    const file = join(lab.recordings, `${session.recording}.lsr`), verdict = recover(file, createSecretKey(session.key), session.recording);
    expect(verdict.complete).toBe(true);
    const { frames } = lab.recording(session), kept = bytesOf(frames, "output").toString();
    expect(kept.startsWith(stdout.toString())).toBe(true);
    expect(frames.at(-1)?.type).toBe("end");
    await eventually(() => lab.proxy.pids().length === 1);
    await eventually(() => lab.lines.length > 0);
    for (let i = 0; i < 40; i++) {
      const again = await lab.ssh("echo again");
      if (again.stdout.toString() === "again\n") return;
      await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error("no worker came back");
  });
  test("nothing is left in the recordings' directory but recordings", () => expect(readdirSync(lab.recordings).every((f) => f.endsWith(".lsr"))).toBe(true));
});
