/** The session process's end of a web terminal: a real sshd behind it, sockets that come, go, stall and lie in front of it. */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { AHEAD, LEFT, LONGEST, PROTOCOL, TAKEN_OVER, WINDOW, parsePage } from "../../proxy/web-terminal/messages.ts";
import { SOCKETS } from "../../src/domain/ticket.ts";
import { bytesOf, eventually, sshLab } from "./ssh-lab.ts";
import type { Lab } from "./ssh-lab.ts";

type Message = { type: string } & Record<string, unknown>;
let lab: Lab;
beforeAll(async () => { lab = await sshLab({ port: 0, workers: 1, timescale: 0.5 }); });
afterAll(async () => { await lab?.[Symbol.asyncDispose](); });

type Page = { ws: WebSocket; said: Message[]; shown(): string; bytes(): number; type(text: string | Buffer): void; send(message: object): void; hears(type: string, ms?: number): Promise<Message>; sees(text: string | RegExp, ms?: number): Promise<unknown>; closed(): Promise<number> };
/** `polite`: says what it has seen, as the real page does. */
const page = (o: { session?: string; polite?: boolean; start?: boolean } = {}): Page => {
  const at = o.session === undefined ? "/terminal/app1/web-1" : `/rejoin/${o.session}`, said: Message[] = [], parts: Buffer[] = [];
  const ws = new WebSocket(`ws://session${at}`, [PROTOCOL], { createConnection: () => lab.proxy.door(o.session ?? null)!, headers: { "lockstep-arrival": "login-of-requester" }, perMessageDeflate: false });
  let total = 0, code = 0;
  const send = (message: object): void => ws.send(JSON.stringify(message));
  ws.on("error", () => undefined).on("close", (c) => { code = c; });
  ws.on("open", () => { if (o.start !== false) send({ type: "start", cols: 80, rows: 24 }); });
  ws.on("message", (data, binary) => {
    if (!binary) return void said.push(JSON.parse((data as Buffer).toString()) as Message);
    parts.push(data as Buffer);
    total += (data as Buffer).length;
    if (o.polite !== false && ws.readyState === WebSocket.OPEN) send({ type: "seen", bytes: total });
  });
  const shown = (): string => Buffer.concat(parts).toString();
  return {
    ws, said, shown, send, bytes: () => total, type: (text) => ws.send(Buffer.from(text)),
    hears: (type, ms) => eventually(() => said.find((m) => m.type === type), ms), sees: (text, ms) => eventually(() => (typeof text === "string" ? shown().includes(text) : text.test(shown())), ms), closed: () => eventually(() => code || undefined),
  };
};
const opened = async (o: { polite?: boolean } = {}): Promise<Page> => { const p = page(o); await p.hears("hello"); await p.sees(/[$#] /); return p; };
const memory = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${lab.proxy.pids()[0]!}/status`, "utf8"))?.[1]) * 1024;
const terms = async <T,>(over: Partial<Lab["broker"]["terms"]>, run: () => Promise<T>): Promise<T> => {
  const was = lab.broker.terms;
  lab.broker.terms = { ...was, ...over };
  try { return await run(); } finally { lab.broker.terms = was; }
};

test("portal and process mean the same socket", () => expect(SOCKETS.terminal.protocol).toBe(PROTOCOL));

describe("a page that loses its network", () => {
  test("comes back to the same shell, last screen first; nothing typed is lost and nothing is done twice", () => terms({ graceMs: 20_000 }, async () => {
    const first = await opened();
    first.type("A=kept; echo shell-$$; sleep 0.3; echo \"while-away\"; echo one >> /tmp/typed-once\r");
    await first.sees(/shell-\d+\r/);
    const session = lab.broker.last(), shell = /shell-(\d+)\r/.exec(first.shown())![1]!, typed = Number(first.said.findLast((m) => m.type === "took")!["bytes"]);
    first.ws.terminate();
    await eventually(() => session.events.some((e) => e.kind === "away"));
    await new Promise((done) => setTimeout(done, 500));
    const second = page({ session: session.id }), hello = await second.hears("hello");
    expect(hello).toMatchObject({ again: true, session: session.id, took: typed });
    const replay = Number((await second.hears("replay"))["bytes"]);
    expect(replay).toBeGreaterThan(0);
    await eventually(() => second.bytes() >= replay);
    await second.sees("while-away");
    second.type("echo $A-$$\r");
    await second.sees(`kept-${shell}\r`);
    expect((await lab.host.exec("cat /tmp/typed-once")).stdout).toBe("one\n");
    second.ws.close(LEFT);
    expect((await lab.ended(session)).ended).toMatchObject({ why: "client_closed" });
    // The recording is one, whole, and holds no repetition.
    const kept = bytesOf(lab.recording(session).frames, "output").toString();
    expect(kept.startsWith(first.shown())).toBe(true);
    expect(kept.split("while-away").length).toBe(3);
  }));

  test("a program that draws the whole screen is redrawn, alternate screen and all", () => terms({ graceMs: 20_000 }, async () => {
    const first = await opened();
    first.type("printf '\\033[?1049h\\033[H\\033[2Jfull-screen\\033[5;5Hmiddle'; for i in $(seq 1 4000); do printf '\\033[10;10Hcount %04d padding padding padding' $i; done; sleep 30\r");
    await first.sees("count 4000 ", 30_000);
    first.ws.terminate();
    const session = lab.broker.last(), second = page({ session: session.id });
    await second.sees("count 4000 ");
    expect(second.shown().startsWith("\x1b[?")).toBe(true);
    expect(second.shown().slice(0, 200)).toContain("\x1b[?1049h");
    expect(second.bytes()).toBeLessThan(110_000);
    second.ws.close(LEFT);
    await lab.ended(session);
  }), 60_000);

  test("does not come back: the session ends after the grace time and says so", () => terms({ graceMs: 700 }, async () => {
    const first = await opened(), begun = performance.now();
    first.ws.terminate();
    const session = await lab.ended();
    expect(performance.now() - begun).toBeGreaterThan(650);
    expect(session.ended).toMatchObject({ why: "client_closed", detail: "the browser did not come back in time" });
    expect(lab.recording(session).frames.some((f) => f.type === "mark" && f.data.toString().includes("did not come back in time"))).toBe(true);
    expect(lab.proxy.door(session.id), "no process holds it any more").toBeUndefined();
  }));

  test("continued in another window: the old one is told, and only the new one types", () => terms({ graceMs: 20_000 }, async () => {
    const first = await opened(), session = lab.broker.last(), second = page({ session: session.id });
    await second.hears("hello");
    expect(await first.closed()).toBe(TAKEN_OVER);
    second.type("echo second-$((1+1))\r");
    await second.sees("second-2\r");
    second.ws.close(LEFT);
    await lab.ended(session);
  }));

  test("a page that leaves by its button ends the session at once", () => terms({ graceMs: 20_000 }, async () => {
    const first = await opened(), begun = performance.now();
    first.ws.close(LEFT);
    expect((await lab.ended()).ended?.why).toBe("client_closed");
    expect(performance.now() - begun).toBeLessThan(1_000);
  }));
});

describe("ends, each with its sentence on the page", () => {
  test("law: cut-off-1 — at its time the session ends by itself", async () => {
    lab.broker.remainingMs = 2_500;
    const begun = performance.now();
    try {
      const p = await opened();
      expect(await p.hears("ended")).toMatchObject({ sentence: "Your time is up: this session has ended." });
      expect(performance.now() - begun).toBeGreaterThan(2_400);
      expect(performance.now() - begun).toBeLessThan(4_500);
      expect((await lab.ended()).ended?.why).toBe("expired");
    } finally { lab.broker.remainingMs = 3_600_000; }
  });
  test("law: cut-off-2 — cut, also when the page takes nothing", async () => {
    for (const polite of [true, false]) {
      const p = await opened({ polite }), session = lab.broker.last();
      p.type("yes\r");
      await eventually(() => p.bytes() > 200_000);
      const begun = performance.now();
      lab.proxy.cut(session.id, "revoked", "Your access was revoked by approver.");
      expect(await p.hears("ended")).toMatchObject({ sentence: "Your access was revoked by approver." });
      expect(performance.now() - begun).toBeLessThan(1_000);
      expect((await lab.ended(session)).ended?.why).toBe("revoked");
    }
  });
  test("the time changes: the page hears of it", async () => {
    const p = await opened(), session = lab.broker.last();
    lab.proxy.terms(session.id, 90_000);
    expect(await p.hears("left")).toMatchObject({ remainingMs: 90_000 });
    p.ws.close(LEFT);
    await lab.ended(session);
  });
  test("not admitted: the sentence, and no session", async () => {
    const before = lab.broker.sessions.length, account = lab.broker.accounts.get("app1@web-1")!;
    lab.broker.accounts.delete("app1@web-1");
    const p = page();
    expect(await p.hears("ended")).toMatchObject({ sentence: "There is no such account for you." });
    lab.broker.accounts.set("app1@web-1", account);
    expect(lab.broker.sessions.length).toBe(before);
  });
});

describe("pasting by policy", () => {
  test("refused: nothing of it reaches the target, the page is told, and the ledger counts it", () => terms({ clipboardIn: false }, async () => {
    const p = await opened(), session = lab.broker.last();
    expect(p.said[0]).toMatchObject({ type: "hello", clipboardIn: false });
    p.type(`echo ${"pasted".repeat(20)} > /tmp/pasted\r`);
    p.type("\x1b[200~touch /tmp/pasted\r\x1b[201~");
    expect(await p.hears("say")).toMatchObject({ text: "Pasting into this session is not part of your access." });
    p.type("echo typed-$((2+3))\r");
    await p.sees("typed-5\r");
    expect((await lab.host.exec("ls /tmp/pasted")).code).not.toBe(0);
    p.ws.close(LEFT);
    expect((await lab.ended(session)).ended?.ledger.refused).toEqual({ paste: 2 });
  }));
  test("allowed: 200 kB arrive whole, as the target takes them", async () => {
    const p = await opened(), session = lab.broker.last(), text = Buffer.from(`${"0123456789abcde\n".repeat(12_500)}`);
    p.type("stty -echo -icanon; head -c 200000 | sha256sum; echo done-$((1+1))\r");
    await new Promise((done) => setTimeout(done, 1_000));
    let sent = 0;
    const took = (): number => Number(p.said.findLast((m) => m.type === "took")?.["bytes"] ?? 0), base = took();
    while (sent < text.length) { if (sent + base - took() < 49_152) { p.type(text.subarray(sent, sent + 8_192)); sent += 8_192; } else await new Promise((done) => setTimeout(done, 5)); }
    await p.sees("done-2\r");
    const { createHash } = await import("node:crypto");
    expect(p.shown()).toContain(createHash("sha256").update(text).digest("hex"));
    p.ws.close(LEFT);
    await lab.ended(session);
  });
});

describe("back-pressure", () => {
  test("a page that draws nothing is not sent more than the window, and costs no memory", async () => {
    const p = await opened({ polite: false }), session = lab.broker.last(), before = memory();
    p.type("yes 0123456789012345678901234567890123456789\r");
    await new Promise((done) => setTimeout(done, 3_000));
    const at = p.bytes();
    expect(at).toBeGreaterThan(WINDOW / 2);
    expect(at).toBeLessThan(WINDOW + 65_536);
    await new Promise((done) => setTimeout(done, 1_000));
    expect(p.bytes()).toBe(at);
    expect(memory() - before).toBeLessThan(64e6);
    lab.proxy.cut(session.id, "killed", "x");
    await lab.ended(session);
  });
  test("typing far ahead of a target that does not read closes the socket", () => terms({ graceMs: 0 }, async () => {
    const p = await opened();
    p.type("stty -icanon -echo; sleep 60\r");
    await new Promise((done) => setTimeout(done, 300));
    const begun = performance.now();
    for (let i = 0; i < 200 && p.ws.readyState === WebSocket.OPEN; i++) { p.type(Buffer.alloc(60_000, 0x61)); await new Promise((done) => setTimeout(done, 5)); }
    expect(await p.closed()).toBe(1008);
    expect(performance.now() - begun).toBeLessThan(15_000);
    expect(AHEAD).toBeLessThan(12e6);
    await lab.ended();
  }));
});

describe("garbage", () => {
  test("no text is mistaken for a message, and none throws", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), fc.jsonValue().map((v) => JSON.stringify({ type: "resize", cols: v, rows: 1 }))), (text) => {
      const m = parsePage(text);
      if (m === undefined) return;
      if (m.type !== "seen") for (const n of [m.cols, m.rows]) expect(Number.isInteger(n) && n >= 1 && n <= 1_000).toBe(true);
    }), { numRuns: 5_000 });
    for (const size of [0, -1, 1.5, 1_001, 1e9, "80", null]) expect(parsePage(JSON.stringify({ type: "resize", cols: size, rows: 24 }))).toBeUndefined();
    expect(parsePage("{\"type\":\"start\",\"cols\":80,\"rows\":24,\"more\":1}")).toBeUndefined();
  });
  const frames = fc.array(fc.oneof(
    fc.uint8Array({ maxLength: 2_000 }).map((b) => Buffer.from(b)), fc.string({ maxLength: 200 }), fc.json(), fc.constant(Buffer.alloc(LONGEST + 1)),
    fc.record({ type: fc.constantFrom("start", "resize", "seen", "leave", "ended", "__proto__"), cols: fc.integer(), rows: fc.integer(), bytes: fc.integer() }).map((m) => JSON.stringify(m)),
  ), { minLength: 1, maxLength: 12 });
  test("frames before and after the start: the process lives, and serves the next", () => terms({ graceMs: 0 }, async () => {
    const pids = lab.proxy.pids();
    await fc.assert(fc.asyncProperty(frames, fc.boolean(), async (list, begin) => {
      const p = page({ start: false });
      await new Promise((done) => { p.ws.once("open", done); });
      if (begin) p.send({ type: "start", cols: 80, rows: 24 });
      for (const f of list) if (p.ws.readyState === WebSocket.OPEN) p.ws.send(f, { binary: Buffer.isBuffer(f) });
      p.ws.close();
      await p.closed();
    }), { numRuns: 60 });
    expect(lab.proxy.pids()).toEqual(pids);
    const p = await opened();
    p.type("echo alive-$((1+1))\r");
    await p.sees("alive-2\r");
    p.ws.close(LEFT);
    await eventually(() => lab.broker.sessions.every((s) => s.ended !== undefined), 30_000);
  }), 120_000);
  test("bytes that are no handshake, and handshakes without the broker's word", async () => {
    const pids = lab.proxy.pids(), path = `${lab.dir}/control.sock.1`, before = lab.broker.sessions.length;
    const said = (bytes: Uint8Array | string): Promise<string> => new Promise((resolve) => {
      const s = connect(path);
      let text = "";
      s.on("data", (d) => { text += d.toString("latin1"); }).on("error", () => undefined).on("close", () => resolve(text));
      s.end(bytes);
    });
    await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 500 }), async (bytes) => { expect(await said(bytes)).toMatch(/^(HTTP\/1\.1 400|$)/); }), { numRuns: 40 });
    const HEAD = "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    expect(await said(`GET /terminal/app1/web-1 HTTP/1.1\r\n${HEAD}\r\n`)).toBe("");
    expect(await said(`GET /terminal/%ff/web-1 HTTP/1.1\r\n${HEAD}Lockstep-Arrival: login-of-requester\r\n\r\n`)).toBe("");
    expect(await said("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).toMatch(/^HTTP\/1\.1 404/);
    expect([lab.proxy.pids(), lab.broker.sessions.length]).toEqual([pids, before]);
  });
});
