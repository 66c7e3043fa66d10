/** What one file transfer may keep in a session process, whoever floods it: a client, or a target that answers nothing or in crumbs. */
import { Duplex, PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import type { FileOp } from "../../proxy/sftp/watch.ts";
import { SftpWatch } from "../../proxy/sftp/watch.ts";
import { watchingFiles } from "../../proxy/ssh/files.ts";
import { relay } from "../../proxy/ssh/relay.ts";
import { ALL_FILES, fileRefusal, hasPaths, type FileRules } from "../../src/domain/files.ts";

const u32 = (n: number): Buffer => { const b = Buffer.alloc(4); b.writeUInt32BE(n >>> 0); return b; };
const str = (s: string | Buffer): Buffer => { const b = Buffer.from(s as string); return Buffer.concat([u32(b.length), b]); };
const packet = (type: number, ...parts: Buffer[]): Buffer => { const body = Buffer.concat(parts); return Buffer.concat([u32(body.length + 1), Buffer.from([type]), body]); };
const stat = (id: number, path: string, ...more: Buffer[]): Buffer => packet(17, u32(id), str(path), ...more), remove = (id: number, path: string): Buffer => packet(13, u32(id), str(path));
const open = (id: number): Buffer => packet(3, u32(id), str(`/srv/${id}`), u32(1), u32(0)), opened = (id: number, handle: string | Buffer): Buffer => packet(102, u32(id), str(handle)), ok = (id: number): Buffer => packet(101, u32(id), u32(0), str(""), str(""));

const watched = (rules: FileRules = ALL_FILES, count = { toServer: 0, toClient: 0 }) => {
  const ops: FileOp[] = [], broken: string[] = [], server: Buffer[] = [], client: Buffer[] = [];
  const toClient = (b: Buffer): void => { count.toClient += b.length; if (b.length < 1_000) client.push(Buffer.from(b)); };
  const watch = new SftpWatch({
    refusal: (a, home) => fileRefusal(rules, a, home), paths: hasPaths(rules), tell: (o) => ops.push(o), broken: (w) => broken.push(w),
    toServer: (b) => { count.toServer += b.length; if (b.length < 1_000) server.push(Buffer.from(b)); }, toClient, answer: toClient,
  });
  watch.fromClient(packet(1, u32(3)));
  watch.fromServer(packet(2, u32(3)));
  return { watch, ops, broken, count, toServer: () => Buffer.concat(server), toClient: () => Buffer.concat(client) };
};
const LATE = remove(99_999, "/after");

describe("what is waited for", () => {
  test("many long paths: their bytes have a bound, nothing after it passes, and each that passed is told", () => {
    const w = watched(), path = `/${"p".repeat(4_000)}`;
    let n = 0;
    while (w.broken.length === 0 && n < 5_000) w.watch.fromClient(stat(n++, path));
    w.watch.fromClient(LATE);
    w.watch.over();
    expect([w.broken, n, w.ops.length, w.toServer().includes("/after")]).toEqual([["the client used one number for two requests, or waits for too many answers"], Math.floor((4 << 20) / 4_001) + 1, n - 1, false]);
  });
  test("answers make room again", () => {
    const w = watched(), path = `/${"p".repeat(4_000)}`;
    for (let n = 0; n < 5_000; n++) { w.watch.fromClient(stat(n, path)); w.watch.fromServer(ok(n)); }
    expect([w.broken, w.ops.length]).toEqual([[], 5_000]);
  });
  test("of a large packet only its path is kept, and of an extension only its name's beginning", async () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void, w = watched(), held = (): number => { gc(); const { arrayBuffers, heapUsed } = process.memoryUsage(); return arrayBuffers + heapUsed; };
    const before = held();
    for (let n = 0; n < 100; n++) { w.watch.fromClient(stat(n, "/srv/x", Buffer.alloc(1_000_000))); w.watch.fromClient(packet(200, u32(10_000 + n), str("e".repeat(1_000_000)))); }
    // What was let go is given back beside the program, a moment later.
    await expect.poll(() => held() - before, { timeout: 5_000 }).toBeLessThan(20_000_000);
    w.watch.over();
    expect([w.broken, w.ops.length, new Set(w.ops.map((o) => o.detail ?? o.path))]).toEqual([[], 200, new Set(["/srv/x", "e".repeat(64)])]);
  });
  test("our own refusals, while the target is in the middle of a packet", () => {
    const w = watched({ ...ALL_FILES, noDelete: true });
    w.watch.fromServer(packet(104, u32(1), u32(0)).subarray(0, 7));
    for (let n = 0; n < 20_000; n++) w.watch.fromClient(remove(n, "/srv/x"));
    expect([w.broken, w.ops.length, w.count.toServer]).toEqual([["the client asks on and on for what it is not given"], 16_385, packet(1, u32(3)).length]);
  });
});

