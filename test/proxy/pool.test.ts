import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Crew } from "../../proxy/crew.ts";
import type { Seat } from "../../proxy/desk.ts";
import { serveDesk } from "../../proxy/desk.ts";
import { newBoxKey } from "../../src/crypto/box.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { bytesOf, collect, eventually, sshLab } from "./ssh-lab.ts";
import type { Lab } from "./ssh-lab.ts";

let lab: Lab;
beforeAll(async () => { lab = await sshLab({ port: 22470, workers: 2, timescale: 0.2 }); });
afterAll(async () => { await lab?.[Symbol.asyncDispose](); });

const memory = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;

describe("the pool", () => {
  test("the Unix socket is the owner's alone", () => expect(statSync(join(lab.dir, "control.sock")).mode & 0o777).toBe(0o600));
  test("a stranger on the Unix socket is answered nothing and shown the door", async () => {
    const { connect } = await import("node:net");
    for (const line of [`{"kind":"hello","n":1,"v":1,"token":"${"0".repeat(64)}","key":"${"A".repeat(43)}"}\n`, "{\"kind\":\"heartbeat\",\"n\":1,\"sessions\":[]}\n", "nonsense\n", "x".repeat(300_000)]) {
      const s = connect(join(lab.dir, "control.sock"));
      let said = "";
      s.on("data", (d) => { said += d.toString(); }).on("error", () => undefined).write(line);
      await new Promise((done) => s.on("close", done));
      expect(said).toBe("");
    }
  });
  test("people are spread over the workers; a killed one takes only its own along", async () => {
    const both = [lab.start("echo ready; sleep 5; echo end"), lab.start("echo ready; sleep 5; echo end")];
    await Promise.all(both.map((c) => new Promise((done) => c.stdout?.once("data", done))));
    const said = both.map((c) => collect(c)), [first] = lab.proxy.pids();
    process.kill(first ?? 0, "SIGKILL");
    const ends = await Promise.all(said);
    expect(ends.map((e) => e.code).sort()).toEqual([0, 255]);
    expect(lab.broker.sessions.filter((s) => s.lost).length).toBe(1);
    await eventually(() => lab.proxy.pids().length === 2);
  });
  test("heartbeats name the live sessions; marks carry the chain", async () => {
    const child = lab.start("for i in 1 2 3 4 5; do echo $i; sleep 1; done"), said = collect(child);
    await eventually(() => lab.broker.beats.some((ids) => ids.includes(lab.broker.last().id)));
    const session = lab.broker.last();
    await eventually(() => session.marks.length > 0);
    await said;
    await lab.ended(session);
    expect(session.marks.every((m) => m.chunk > 0 && /^[0-9a-f]{64}$/.test(m.hash) && m.bytes > 0)).toBe(true);
  });
  test("yes at full speed: the worker stays small, a reader that stops stops it all, and what was seen is what was kept", async () => {
    const child = lab.start("timeout 6 yes"), hash = createHash("sha256");
    let seen = 0, most = 0, atPause = -1;
    child.stdout?.on("data", (d: Buffer) => { seen += d.length; hash.update(d); });
    const watch = setInterval(() => { most = Math.max(most, ...lab.proxy.pids().map(memory)); }, 50);
    setTimeout(() => { child.stdout?.pause(); atPause = seen; }, 1_500);
    setTimeout(() => child.stdout?.resume(), 3_500);
    await new Promise((done) => child.on("close", done));
    clearInterval(watch);
    const session = await lab.ended(), { frames, file } = lab.recording(session), kept = bytesOf(frames, "output");
    process.stdout.write(`yes: ${Math.round(seen / 1e6)} MB seen, ${Math.round(most / 1e6)} MB resident, ${Math.round(statSync(file).size / 1e6)} MB recorded\n`);
    expect(atPause).toBeGreaterThan(0);
    expect(most).toBeLessThan(256e6);
    expect(kept.length).toBe(seen);
    expect(createHash("sha256").update(kept).digest("hex")).toBe(hash.digest("hex"));
  });
});

/** A worker whose uplink the test holds. */
describe("a lost broker", () => {
  const streams: Socket[] = [];
  let back: Server, front: Server, crew: Crew, port: number;
  beforeAll(async () => {
    const path = join(lab.dir, "lost.sock"), key = newBoxKey(), seats = (): Seat[] => [...crew.workers].map((w) => w.seat);
    crew = new Crew({ socketPath: path, count: 1, random: systemRandom, log: () => undefined, pause: 100, onLogin: () => undefined, onGone: () => undefined, onLost: () => undefined,
      setup: { hostKeys: [readFileSync(join(lab.dir, "proxy_key"), "utf8")], recordingsDir: lab.recordings, timescale: 1, guacd: null, exchange: "" } });
    back = createServer((s) => { streams.push(s); serveDesk(s, (matches) => seats().find((seat) => matches(seat.token)), { admitting: 0, early: new Map(), control: lab.broker, key, log: () => undefined }); });
    await new Promise<void>((done) => back.listen(path, done));
    await crew.start();
    front = createServer({ pauseOnConnect: true }, (s) => { [...crew.workers][0]?.child.send({ kind: "socket", id: "c1", address: "127.0.0.1" }, s); });
    await new Promise<void>((done) => front.listen(0, "127.0.0.1", done));
    port = (front.address() as { port: number }).port;
  });
  afterAll(async () => { crew.dismiss(); crew.kill(); await crew.gone(); front.close(); back.close(); });

  test("law: with the broker gone a session runs on to its own deadline and not beyond; nobody new gets in", async () => {
    lab.broker.remainingMs = 5_000;
    const options = ["-p", String(port), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"];
    const child = lab.start("echo ready; sleep 2; echo still; sleep 20", { options }), said = collect(child);
    await new Promise((done) => child.stdout?.once("data", done));
    const session = lab.broker.last(), begun = performance.now();
    for (const s of streams) s.destroy();
    const [{ code, stdout, stderr }, late] = await Promise.all([said, new Promise((done) => setTimeout(done, 300)).then(() => lab.ssh("echo new", { options }))]);
    const took = performance.now() - begun;
    lab.broker.remainingMs = 3_600_000;
    expect([code, stdout.toString(), stderr]).toEqual([255, "ready\nstill\n", "lockstep: Your time is up: this session has ended.\n"]);
    expect(took).toBeGreaterThan(2_000);
    expect(took).toBeLessThan(7_000);
    expect([late.code, late.stdout.toString()]).toEqual([255, ""]);
    const { verdict } = lab.recording(session);
    expect(verdict.complete).toBe(true);
    await eventually(() => crew.workers.size === 0 || ![...crew.workers].some((w) => w.seat.stream?.destroyed && w.child.exitCode === null));
  });
});

describe("draining", () => {
  test("what runs is finished, nobody new gets in, and nothing is left", async () => {
    const child = lab.start("echo ready; sleep 1; echo end"), said = collect(child);
    await new Promise((done) => child.stdout?.once("data", done));
    const pids = lab.proxy.pids(), drained = lab.proxy.drain();
    expect((await lab.ssh("echo new")).code).toBe(255);
    expect((await said).stdout.toString()).toBe("ready\nend\n");
    await drained;
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    expect(execFileSync("ls", [lab.recordings]).toString()).toContain(".lsr");
  });
});
