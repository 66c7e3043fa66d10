/** A desktop through the session process: real guacd, real xrdp, a page that follows the protocol. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { driveOf } from "../../proxy/rdp/drive.ts";
import { instruction, parse } from "../../proxy/rdp/instructions.ts";
import type { Link } from "../../src/kernel/link.ts";
import { lookAtRdp } from "../../src/wires/rdp.ts";
import { certificate } from "../lab/certificate.ts";
import { scratch } from "../lab/scratch.ts";
import { impostor } from "./rdp-impostor.ts";
import { DESK_PASSWORD, rdpLab, type RdpLab } from "./rdp-lab.ts";
import type { DesktopPage } from "./rdp-page.ts";
import { eventually } from "./ssh-lab.ts";

let lab: RdpLab;
beforeAll(async () => { lab = await rdpLab(); }, 240_000);
afterAll(async () => { await lab?.[Symbol.asyncDispose](); });

test("the desktop is drawn, what is typed is done on the host, and the recording is what was shown", async () => {
  const page = lab.page("u1");
  expect(await page.hears("hello")).toMatchObject({ clipboardIn: true, filesIn: false });
  await eventually(() => page.shown.some((i) => i[0] === "img" && i[3] === "0"), 30_000);
  page.tell("mouse", 300, 300, 0);
  await eventually(() => lab.rdp.typing("u1"), 20_000);
  page.type("echo typed-$((40+2)) > /tmp/typed-here\n");
  await eventually(async () => (await lab.host.exec("cat /tmp/typed-here")).stdout === "typed-42\n", 15_000);
  const session = lab.broker.last(), begun = performance.now();
  lab.proxy.cut(session.id, "killed", "ended by auditor: enough");
  expect(await page.hears("ended")).toMatchObject({ sentence: "ended by auditor: enough" });
  await eventually(async () => await lab.rdp.logins("u1") >= 0 && lab.broker.last().ended !== undefined);
  expect(performance.now() - begun).toBeLessThan(2_000);
  const { frames, verdict } = lab.recording(session), stream = frames.filter((f) => f.channel === 1 && (f.type === "output" || f.type === "input"));
  expect(verdict.complete).toBe(true);
  const all = parse(Buffer.concat(stream.map((f) => f.data)).toString())!;
  expect(all[0]).toEqual(["size", "0", "1024", "768"]);
  expect(all.filter((i) => i[0] !== "mouse" && i[0] !== "key")).toEqual(page.shown);
  expect(all.filter((i) => i[0] === "key" && i[2] === "1").map((i) => String.fromCodePoint(Number(i[1]))).join("")).toContain("echo typed-");
  expect(page.text()).not.toContain(DESK_PASSWORD);
}, 120_000);

describe("law: rdp-pinning — the pin holds on the very connection that carries the password", () => {
  const stranger = async () => {
    const dir = await scratch("stranger", false), made = await certificate(dir, ["localhost"], true);
    return { fingerprint: made.fingerprint, key: readFileSync(join(dir, "server.key"), "utf8"), cert: readFileSync(join(dir, "server.crt"), "utf8") };
  };
  const link = (port: number): Link => ({ address: { host: "127.0.0.1", port }, connect: (signal) => new Promise((resolve, reject) => { const s = connect({ port, host: "127.0.0.1", signal }); s.once("connect", () => resolve(s)).once("error", reject); }) });

  test.each(["tls", "nla"] as const)("certificate swapped between check and connect (%s): no byte of the password is sent", async (security) => {
    const own = await stranger(), pinned = await lab.rdp.fingerprint();
    await using between = await impostor(lab.rdp, own);
    // The check beside it sees the right one.
    expect((await lookAtRdp(link(between.port), AbortSignal.timeout(5_000))).fingerprint).toBe(pinned);
    between.swap(security === "tls" ? 1 : 2);
    lab.account("swapped", { port: between.port, username: "u2", desktop: { certificates: [pinned], security, domain: "" } });
    const page = lab.page("swapped");
    expect(await page.hears("ended", 30_000)).toMatchObject({ sentence: "desk-1 does not show the certificate on record. No password was sent to it. Tell the owner of desk-1." });
    expect((await lab.ended()).ended).toMatchObject({ why: "error", cause: "identity_changed", detail: `it shows the certificate ${own.fingerprint}` });
    expect(Buffer.concat(between.inside).length, "inside the stranger's TLS").toBe(0);
    expect(between.connections()).toBeGreaterThanOrEqual(3);
    // The same stranger, were it pinned, would be talked to: the test can fail.
    lab.account("swapped", { port: between.port, username: "u2", desktop: { certificates: [own.fingerprint], security, domain: "" } });
    const trusting = lab.page("swapped");
    await eventually(() => Buffer.concat(between.inside).length > 0, 20_000);
    trusting.ws.close();
    await lab.ended();
  }, 60_000);
  test.each([[0, "it picked a security that was not asked for"], ["old", "it offers no TLS, and without it no password leaves"], [2, "it picked a security that was not asked for"]] as const)("a stranger that picks %s instead of TLS is cut before it hears another byte", async (selects, why) => {
    const own = await stranger();
    await using between = await impostor(lab.rdp, own);
    between.swap(selects);
    lab.account("weaker", { port: between.port, username: "u2" });
    expect(await lab.page("weaker").hears("ended", 20_000)).toMatchObject({ sentence: `desk-1 cannot be used right now: ${why}.` });
    expect((await lab.ended()).ended).toMatchObject({ why: "error", cause: "target_down" });
    expect([Buffer.concat(between.clear).length, Buffer.concat(between.inside).length, between.connections()]).toEqual([0, 0, 1]);
  }, 60_000);
  test("xrdp changed its certificate: the accounts' owner is told, nothing else", async () => {
    lab.account("u3", { desktop: { certificates: [Array.from({ length: 32 }, () => "AB").join(":")], security: "tls", domain: "" } });
    expect(await lab.page("u3").hears("ended", 20_000)).toMatchObject({ sentence: expect.stringMatching(/does not show the certificate on record/) as string });
    expect((await lab.ended()).ended).toMatchObject({ cause: "identity_changed" });
    lab.account("u3");
  }, 60_000);
});

describe("what can be wrong, each with its sentence", () => {
  test("a closed port", async () => {
    lab.account("shut", { port: 1 });
    expect(await lab.page("shut").hears("ended", 20_000)).toMatchObject({ sentence: "desk-1 cannot be used right now: 127.0.0.1:1 cannot be reached: the connection was refused." });
    expect((await lab.ended()).ended).toMatchObject({ cause: "target_down" });
  }, 30_000);
  test("NLA asked of a machine that has none", async () => {
    lab.account("nla", { desktop: { certificates: [await lab.rdp.fingerprint()], security: "nla", domain: "" } });
    expect(await lab.page("nla").hears("ended", 20_000)).toMatchObject({ sentence: "desk-1 cannot be used right now: it does not offer Network Level Authentication: set this target's RDP security to tls." });
    await lab.ended();
  }, 30_000);
});

test("resized while it runs; the clipboard in both directions, and its hash in the recording", async () => {
  const page = lab.page("u4");
  await eventually(() => page.shown.some((i) => i[0] === "img" && i[3] === "0"), 30_000);
  await eventually(() => lab.rdp.typing("u4"), 20_000);
  page.tell("size", 1280, 720);
  await eventually(() => page.shown.some((i) => i[0] === "size" && i[1] === "0" && i[2] === "1280" && i[3] === "720"), 15_000);
  page.tell("mouse", 300, 300, 0);
  const text = `pasted-Zürich-${"x".repeat(50)}`;
  page.tell("clipboard", 0, "text/plain");
  page.tell("blob", 0, Buffer.from(text).toString("base64"));
  page.tell("end", 0);
  await new Promise((done) => setTimeout(done, 500));
  page.type("xclip -selection clipboard -o > /tmp/pasted-here; printf copied-out | xclip -selection clipboard\n");
  await eventually(async () => (await lab.host.exec("cat /tmp/pasted-here")).stdout === text, 15_000);
  const stream = await eventually(() => page.shown.findLast((i) => i[0] === "clipboard" && i[2] === "text/plain"), 15_000);
  await eventually(() => page.shown.some((i) => i[0] === "blob" && i[1] === stream[1] && Buffer.from(i[2]!, "base64").toString().includes("copied-out")), 15_000);
  page.ws.close();
  const session = await lab.ended(), { frames } = lab.recording(session), told = frames.filter((f) => f.type === "event").map((f) => JSON.parse(f.data.toString()) as { op: string });
  expect(told).toContainEqual({ op: "paste", path: "", result: "ok", written: { bytes: Buffer.byteLength(text), sha256: createHash("sha256").update(text).digest("hex") } });
  expect(told.some((t) => t.op === "copy")).toBe(true);
  expect(session.events).toContainEqual(expect.objectContaining({ kind: "carried", way: "in", what: "clipboard", bytes: Buffer.byteLength(text) }));
  expect(frames.filter((f) => f.type === "output").map((f) => f.data.toString()).join("")).not.toContain(Buffer.from("copied-out").toString("base64"));
}, 90_000);

const under = async <T,>(over: Partial<RdpLab["broker"]["terms"]>, run: () => Promise<T>): Promise<T> => {
  const was = lab.broker.terms;
  lab.broker.terms = { ...was, ...over };
  try { return await run(); } finally { lab.broker.terms = was; }
};
test("kept out by policy: refused with 771, told, counted, and the session goes on", () => under({ clipboardIn: false, clipboardOut: false }, async () => {
  const page = lab.page("u3");
  await eventually(() => page.shown.some((i) => i[0] === "img" && i[3] === "0"), 30_000);
  page.tell("clipboard", 0, "text/plain");
  page.tell("blob", 0, Buffer.from("never").toString("base64"));
  page.tell("end", 0);
  page.tell("file", 1, "text/plain", "never.txt");
  await eventually(() => page.shown.filter((i) => i[0] === "ack" && i[3] === "771").length === 2);
  expect(page.said.filter((m) => m.type === "say").map((m) => m["text"])).toEqual(["Pasting into this session is not part of your access.", "Carrying files into this session is not part of your access."]);
  page.tell("mouse", 300, 300, 0);
  await eventually(() => lab.rdp.typing("u3"), 20_000);
  page.type("printf kept-in | xclip -selection clipboard; echo on > /tmp/goes-on\n");
  await eventually(async () => (await lab.host.exec("cat /tmp/goes-on")).stdout === "on\n", 15_000);
  expect(page.shown.some((i) => i[0] === "clipboard")).toBe(false);
  page.ws.close();
  expect((await lab.ended()).ended?.ledger.refused).toEqual({ paste: 1, upload: 1 });
}), 60_000);

test("files where the policy gives them: up into the session's own folder, down again, told with their hash, and gone afterwards", () => under({ filesIn: true, filesOut: true }, async () => {
  const page = lab.page("u2"), text = `carried ${"x".repeat(3_000)}`, sha256 = createHash("sha256").update(text).digest("hex");
  const object = (await page.sees("filesystem", 30_000))[1]!;
  await eventually(() => page.shown.some((i) => i[0] === "img" && i[3] === "0"), 30_000);
  const session = lab.broker.last(), folder = driveOf(lab.guacd.home, session.id);
  page.tell("file", 1, "text/plain", "up.txt");
  await page.sees("ack");
  page.tell("blob", 1, Buffer.from(text).toString("base64"));
  page.tell("end", 1);
  await eventually(() => existsSync(join(folder, "up.txt")) && readFileSync(join(folder, "up.txt"), "utf8") === text, 10_000);
  page.tell("get", object, "/up.txt");
  const body = await page.sees("body", 10_000), stream = body[2]!;
  let down = "";
  for (let seen = 0, over = false; !over;) {
    page.tell("ack", stream, "OK", 0);
    await eventually(() => page.shown.filter((i) => (i[0] === "blob" || i[0] === "end") && i[1] === stream).length > seen, 10_000);
    const all = page.shown.slice(page.shown.indexOf(body)).filter((i) => (i[0] === "blob" || i[0] === "end") && i[1] === stream);
    seen = all.length;
    over = all.some((i) => i[0] === "end");
    down = all.filter((i) => i[0] === "blob").map((i) => Buffer.from(i[2]!, "base64").toString()).join("");
  }
  expect(down).toBe(text);
  page.ws.close();
  await lab.ended(session);
  expect(session.events).toEqual(expect.arrayContaining([
    expect.objectContaining({ kind: "carried", way: "in", what: "file", name: "up.txt", bytes: text.length, sha256, whole: true }),
    expect.objectContaining({ kind: "carried", way: "out", what: "file", name: "/up.txt", bytes: text.length, sha256, whole: true }),
  ]));
  await eventually(() => !existsSync(folder), 10_000);
}), 60_000);

const opcodes = (all: readonly (readonly string[])[]): string[] => all.map((i) => i[0]!);
const recorded = (session: ReturnType<RdpLab["broker"]["last"]>): string =>
  lab.recording(session).frames.filter((f) => f.channel === 1 && f.type === "output").map((f) => f.data.toString()).join("");

test("looked on at: the whole picture, then the recorded stream byte for byte; nothing said is heard; guacd's id goes to nobody; it ends with the session", () => under({ recordInput: false }, async () => {
  const page = lab.page("u1");
  expect(await early(page)).toBe(4008);
  await eventually(() => page.shown.some((i) => i[0] === "img" && i[3] === "0"), 30_000);
  page.tell("mouse", 300, 300, 0);
  await eventually(() => lab.rdp.typing("u1"), 20_000);
  const session = lab.broker.last(), begun = performance.now(), [one, two] = [lab.look(session.id), lab.look(session.id)];
  await Promise.all([one, two].map((o) => eventually(() => o.shown.some((i) => i[0] === "sync"), 10_000)));
  const took = performance.now() - begun;
  expect(one.said.map((m) => m.type)).toEqual(["again"]);
  expect(one.shown.slice(0, 12)).toContainEqual(["size", "0", "1024", "768"]);
  expect(opcodes(one.shown)).toContain("img");
  for (const o of [one, two]) { o.tell("key", 0x61, 1); o.tell("mouse", 1, 1, 1); o.tell("clipboard", 0, "text/plain"); o.ws.send(JSON.stringify({ type: "start", width: 800, height: 600 })); o.ws.send(Buffer.from("x")); o.type("echo watcher > /tmp/by-watcher\n"); }
  const at = one.shown.length;
  page.type("echo seen-$((40+2)) > /tmp/looked-on\n");
  await eventually(async () => (await lab.host.exec("cat /tmp/looked-on")).stdout === "seen-42\n", 15_000);
  expect((await lab.host.exec("ls /tmp/by-watcher")).code).not.toBe(0);
  await eventually(() => one.shown.length > at + 20);
  lab.proxy.cut(session.id, "killed", "ended by auditor: enough");
  expect(await Promise.all([one.closed(), two.closed()])).toEqual([4000, 4000]);
  await lab.ended(session);
  // The first of them are the picture; what follows it is in the recording as it was shown.
  expect(recorded(session)).toContain(one.shown.slice(-20).map((i) => instruction(...i)).join(""));
  expect(one.text().slice(-1_000)).toBe(two.text().slice(-1_000));
  for (const o of [one, two, page]) expect(o.text()).not.toMatch(/\$[0-9a-f]{8}-[0-9a-f]{4}|127\.\d+\.\d+\.\d+/);
  expect(session.ended?.ledger.refused).toEqual({});
  expect(took).toBeLessThan(5_000);
}), 90_000);
/** Nobody is shown a desktop that is not drawn yet: guacd would not live through it. */
const early = async (page: DesktopPage): Promise<number> => { await page.hears("hello"); return await lab.look(lab.broker.last().id).closed(); };