/** An end that takes what it is given only while it reads. */
const end = (room: number): Duplex & { reads(on: boolean): void; readonly taken: number } => {
  let on = true, taken = 0, held: (() => void) | undefined;
  const take = (): void => { const done = held; held = undefined; done?.(); };
  const stream = new Duplex({ readableHighWaterMark: 1 << 20, writableHighWaterMark: room, read: () => undefined, write: (data: Buffer, _encoding, done) => { taken += data.length; held = done; if (on) take(); } });
  return Object.defineProperty(Object.assign(stream, { reads: (now: boolean) => { on = now; if (now) take(); }, stderr: new PassThrough() }), "taken", { get: () => taken }) as never;
};
describe("refused, and the answers are not read", () => {
  const ROOM = 65_536, INIT = packet(1, u32(3)), BATCH = 100;
  const carried = () => {
    const user = end(ROOM), target = end(ROOM), refused: string[] = [], pauses = { user: 0 };
    const tape = { channel: 1, take: (_stream: string, _data: Buffer, pass: () => void) => { pass(); }, full: () => false, event: () => undefined, watchedBy: () => undefined, after: (then: () => void) => { then(); } };
    const session = { grant: { terms: { files: { ...ALL_FILES, noDelete: true } } }, event: ({ kind, op }: { kind: string; op: string }) => { if (kind === "file") refused.push(op); }, refuse: (what: string) => { refused.push(what); } };
    const person = { channel: user, over: false, say: () => undefined, exit: () => undefined };
    relay(person as never, { channel: target as never, exit: () => null }, tape as never, () => undefined, watchingFiles(session as never, person as never, tape as never, () => target.destroy()));
    user.on("pause", () => { pauses.user += 1; });
    user.push(INIT);
    target.push(packet(2, u32(3)));
    const flood = async (ask: (id: number) => Buffer, batches: number): Promise<void> => {
      for (let n = 0; n < batches; n++) { user.push(Buffer.concat(Array.from({ length: BATCH }, (_, i) => ask(n * BATCH + i)))); await turn(); }
    };
    return { user, target, refused, pauses, flood };
  };
  const length = packet(101, u32(0), u32(3), str("Your access does not let you delete or replace files."), str("")).length, welcome = packet(2, u32(3)).length;

  test("the client is heard no more until it reads; then everything is answered, and nothing was lost or ended", async () => {
    const c = carried();
    await turn();
    c.user.reads(false);
    await c.flood((id) => remove(id, "/srv/x"), 300);
    expect([c.user.isPaused(), c.user.writableLength < ROOM + BATCH * length * 2]).toEqual([true, true]);
    c.user.reads(true);
    for (let i = 0; i < 1_000 && c.user.taken < welcome + 30_000 * length; i++) await turn();
    expect([c.user.taken, c.user.isPaused(), c.refused.includes("sftp: ")]).toEqual([welcome + 30_000 * length, false, false]);
  });
  test("a client that reads is never held back", async () => {
    const c = carried();
    await c.flood((id) => remove(id, "/srv/x"), 300);
    await turn();
    expect([c.user.taken, c.pauses.user]).toEqual([welcome + 30_000 * length, 0]);
  });
  test.each([["user", "target"], ["target", "user"]] as const)("held back by both its ends it goes on when both are ready, %s first", async (first, second) => {
    const c = carried();
    await turn();
    for (const stuck of [c.user, c.target]) stuck.reads(false);
    c.user.push(Buffer.concat(Array.from({ length: 1_000 }, (_, i) => [stat(2 * i, `/srv/${"s".repeat(100)}`), remove(2 * i + 1, "/srv/x")]).flat()));
    const held: boolean[] = [];
    for (const then of [() => undefined, () => c[first].reads(true), () => c[second].reads(true)]) { await turn(); then(); await turn(); held.push(c.user.isPaused()); }
    expect(held).toEqual([true, true, false]);
  });
});

