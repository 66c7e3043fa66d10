/** What a bare guacamole-lite gets wrong, one test each, through our session process: a scripted guacd where a real one cannot be made to misbehave. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { KNOWN } from "../../src/wires/guacd.ts";
import { carrier, type Carrier } from "./rdp-lab.ts";
import { ID, READY, scriptedGuacd, type Scripted } from "./rdp-guacd.ts";
import type { DesktopPage } from "./rdp-page.ts";
import { eventually } from "./ssh-lab.ts";

const PASSWORD = "Pä€ss-ü𝄞9 \"x\"", PIN = Array.from({ length: 32 }, () => "AB").join(":");
let guacd: Scripted, c: Carrier, closed: Server, reached = 0;
beforeAll(async () => {
  guacd = await scriptedGuacd();
  c = await carrier(guacd, 0.5);
  closed = createServer((s) => { reached += 1; s.destroy(); });
  await new Promise<void>((done) => closed.listen(0, "127.0.0.1", done));
  c.broker.accounts.set("u1@desk-1", { host: "127.0.0.1", port: (closed.address() as { port: number }).port, username: "u1", hostKeys: [], password: PASSWORD, desktop: { certificates: [PIN], security: "tls", domain: "" } });
}, 60_000);
afterAll(async () => { await c?.[Symbol.asyncDispose](); await guacd?.[Symbol.asyncDispose](); closed?.close(); });
beforeEach(() => guacd.begin());

const wait = (ms: number): Promise<void> => new Promise((done) => { setTimeout(done, ms); });
const alive = (): boolean => { try { process.kill(c.proxy.pids()[0]!, 0); return true; } catch { return false; } };
const DRAWN = "3.img,1.1,2.12,1.0,9.image/png,1.0,1.0;4.blob,1.1,4.AAAA;3.end,1.1;4.sync,1.7;";
const drawing = (more = ""): void => { guacd.script = (s) => { s.write(READY + DRAWN + more); }; };
const opened = async (): Promise<DesktopPage> => { const p = c.page("u1"); await p.hears("hello"); return p; };
const over = async (p: DesktopPage): Promise<string> => { const m = await p.hears("ended"); await c.ended(); return String(m["sentence"]); };

test("no token in an address: without the broker's word there is nobody, and the process lives", async () => {
  const before = c.broker.sessions.length, pids = c.proxy.pids();
  for (const path of ["/?token=garbage", "/desktop", "/desktop/%zz/desk-1", "/desktop/u1/desk-1/more", "/guacamole?token=garbage"]) {
    const s = c.proxy.door(null)!;
    const said = new Promise<string>((done) => { let text = ""; s.on("data", (d) => { text += String(d); }).on("close", () => done(text)); });
    s.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: lockstep.desktop.v1\r\nLockstep-Arrival: nobody\r\n\r\n`);
    expect([path, await said]).toEqual([path, ""]);
  }
  expect([c.broker.sessions.length, c.proxy.pids(), guacd.connections()]).toEqual([before, pids, 0]);
});
test("a password of any characters arrives as it is, in code points; address, name and password are guacd's alone", async () => {
  drawing();
  const p = await opened();
  await p.sees("sync");
  expect(guacd.heard()).toContain(`${[...PASSWORD].length}.${PASSWORD},`);
  expect(guacd.heard()).toMatch(/9\.127\.\d+\.\d+|1[0-5]\.127\.\d+\.\d+\.\d+/);
  const all = JSON.stringify([p.said, p.shown]);
  for (const secret of [PASSWORD, "127.", ID, ID.slice(1)]) expect([secret, all.includes(secret)]).toEqual([secret, false]);
  p.ws.close();
  await c.ended();
});
test("a refusal refuses: nothing reaches guacd", async () => {
  c.broker.terms = { ...c.broker.terms, channels: ["shell"] };
  try {
    expect(await c.page("u1").hears("ended")).toMatchObject({ sentence: "Your access does not include a desktop session." });
    await wait(100);
    expect(guacd.connections()).toBe(0);
  } finally { c.broker.terms = { ...c.broker.terms, channels: ["desktop"] }; }
});
test("an answer of the broker that takes its time is waited for", async () => {
  drawing();
  c.broker.onAdmit = () => wait(800);
  try { const p = await opened(); await p.sees("sync"); expect(guacd.heard()).toContain(PASSWORD); p.ws.close(); await c.ended(); } finally { c.broker.onAdmit = () => undefined; }
});
test("nothing of it is printed: no password, no guacd id, no line of the library", async () => {
  drawing();
  const p = await opened();
  await p.sees("sync");
  p.ws.close();
  await c.ended();
  for (const secret of [PASSWORD, ID.slice(1), "VERSION_1_1_0"]) expect(c.lines.join("\n")).not.toContain(secret);
});
test("a character split over reads at every byte comes out whole", async () => {
  const bytes = Buffer.from(`${READY}4.name,7.Zürich€;4.name,2.𝄞é;`);
  guacd.script = (s) => void (async () => { for (const b of bytes) { s.write(Buffer.from([b])); await wait(2); } })();
  const p = await opened();
  await eventually(() => p.shown.some((i) => i[0] === "name" && i[1] === "𝄞é") && p.shown.some((i) => i[1] === "Zürich€"));
  p.ws.close();
  await c.ended();
});
test("broken framing from guacd ends that session with a sentence, and no other", async () => {
  drawing();
  const other = await opened();
  await other.sees("sync");
  guacd.script = (s) => { s.write(READY); setTimeout(() => s.write("4.sync,1.1;xx.nonsense;"), 50); };
  const p = await opened();
  expect(await over(p)).toBe("The remote desktop service broke its own protocol.");
  expect([alive(), other.ws.readyState]).toEqual([true, 1]);
  other.ws.close();
  await eventually(() => c.broker.sessions.every((s) => s.ended !== undefined));
});
test("guacd that is not there, that dies, that logs off: a sentence for each", async () => {
  drawing();
  const died = await opened();
  await died.sees("sync");
  guacd.socket()!.destroy();
  expect(await over(died)).toBe("The remote desktop service ended the connection.");
  drawing("10.disconnect;");
  expect(await over(await opened())).toBe("The desktop was logged off.");
  await using none = await carrier({ host: "127.0.0.1", port: 1, home: guacd.home });
  none.broker.accounts.set("u1@desk-1", c.broker.accounts.get("u1@desk-1")!);
  expect(await none.page("u1").hears("ended")).toMatchObject({ sentence: "The broker's guacd does not answer. Tell whoever runs the broker." });
  await using without = await carrier(undefined);
  without.broker.accounts.set("u1@desk-1", c.broker.accounts.get("u1@desk-1")!);
  expect(await without.page("u1").hears("ended")).toMatchObject({ sentence: "This broker carries no desktops: no guacd is set (LOCKSTEP_GUACD). Tell whoever runs it." });
  expect(without.broker.sessions.length, "nobody is admitted for nothing").toBe(0);
}, 60_000);
describe("guacd that offers its drive to nobody, as it does when it races with itself", () => {
  /** Of one that was sent away and came again by itself: what it met. */
  let knocked = "";
  /** Dials where it was told to, as guacd does after its offer; sent away, FreeRDP tries once more. */
  const dial = (offers: boolean) => (s: Socket): void => {
    const [, host = "", port = ""] = /13\.VERSION_1_1_0,\d+\.([\d.]+),\d+\.(\d+),[^]*$/.exec(guacd.heard().slice(guacd.heard().lastIndexOf("7.connect,")))!;
    s.write(READY + (offers ? "10.filesystem,1.0,8.Lockstep;" : ""));
    const knock = (): Socket => connect({ host, port: Number(port) }).on("error", (e: NodeJS.ErrnoException) => { knocked = e.code!; }).resume();
    knock().on("connect", () => { if (offers) s.write(DRAWN); }).on("close", () => { if (!offers) knock(); });
  };
  const withFiles = async (run: () => Promise<void>): Promise<void> => {
    const was = c.broker.terms;
    c.broker.terms = { ...was, filesOut: true };
    reached = 0;
    knocked = "";
    try { await run(); } finally { c.broker.terms = was; }
  };
  test("is asked afresh, before the target is spoken to", () => withFiles(async () => {
    guacd.script = (s) => { dial(guacd.connections() > 1)(s); };
    const p = await opened();
    await p.sees("filesystem");
    await p.sees("img");
    expect([guacd.connections(), reached, knocked], "who was sent away takes nobody's place").toEqual([2, 1, "ECONNREFUSED"]);
    p.ws.close();
    await c.ended();
    await eventually(() => guacd.open() === 0);
  }));
  test("again and again: the desktop comes, and the page says that no files can be carried", () => withFiles(async () => {
    guacd.script = (s) => { dial(false)(s); if (guacd.connections() === 3) setTimeout(() => s.write(DRAWN), 800); };
    const p = await opened();
    await p.sees("img");
    expect(p.said.filter((m) => m.type === "say").map((m) => m["text"])).toEqual(["The folder for files did not come up. Close this session and open it again to carry files."]);
    expect([guacd.connections(), reached]).toEqual([3, 1]);
    p.ws.close();
    await c.ended();
  }));
  test("is not waited for where no files are to be carried", async () => {
    reached = 0;
    guacd.script = (s) => { dial(false)(s); s.write(DRAWN); };
    const p = await opened();
    await p.sees("img");
    await eventually(() => reached === 1);
    expect(guacd.connections()).toBe(1);
    p.ws.close();
    await c.ended();
  });
});
test("a page that holds down more keys than hands can is no page", async () => {
  drawing();
  const p = await opened();
  await p.sees("sync");
  for (let k = 0; k < 200; k++) p.tell("key", 0x100 + k, 1);
  expect(await p.closed()).toBe(1008);
  await c.ended();
});
test("errors of guacd carry numbers, and after the picture they are its words", async () => {
  drawing("5.error,15.Session revoked,3.523;");
  expect(await over(await opened())).toBe("desk-1 ended the desktop: Session revoked.");
});
describe("law: cut-off-2 — killed", () => {
  test("guacd hears disconnect first, and its socket is closed even if it is deaf to it", async () => {
    for (const leaves of [true, false]) {
      drawing();
      guacd.leaves = leaves;
      const p = await opened();
      await p.sees("sync");
      const session = c.broker.last(), begun = performance.now();
      c.proxy.cut(session.id, "revoked", "Your access was revoked by approver.");
      expect(await over(p)).toBe("Your access was revoked by approver.");
      await eventually(() => guacd.heard().includes("10.disconnect;") && guacd.open() === 0);
      expect(performance.now() - begun).toBeLessThan(1_000);
      expect(session.ended).toMatchObject({ why: "revoked" });
    }
  });
  test("a page that leaves before guacd is ready: disconnect all the same", async () => {
    guacd.script = (s) => { setTimeout(() => s.write(READY), 300); };
    const p = await opened();
    p.ws.terminate();
    expect((await c.ended()).ended).toMatchObject({ why: "client_closed" });
    await eventually(() => guacd.open() === 0, 5_000);
  });
});
test("law: cut-off-1 — at its time it ends by itself", async () => {
  drawing();
  c.broker.remainingMs = 1_500;
  try {
    const begun = performance.now(), p = await opened();
    expect(await over(p)).toBe("Your time is up: this session has ended.");
    expect(performance.now() - begun).toBeLessThan(3_000);
    expect(c.broker.last().ended?.why).toBe("expired");
  } finally { c.broker.remainingMs = 3_600_000; }
});
test("a page that says goodbye in Guacamole's way has left; a target that does has logged off", async () => {
  drawing();
  const p = await opened();
  await p.sees("sync");
  p.tell("disconnect");
  expect((await c.ended()).ended).toMatchObject({ why: "client_closed" });
});
describe("what a page may not say", () => {
  test("a message over 64 KiB, bytes, an instruction that is not named, one that is no instruction: the socket ends, the process lives", async () => {
    for (const [what, code] of [["3.nop;".repeat(20_000), 1009], [Buffer.from("3.nop;"), 1008], ["6.select,3.vnc;", 1008], ["4.argv,1.0,10.text/plain,8.password;", 1008], ["3.nop;6.select,3.rdp;", 1008], ["3.no;", 1008], ["{\"type\":\"start\"}", 1008]] as const) {
      drawing();
      const p = await opened();
      await p.sees("sync");
      p.ws.send(what);
      expect([what.toString().slice(0, 30), await p.closed()]).toEqual([what.toString().slice(0, 30), code]);
      expect((await c.ended()).ended?.why).toBe("client_closed");
    }
    expect(guacd.heard()).not.toMatch(/6\.select,3\.vnc|4\.argv/);
    expect(alive()).toBe(true);
  });
});
describe("a disk that takes no more", () => {
  const disk = mkdtempSync(join(tmpdir(), "lockstep-rdp-disk-"));
  let small: Carrier;
  beforeAll(async () => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]);
    small = await carrier(guacd, 0.5, disk);
    small.broker.accounts.set("u1@desk-1", c.broker.accounts.get("u1@desk-1")!);
  });
  afterAll(async () => { await small?.[Symbol.asyncDispose](); execFileSync("umount", [disk]); rmSync(disk, { recursive: true }); });
  test("law: recorder-first — what could not be recorded is not shown, and the session ends and says why", async () => {
    const piece = `4.blob,1.1,60000.${"A".repeat(60_000)};`;
    guacd.script = (s) => { s.write(READY + DRAWN); let n = 0; const go = (): void => { while (n < 400) { n += 1; if (!s.write(piece)) return void s.once("drain", go); } }; go(); };
    const p = small.page("u1");
    expect(await p.hears("ended", 10_000)).toMatchObject({ sentence: "The recording of this session failed, so it was closed." });
    const session = await small.ended(), kept = small.recording(session).frames.filter((f) => f.type === "output").map((f) => f.data.toString()).join("");
    expect(session.ended).toMatchObject({ why: "recording_failed", cause: "recorder" });
    expect(p.text().length).toBeGreaterThan(100_000);
    expect(kept.startsWith(p.text())).toBe(true);
    await eventually(() => guacd.socket()!.destroyed, 2_000);
  });
  test("law: no-recorder-no-session — guacd is not dialled", async () => {
    const { bavail, bsize } = statfsSync(disk);
    if (bavail * bsize > 200_000) writeFileSync(join(disk, "filler"), Buffer.alloc(bavail * bsize - 100_000));
    guacd.begin();
    const p = small.page("u1");
    expect(await p.hears("ended")).toMatchObject({ sentence: expect.stringMatching(/disk for recordings is nearly full|no recording can be made/) as string });
    expect((await small.ended()).ended).toMatchObject({ why: "recording_failed" });
    expect(guacd.connections()).toBe(0);
  });
});
test("guacd is told whom to trust for this address alone, before it is dialled", async () => {
  let known = "";
  guacd.script = (s) => { known = readFileSync(join(guacd.home, KNOWN), "utf8"); s.write(READY + DRAWN); };
  const p = await opened();
  await p.sees("sync");
  const at = /\d+\.(127\.\d+\.\d+\.\d+),\d+\.(\d+),/.exec(guacd.heard())!;
  expect(known.split("\n").at(-2)).toBe(`${at[1]} ${at[2]} ${PIN.toLowerCase()} Lg== Lg==`);
  expect(guacd.heard()).toContain("3.tls,0.,");
  p.ws.close();
  await c.ended();
});