test("a lost connection comes back to the same desktop: nothing held down stays so, the recording goes on and says so, files are there again; later it is over", () => under({ graceMs: 3_000, filesOut: true }, async () => {
  const page = lab.page("u4");
  await page.sees("filesystem", 30_000);
  await eventually(() => page.shown.some((i) => i[0] === "img" && i[3] === "0"), 30_000);
  page.tell("mouse", 300, 300, 0);
  await eventually(() => lab.rdp.typing("u4"), 20_000);
  page.type("echo before-$((1+1)) > /tmp/before; sleep 1; echo while-$((1+2)) > /tmp/while-away\n");
  await eventually(async () => (await lab.host.exec("cat /tmp/before")).stdout === "before-2\n", 15_000);
  page.tell("key", 0xffe1, 1);
  const session = lab.broker.last();
  page.ws.terminate();
  await eventually(() => session.events.some((e) => e.kind === "away"));
  await eventually(async () => (await lab.host.exec("cat /tmp/while-away")).stdout === "while-3\n", 5_000);
  const begun = performance.now(), again = lab.back(session.id, { start: { width: 1280, height: 720 } });
  expect(await again.hears("hello")).toMatchObject({ session: session.id, again: true, graceMs: 3_000 });
  await eventually(() => again.shown.some((i) => i[0] === "img" && i[3] === "0"), 10_000);
  const took = performance.now() - begun;
  await again.sees("filesystem");
  await eventually(() => again.shown.some((i) => i[0] === "size" && i[1] === "0" && i[2] === "1280" && i[3] === "720"), 15_000);
  again.type("echo again-abc > /tmp/again\n");
  await eventually(async () => (await lab.host.exec("cat /tmp/again")).stdout === "again-abc\n", 15_000);
  const third = lab.back(session.id);
  await third.sees("sync", 10_000);
  expect(await again.closed()).toBe(4001);
  expect(lab.broker.sessions.filter((s) => s.id === session.id).length).toBe(1);
  third.ws.terminate();
  const gone = performance.now();
  expect((await lab.ended(session)).ended).toMatchObject({ why: "client_closed", detail: "the browser did not come back in time" });
  expect(performance.now() - gone).toBeGreaterThan(2_500);
  expect(lab.proxy.door(session.id), "no process has it any more").toBeUndefined();
  const { frames, verdict } = lab.recording(session), marks = frames.filter((f) => f.type === "mark" && f.channel === 1).map((f) => f.data.toString());
  expect(verdict.complete).toBe(true);
  expect(marks).toEqual(["the browser lost its connection", "the browser came back", "the browser came back", "the browser lost its connection"]);
  expect(recorded(session)).toContain(again.shown.filter((i) => i[0] !== "filesystem").slice(-20).map((i) => instruction(...i)).join(""));
  const keys = parse(frames.filter((f) => f.type === "input").map((f) => f.data.toString()).join(""))!.filter((i) => i[0] === "key" && i[1] === String(0xffe1));
  expect(keys.at(-1)?.[2]).toBe("0");
  expect(took).toBeLessThan(5_000);
}), 90_000);