describe("refused in the protocol", () => {
  const sentence = (answer: Buffer): [id: number, code: number, text: string] => [answer.readUInt32BE(5), answer.readUInt32BE(9), answer.subarray(17, 17 + answer.readUInt32BE(13)).toString()];
  test.each<[string, Buffer, string]>([
    ["a path that no target has", remove(7, `/${"p".repeat(4_096)}`), "A path cannot be longer than 4096 bytes."], ["one of two", packet(18, u32(7), str("/a"), str("b".repeat(100_000))), "A path cannot be longer than 4096 bytes."],
    ["a handle that no target gives", packet(4, u32(7), str("h".repeat(257))), "A handle cannot be longer than 256 bytes."], ["the handle of a copy's end", packet(200, u32(7), str("copy-data"), str("a"), Buffer.alloc(16), str("h".repeat(500_000)), Buffer.alloc(8)), "A handle cannot be longer than 256 bytes."],
  ])("%s", (_name, ask, why) => {
    const w = watched(), before = w.count.toClient;
    w.watch.fromClient(ask);
    expect([sentence(w.toClient().subarray(before)), w.ops.map((o) => [o.result, o.refused]), w.count.toServer, w.broken]).toEqual([[7, 3, why], [["refused", why]], packet(1, u32(3)).length, []]);
    w.watch.fromClient(remove(8, `/${"p".repeat(4_095)}`));
    expect(w.count.toServer).toBeGreaterThan(4_000);
  });
  test("a file beyond those that may be open, asked for or open; after one was closed, the next", () => {
    const w = watched(), ask = (id: number): boolean => { const before = w.count.toServer; w.watch.fromClient(open(id)); return w.count.toServer > before; };
    const passed = Array.from({ length: 1_030 }, (_, i) => ask(i)).filter(Boolean).length;
    for (let i = 0; i < 1_024; i++) w.watch.fromServer(opened(i, `h${i}`));
    expect([passed, ask(2_000), w.ops.length, new Set(w.ops.map((o) => o.refused))]).toEqual([1_024, false, 7, new Set(["More than 1024 files are open at a time."])]);
    w.watch.fromClient(packet(4, u32(3_000), str("h5")));
    w.watch.fromServer(ok(3_000));
    expect([ask(2_001), ask(2_002), w.broken]).toEqual([true, false, []]);
    w.watch.fromServer(packet(101, u32(2_001), u32(2), str(""), str("")));
    expect(ask(2_003)).toBe(true);
  });
});

test("a handle of the target that nobody could use ends it, and the client never has it", () => {
  const w = watched();
  w.watch.fromClient(open(1));
  w.watch.fromServer(opened(1, Buffer.alloc(257, 104)));
  expect([w.broken, w.toClient().includes("hhhh")]).toEqual([["the target gave a handle of more than 256 bytes"], false]);
});

describe("in crumbs", () => {
  const within = (ms: number, work: () => void): void => { const begun = process.cpuUsage(); work(); expect(process.cpuUsage(begun).user / 1_000).toBeLessThan(ms); };
  const crumbs = (whole: Buffer, send: (part: Buffer) => void): void => { for (let i = 0; i < whole.length; i++) send(Buffer.from(whole.subarray(i, i + 1))); };
  test("a large packet costs what its bytes cost, either way, and comes out whole", () => {
    const w = watched(), up = stat(1, "/srv/x", Buffer.alloc(150_000)), down = packet(104, u32(1), u32(0), Buffer.alloc(150_000)), before = { ...w.count };
    within(2_000, () => { crumbs(up, (b) => w.watch.fromClient(b)); crumbs(down, (b) => w.watch.fromServer(b)); });
    expect([w.count.toServer - before.toServer, w.count.toClient - before.toClient, w.ops.map((o) => o.result), w.broken]).toEqual([up.length, down.length, ["ok"], []]);
  });
  test("so does what waits for the target's home; too much of it ends it, and then nothing is kept", () => {
    const rules = { ...ALL_FILES, allow: ["~/in/**"] }, w = watched(rules), some = Buffer.concat(Array.from({ length: 3_000 }, (_, i) => remove(i, "in/x"))), before = w.count.toServer;
    within(2_000, () => crumbs(some, (b) => w.watch.fromClient(b)));
    w.watch.fromServer(packet(104, u32(0xffff_fff0), u32(1), str("/home/app1"), str(""), u32(0)));
    expect([w.broken, w.count.toServer - before]).toEqual([[], some.length]);
    const late = watched(rules);
    late.watch.fromClient(Buffer.alloc((1 << 20) + 1));
    late.watch.fromClient(Buffer.alloc(1_000));
    expect([late.broken, late.watch.lost]).toEqual([["too much at once"], 1_000]);
    const far = watched(rules);
    far.watch.fromServer(packet(104, u32(0xffff_fff0), u32(1), str(`/${"h".repeat(4_096)}`), str(""), u32(0)));
    expect(far.broken).toEqual(["the target does not say where relative paths begin"]);
  });
});
