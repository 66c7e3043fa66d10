/** Desktops at length: floods both ways, a silent guacd, 10,000 replays, 100,000 fuzzed frames, and a server with NLA. Rule: a scripted guacd where a real one is too polite. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import WebSocket from "ws";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { instruction } from "../../proxy/rdp/instructions.ts";
import { lookAtRdp } from "../../src/wires/rdp.ts";
import { sessionEnded } from "../../src/flow/session.ts";
import { admitByTicket } from "../../src/flow/terminal.ts";
import { desktopTicket, purposeOf } from "../../src/flow/ticket.ts";
import { directLink } from "../../src/links/direct.ts";
import { guacd as realGuacd, type RunningGuacd } from "../lab/guacd.ts";
import { NLA_PASSWORD, nlaServer, type NlaServer } from "../lab/rdp-nla.ts";
import { usedNo, worldOn } from "../flow/world.ts";
import { embedded } from "../store/engines.ts";
import { carrier, type Carrier } from "../proxy/rdp-lab.ts";
import { READY, scriptedGuacd, type Scripted } from "../proxy/rdp-guacd.ts";
import type { DesktopPage } from "../proxy/rdp-page.ts";
import { eventually } from "../proxy/ssh-lab.ts";
import { evidence, madeBy } from "./evidence.ts";

const PIN = Array.from({ length: 32 }, () => "AB").join(":"), DRAWN = "3.img,1.1,2.12,1.0,9.image/png,1.0,1.0;4.blob,1.1,4.AAAA;3.end,1.1;4.sync,1.7;";
const lines: string[] = [];
let guacd: Scripted, c: Carrier;
beforeAll(async () => {
  guacd = await scriptedGuacd();
  c = await carrier(guacd, 0.5);
  c.broker.accounts.set("u1@desk-1", { host: "127.0.0.1", port: 1, username: "u1", hostKeys: [], password: "Pw-1", desktop: { certificates: [PIN], security: "tls", domain: "" } });
}, 60_000);
afterAll(async () => {
  await c?.[Symbol.asyncDispose]();
  await guacd?.[Symbol.asyncDispose]();
  evidence("rdp", `# Desktops at length\n\n${madeBy("test/slow/rdp.test.ts")}\n\n${lines.map((l) => `- ${l}`).join("\n")}\n`);
});
beforeEach(() => guacd.begin());
const wait = (ms: number): Promise<void> => new Promise((done) => { setTimeout(done, ms); });
const memory = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${c.proxy.pids()[0]!}/status`, "utf8"))?.[1]) * 1_024;
const opened = async (): Promise<DesktopPage> => { const p = c.page("u1"); await p.hears("hello"); return p; };

describe("bounded both ways", () => {
  test("240 MB of pictures for a page that reads nothing: guacd waits, the process stays small, and all of it arrives when it reads", async () => {
    const piece = `4.blob,1.1,60000.${"A".repeat(60_000)};`, ALL = 4_000;
    let sent = 0;
    guacd.script = (s) => { s.write(READY + DRAWN); const go = (): void => { while (sent < ALL) { sent += 1; if (!s.write(piece)) return void s.once("drain", go); } }; go(); };
    const p = c.page("u1", { keep: false });
    await p.hears("hello");
    p.ws.pause();
    const before = memory();
    await wait(2_500);
    expect(sent).toBeLessThan(600);
    expect(memory() - before).toBeLessThan(96e6);
    expect(c.broker.last().ended).toBeUndefined();
    p.ws.resume();
    await eventually(() => p.bytes() > 60_000 * ALL, 120_000).catch(() => { throw new Error(`${p.bytes()} of ${60_000 * ALL} bytes arrived; ${sent} pieces were sent, ${JSON.stringify([p.said, c.broker.last().ended?.why])}`); });
    p.ws.close();
    await c.ended();
  }, 200_000);
  test("a page that floods a guacd that reads nothing is not read from", async () => {
    guacd.script = (s) => { s.write(READY + DRAWN); s.pause(); };
    const p = await opened(), before = memory();
    await p.sees("sync");
    const moves = "5.mouse,3.100,3.100,1.0;".repeat(2_000);
    let sent = 0;
    for (let i = 0; i < 1_500; i++) { if (p.ws.bufferedAmount < 4e6) { p.ws.send(moves); sent += moves.length; } await wait(0); }
    expect(memory() - before).toBeLessThan(128e6);
    expect(sent).toBeLessThan(60e6);
    p.ws.terminate();
    await c.ended();
  }, 30_000);
});

test("guacd says nothing at all: the session ends in time, with a sentence", async () => {
  guacd.mute = true;
  const begun = performance.now(), p = await opened();
  expect(String((await p.hears("ended", 30_000))["sentence"])).toMatch(/^desk-1 cannot be used right now: /);
  expect(performance.now() - begun).toBeLessThan(25_000);
  await c.ended();
}, 60_000);

test("a desktop's ticket replayed 10,000 times: 0 admitted", async () => {
  const TIMES = 10_000, db = await embedded(), w = await worldOn(db);
  try {
    const m = await w.managed(), settings = JSON.stringify({ rdpPort: 3_389, rdpCertificates: [PIN] });
    await w.sql(`update targets set settings = settings || '${settings}'::jsonb where id = '${m.target}'`);
    const request = await w.approved(m), { ticket } = await desktopTicket(w.deps, w.requester, "login-1", request), shown = { ticket, holder: "login-1" };
    const { session } = await admitByTicket(w.deps, w.requester, shown, "desktop"), used = await usedNo(w, m.account.id);
    let refused = 0;
    for (let i = 0; i < TIMES; i++) {
      await (i % 2 === 0 ? purposeOf(w.deps, shown) : admitByTicket(w.deps, w.requester, shown, "desktop")).then(() => { throw new Error("admitted"); }, (e: unknown) => { expect(e).toMatchObject({ code: "forbidden" }); refused += 1; });
    }
    expect([refused, await usedNo(w, m.account.id)]).toEqual([TIMES, used]);
    await sessionEnded(w.deps, session, { why: "client_closed", detail: "", bytes: 0, identityChanged: false, facts: {} });
    lines.push(`${TIMES.toLocaleString("en")} replays of a desktop's ticket: 0 admitted (95 %: under 3 in ${TIMES.toLocaleString("en")})`);
  } finally { await w.close(); await db.close(); }
}, 300_000);

const opcode = fc.oneof(fc.constantFrom("mouse", "key", "sync", "size", "nop", "ack", "clipboard", "blob", "end", "file", "put", "get", "touch", "select", "connect", "argv", "audio", "pipe", "usr", "disconnect", "require", ""), fc.string({ maxLength: 8 }));
const argument = fc.oneof(fc.integer({ min: -5, max: 70_000 }).map(String), fc.string({ maxLength: 12 }), fc.constant("text/plain"));
const frame = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.tuple(opcode, fc.array(argument, { maxLength: 5 })), { minLength: 1, maxLength: 6 }).map((all) => all.map(([o, a]) => instruction(o, ...a)).join("")) },
  { weight: 2, arbitrary: fc.string({ maxLength: 60 }) }, { weight: 1, arbitrary: fc.json() }, { weight: 1, arbitrary: fc.stringMatching(/^(\d{1,9}\.[a-z]{0,6}[,;.]){1,5}$/) },
);
test("100,000 fuzzed frames of a page: the process lives, and guacd hears no instruction that is not named", async () => {
  const TIMES = 100_000, PER = 200, pids = c.proxy.pids(), NAMED = new Set(["select", "size", "audio", "video", "image", "timezone", "connect", "mouse", "key", "touch", "sync", "nop", "ack", "clipboard", "file", "blob", "end", "put", "get", "disconnect"]);
  guacd.script = (s) => { s.write(READY + DRAWN); };
  c.broker.terms = { ...c.broker.terms, clipboardIn: true, clipboardOut: false, filesIn: false, filesOut: false };
  const frames = fc.sample(frame, TIMES);
  let socketsClosed = 0, p = await opened();
  for (let at = 0; at < TIMES; at += PER) {
    for (const text of frames.slice(at, at + PER)) {
      if (p.ws.readyState !== WebSocket.OPEN) { socketsClosed += 1; p = await opened(); }
      p.ws.send(text);
      // A frame that broke the rules closes its socket: the next one needs a new one.
      if (socketsClosed % 4 === 0) await new Promise((done) => setImmediate(done));
    }
    await wait(1);
  }
  p.ws.close();
  await eventually(() => c.broker.sessions.every((s) => s.ended !== undefined), 60_000);
  const heard = new Set([...guacd.heard().matchAll(/(?:^|;)\d+\.([a-z]+)(?=[,;])/g)].map((m) => m[1]!));
  expect([...heard].filter((o) => !NAMED.has(o))).toEqual([]);
  for (const never of ["argv", "audio,", "pipe", "usr", "require"]) expect(guacd.heard().includes(`.${never}`) && never !== "audio,").toBe(false);
  expect(guacd.heard()).not.toMatch(/\d+\.(file|put),/);
  expect(c.proxy.pids()).toEqual(pids);
  lines.push(`${TIMES.toLocaleString("en")} fuzzed frames over ${c.broker.sessions.length} sessions: 0 processes ended, 0 instructions forwarded that are not named (95 %: under 3 in ${TIMES.toLocaleString("en")})`);
}, 900_000);

describe("a server with Network Level Authentication (FreeRDP's own, in place of Windows)", () => {
  let daemon: RunningGuacd, nla: NlaServer, n: Carrier;
  beforeAll(async () => { daemon = await realGuacd(); nla = await nlaServer(); n = await carrier(daemon); }, 240_000);
  afterAll(async () => { await n?.[Symbol.asyncDispose](); await nla?.destroy(); await daemon?.destroy(); });
  const account = (password: string, certificates: readonly string[], security: "tls" | "nla" = "nla"): void =>
    void n.broker.accounts.set("u1@desk-1", { host: "127.0.0.1", port: nla.port, username: "nlauser", hostKeys: [], password, desktop: { certificates: [...certificates], security, domain: "" } });
  test("looked at, logged in, drawn; a wrong password, TLS alone, another certificate: each its sentence", async () => {
    const seen = await lookAtRdp(directLink({ host: "127.0.0.1", port: nla.port }), AbortSignal.timeout(10_000));
    expect(seen.security).toBe("nla");
    account(NLA_PASSWORD, [seen.fingerprint]);
    const p = n.page("u1");
    await eventually(() => p.shown.some((i) => i[0] === "img" && i[3] === "0"), 30_000).catch(() => { throw new Error(`${JSON.stringify(p.said)} ${p.shown.slice(0, 12).map((i) => i.join(" ").slice(0, 60)).join("; ")} ${daemon.log().slice(-900)}`); });
    p.ws.close();
    await n.ended();
    account("wrong-Pw-1", [seen.fingerprint]);
    expect(await n.page("u1").hears("ended", 30_000)).toMatchObject({ sentence: "desk-1 refused the password on record for this account. The account has to be looked at; tell its owner." });
    expect((await n.ended()).ended).toMatchObject({ cause: "target_refused" });
    account(NLA_PASSWORD, [seen.fingerprint], "tls");
    expect(await n.page("u1").hears("ended", 30_000)).toMatchObject({ sentence: expect.stringMatching(/it asks for Network Level Authentication: set this target's RDP security to nla/) as string });
    await n.ended();
    account(NLA_PASSWORD, [PIN]);
    expect(await n.page("u1").hears("ended", 30_000)).toMatchObject({ sentence: expect.stringMatching(/does not show the certificate on record\. No password was sent/) as string });
    expect((await n.ended()).ended).toMatchObject({ cause: "identity_changed" });
    lines.push("NLA (freerdp-shadow-cli): a login, a wrong password, TLS alone, another certificate, each with its sentence");
  }, 180_000);
});
