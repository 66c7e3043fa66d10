/** The watcher alone: the same story however a stream is cut up, every byte in one hash, nothing thrown whatever comes. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FileOp } from "../../proxy/sftp/watch.ts";
import { SftpWatch } from "../../proxy/sftp/watch.ts";
import { upSchema } from "../../proxy/channel.ts";
import { watchingFiles } from "../../proxy/ssh/files.ts";
import { ALL_FILES, fileRefusal, hasPaths, type FileRules } from "../../src/domain/files.ts";

const u32 = (n: number): Buffer => { const b = Buffer.alloc(4); b.writeUInt32BE(n >>> 0); return b; }, u64 = (n: number): Buffer => Buffer.concat([u32(Math.floor(n / 2 ** 32)), u32(n)]);
const str = (s: string | Buffer): Buffer => { const b = Buffer.from(s as string); return Buffer.concat([u32(b.length), b]); };
const packet = (type: number, ...parts: Buffer[]): Buffer => { const body = Buffer.concat(parts); return Buffer.concat([u32(body.length + 1), Buffer.from([type]), body]); };
const sha = (b: Buffer): string => createHash("sha256").update(b).digest("hex");

type Step = { readonly client: Buffer } | { readonly server: Buffer };
const client = (b: Buffer): Step => ({ client: b }), server = (b: Buffer): Step => ({ server: b });
const OPENED = (id: number, h: string): Step => server(packet(102, u32(id), str(h))), STATUS = (id: number, code: number): Step => server(packet(101, u32(id), u32(code), str(""), str("")));
const HELLO: Step[] = [client(packet(1, u32(6))), server(packet(2, u32(3), str("limits@openssh.com"), str("1")))];

type Heard = { ops: FileOp[]; toServer: Buffer; toClient: Buffer; broken: string[]; watch: SftpWatch };
/** `cut`: how long each piece may be; 0 is whole. */
const play = (steps: readonly Step[], rules: FileRules, cut: (i: number) => number): Heard => {
  const toServer: Buffer[] = [], toClient: Buffer[] = [], ops: FileOp[] = [], broken: string[] = [];
  const watch = new SftpWatch({ refusal: (a, home) => fileRefusal(rules, a, home), paths: hasPaths(rules), toServer: (b) => toServer.push(Buffer.from(b)), toClient: (b) => toClient.push(Buffer.from(b)), answer: (b) => toClient.push(Buffer.from(b)), tell: (o) => ops.push(o), broken: (w) => broken.push(w) });
  let i = 0;
  const pieces = (all: Buffer, send: (b: Buffer) => void): void => { for (let at = 0, n = 0; at < all.length; at += n) { n = cut(i++) || all.length; send(Buffer.from(all.subarray(at, at + n))); } };
  for (const step of steps) if ("client" in step) pieces(step.client, (b) => watch.fromClient(b)); else pieces(step.server, (b) => watch.fromServer(b));
  watch.over();
  return { ops, toServer: Buffer.concat(toServer), toClient: Buffer.concat(toClient), broken, watch };
};
const bytesOf = (steps: readonly Step[], side: "client" | "server"): Buffer => Buffer.concat(steps.flatMap((s) => side in s ? [(s as Record<string, Buffer>)[side]!] : []));
const whole = (steps: readonly Step[], rules: FileRules = ALL_FILES): Heard => play(steps, rules, () => 0);

/** A put, a get, a list and some small things, with their answers. */
const put = (id: number, path: string, parts: readonly Buffer[]): Step[] => {
  let at = 0;
  const writes = parts.map((p, i) => { const b = packet(6, u32(id + 1 + i), str(`w${id}`), u64(at), str(p)); at += p.length; return client(b); });
  return [client(packet(3, u32(id), str(path), u32(2 | 8 | 16), u32(0))), OPENED(id, `w${id}`), ...writes, ...parts.map((_, i) => STATUS(id + 1 + i, 0)), client(packet(4, u32(id + 50), str(`w${id}`))), STATUS(id + 50, 0)];
};
const get = (id: number, path: string, parts: readonly Buffer[]): Step[] => {
  let at = 0;
  const reads = parts.map((p, i) => { const b = packet(5, u32(id + 1 + i), str(`r${id}`), u64(at), u32(p.length)); at += p.length; return client(b); });
  return [client(packet(3, u32(id), str(path), u32(1), u32(0))), OPENED(id, `r${id}`), ...reads, ...parts.map((p, i) => server(packet(103, u32(id + 1 + i), str(p)))), client(packet(5, u32(id + 40), str(`r${id}`), u64(at), u32(9))), STATUS(id + 40, 1), client(packet(4, u32(id + 50), str(`r${id}`))), STATUS(id + 50, 0)];
};
const list = (id: number, path: string, n: number): Step[] => [client(packet(11, u32(id), str(path))), OPENED(id, `d${id}`), client(packet(12, u32(id + 1), str(`d${id}`))), server(packet(104, u32(id + 1), u32(n), ...Array.from({ length: n }, (_, i) => Buffer.concat([str(`f${i}`), str("long"), u32(0)])))),
  client(packet(12, u32(id + 2), str(`d${id}`))), STATUS(id + 2, 1), client(packet(4, u32(id + 3), str(`d${id}`))), STATUS(id + 3, 0)];
const small = (id: number, type: number, ...paths: string[]): Step[] => [client(packet(type, u32(id), ...paths.map((p) => str(p)), ...(type === 9 || type === 14 ? [u32(4), u32(0o100600)] : []))), STATUS(id, 0)];

const blob = fc.uint8Array({ minLength: 0, maxLength: 3_000 }).map((a) => Buffer.from(a)), parts = fc.array(blob, { minLength: 1, maxLength: 4 });
const path = fc.stringMatching(/^\/srv\/[a-z]{1,8}$/);
const part = fc.oneof(fc.tuple(fc.constant("put"), path, parts), fc.tuple(fc.constant("get"), path, parts), fc.tuple(fc.constant("list"), path, fc.nat(5)), fc.tuple(fc.constant("small"), path, fc.constantFrom(7, 9, 13, 14, 15, 17, 18, 20)));
const story = fc.array(part, { maxLength: 6 }).map((all) => [...HELLO, ...all.flatMap(([what, p, x], i): Step[] => {
  const id = 100 * (i + 1);
  return what === "put" ? put(id, p, x as Buffer[]) : what === "get" ? get(id, p, x as Buffer[]) : what === "list" ? list(id, p, x as number) : small(id, x as number, p, ...(x === 18 || x === 20 ? [`${p}2`] : []));
})]);
const RULES: FileRules[] = [ALL_FILES, { ...ALL_FILES, readOnly: true }, { ...ALL_FILES, noDelete: true }];

describe("however it is cut up", () => {
  test("the same operations, the same bytes, the same digests", () => {
    fc.assert(fc.property(story, fc.infiniteStream(fc.integer({ min: 1, max: 700 })), fc.constantFrom(...RULES), (steps, sizes, rules) => {
      const a = whole(steps, rules), lengths = [...sizes.take(20_000)], b = play(steps, rules, (i) => lengths[i % lengths.length] ?? 1), c = play(steps, rules, () => 1);
      for (const other of [b, c]) {
        expect(other.ops).toEqual(a.ops);
        expect(other.toServer.equals(a.toServer)).toBe(true);
        expect(other.toClient.length).toBe(a.toClient.length);
        expect([other.watch.digest("in"), other.broken]).toEqual([a.watch.digest("in"), []]);
      }
      if (rules === ALL_FILES) {
        const sent = bytesOf(steps, "client");
        sent.writeUInt32BE(3, 5); // brought down from version 6
        expect(a.toServer.equals(sent)).toBe(true);
        expect(a.toClient.equals(bytesOf(steps, "server"))).toBe(true);
      }
    }), { numRuns: 60 });
  });
  test("a file moved front to back has the hash of its content; each byte is in one hash", () => {
    fc.assert(fc.property(parts, (all) => {
      const content = Buffer.concat(all), put1 = whole([...HELLO, ...put(100, "/srv/x", all)]), get1 = whole([...HELLO, ...get(100, "/srv/x", all)]);
      expect(put1.ops).toEqual([{ op: "file", path: "/srv/x", detail: "write create truncate", result: "ok", written: { from: 0, bytes: content.length, sha256: sha(content) } }]);
      expect(get1.ops).toEqual([{ op: "file", path: "/srv/x", detail: "read", result: "ok", read: { from: 0, bytes: content.length, sha256: sha(content) } }]);
    }));
  });
});

describe("what is told", () => {
  test("a file left open, one moved out of order, one resumed, an unanswered request", () => {
    const { ops } = whole([...HELLO, client(packet(3, u32(1), str("/srv/a"), u32(2), u32(0))), OPENED(1, "h"), client(packet(6, u32(2), str("h"), u64(10), str("tail"))), client(packet(6, u32(3), str("h"), u64(0), str("head"))),
      client(packet(3, u32(4), str("/srv/b"), u32(2), u32(0))), OPENED(4, "i"), client(packet(6, u32(5), str("i"), u64(1e10), str("more"))), client(packet(13, u32(6), str("/srv/c")))]);
    expect(ops).toEqual([{ op: "remove", path: "/srv/c", result: "no answer" }, { op: "file", path: "/srv/a", detail: "write", result: "left open", written: { from: 10, bytes: 8, sha256: null } }, { op: "file", path: "/srv/b", detail: "write", result: "left open", written: { from: 1e10, bytes: 4, sha256: sha(Buffer.from("more")) } }]);
  });
  test("attributes, links, extensions and what came of them", () => {
    const ext = (id: number, name: string, ...rest: Buffer[]): Step => client(packet(200, u32(id), str(name), ...rest));
    const { ops } = whole([...HELLO, ...small(1, 9, "/srv/a"), ...small(2, 20, "/t", "/l"), ext(3, "posix-rename@openssh.com", str("/a"), str("/b")), STATUS(3, 4), ext(4, "hardlink@openssh.com", str("/a"), str("/b")), STATUS(4, 0), ext(5, "limits@openssh.com"), server(packet(201, u32(5))), ext(6, "new@example", str("x")), STATUS(6, 8), client(packet(3, u32(7), str("/no"), u32(1), u32(0))), STATUS(7, 2)]);
    expect(ops).toEqual([{ op: "setstat", path: "/srv/a", detail: "mode 0600", result: "ok" }, { op: "symlink", path: "/t", to: "/l", result: "ok" }, { op: "rename", path: "/a", to: "/b", result: "failure" }, { op: "hardlink", path: "/a", to: "/b", result: "ok" }, { op: "limits", path: "", result: "ok" },
      { op: "extension", path: "", detail: "new@example", result: "not supported" }, { op: "open", path: "/no", detail: "read", result: "no such file" }]);
  });
  test("copy-data: the copy is told and has no hash that nobody computed", () => {
    const { ops } = whole([...HELLO, client(packet(3, u32(1), str("/a"), u32(1), u32(0))), OPENED(1, "a"), client(packet(3, u32(2), str("/b"), u32(2), u32(0))), OPENED(2, "b"), client(packet(200, u32(3), str("copy-data"), str("a"), u64(0), u64(0), str("b"), u64(0))), STATUS(3, 0), client(packet(4, u32(4), str("b"))), STATUS(4, 0)]);
    expect(ops.slice(0, 2)).toEqual([{ op: "copy", path: "/a", result: "ok" }, { op: "file", path: "/b", detail: "write", result: "ok", written: { from: 0, bytes: 0, sha256: null } }]);
  });
  test("names that are no text, and control characters, are written out", () => {
    const { ops } = whole([...HELLO, client(packet(13, u32(1), str(Buffer.from("/caf\xe9", "latin1")))), STATUS(1, 0), client(packet(13, u32(2), str("/a\nb\x1b[2J"))), STATUS(2, 0)]);
    expect(ops.map((o) => o.path)).toEqual(["/caf\\xe9", "/a\\x0ab\\x1b[2J"]);
  });
});

describe("the sentence of a refusal, which names the path", () => {
  const HOME = server(packet(104, u32(0xffff_fff0), u32(1), str("/home/app1"), str(""), u32(0))), rules: FileRules = { ...ALL_FILES, deny: ["/srv/**"] };
  test("is told with what is no text written out; so is an extension's name", () => {
    const { ops } = whole([...HELLO, HOME, client(packet(13, u32(1), str("/srv/a\r\x1b[2Kremove /b: ok\r\n"))), client(packet(200, u32(2), str(Buffer.from("x\r\n\x9b", "latin1"))))], rules);
    expect(ops).toMatchObject([{ refused: "Your access does not include /srv/a\\x0d\\x1b[2Kremove /b: ok\\x0d\\x0a." }, { op: "extension", detail: "x\\x0d\\x0a\\x9b" }]);
  });
  test.each([["p", 4_096], ["\x01", 4_096], ["😀", 1_022]])("is in the audit event, however long the path: %j", (unit, times) => {
    const events: unknown[] = [], frames: unknown[] = [], session = { grant: { terms: { files: rules } }, event: (event: unknown) => { events.push(event); }, refuse: () => undefined };
    const tape = { channel: 1, event: (what: unknown) => { frames.push(what); }, watchedBy: () => undefined }, drop = (): void => undefined;
    const { fromUser, fromTarget } = watchingFiles(session as never, { say: drop, exit: drop } as never, tape as never, drop)({ toUser: drop, toTarget: drop, answer: drop });
    const path = Buffer.from(`/srv/${unit.repeat(times)}`).subarray(0, 4_096);
    for (const step of [...HELLO, HOME, client(packet(13, u32(1), str(path)))]) if ("client" in step) fromUser(Buffer.from(step.client)); else fromTarget(step.server);
    expect(events).toHaveLength(1);
    const [event] = events, sent = upSchema.safeParse({ kind: "event", n: 1, session: "ses_1", event });
    expect([sent.success, sent.error?.issues]).toEqual([true, undefined]);
    expect(event).toMatchObject({ op: "remove", result: "refused", refused: expect.stringMatching(/^Your access does not include \/srv\/.*…$/) as string });
    expect(frames).toMatchObject([{ op: "remove", result: "refused" }]);
  });
});

describe("what is denied", () => {
  test("is answered here, never forwarded, and stands between two packets of the server", () => {
    const data = Buffer.alloc(1_000, 7), half = packet(103, u32(2), str(data));
    const { toServer, toClient, ops } = whole([...HELLO, client(packet(3, u32(1), str("/srv/a"), u32(1), u32(0))), OPENED(1, "h"), client(packet(5, u32(2), str("h"), u64(0), u32(1_000))), server(half.subarray(0, 300)),
      client(packet(13, u32(3), str("/srv/a"))), server(half.subarray(300))], { ...ALL_FILES, noDelete: true });
    expect(toServer.includes(packet(13, u32(3), str("/srv/a")))).toBe(false);
    expect(toClient.subarray(-half.length - 200).includes(half)).toBe(true);
    const denied = toClient.subarray(toClient.indexOf(half) + half.length);
    expect([denied[4], denied.readUInt32BE(5), denied.readUInt32BE(9), denied.subarray(17, 17 + denied.readUInt32BE(13)).toString()]).toEqual([101, 3, 3, "Your access does not let you delete or replace files."]);
    expect(ops[0]).toEqual({ op: "remove", path: "/srv/a", result: "refused", refused: "Your access does not let you delete or replace files." });
  });
  test("a WRITE that is not allowed leaves no byte of its content behind", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 50 }), (cut) => {
      const steps = [...HELLO, client(packet(6, u32(1), str("h"), u64(0), str("SECRET-CONTENT"))), client(packet(17, u32(2), str("/x")))];
      const { toServer } = play(steps, { ...ALL_FILES, readOnly: true }, () => cut);
      expect(toServer.includes("SECRET")).toBe(false);
      expect(toServer.subarray(-packet(17, u32(2), str("/x")).length).equals(packet(17, u32(2), str("/x")))).toBe(true);
    }));
  });
  test("with rules about paths the server is asked for home first, once, and the client never sees it", () => {
    const rules: FileRules = { ...ALL_FILES, allow: ["~/in/**"] };
    const { toServer, toClient, ops } = whole([...HELLO, client(packet(13, u32(1), str("in/x"))), client(packet(13, u32(2), str(".bashrc"))), server(packet(104, u32(0xffff_fff0), u32(1), str("/home/app1"), str(""), u32(0))), STATUS(1, 0)], rules);
    expect(toServer.equals(Buffer.concat([packet(1, u32(3)), packet(16, u32(0xffff_fff0), str(".")), packet(13, u32(1), str("in/x"))]))).toBe(true);
    expect(toClient.includes("/home/app1\0")).toBe(false);
    expect(ops).toEqual([{ op: "remove", path: ".bashrc", result: "refused", refused: "Your access does not include /home/app1/.bashrc." }, { op: "remove", path: "in/x", result: "ok" }]);
  });
  describe("sent behind INIT in one go, before the target has answered", () => {
    const HOME = server(packet(104, u32(0xffff_fff0), u32(1), str("/home/app1"), str(""), u32(0))), INIT = packet(1, u32(3)), WELCOME = server(packet(2, u32(3)));
    const asks = (path: string): Buffer => packet(3, u32(1), str(path), u32(1), u32(0));
    test.each<[string, string, Partial<FileRules>]>([
      ["a pattern of home", "/home/app1/.ssh/id_x", { deny: ["~/.ssh/**"] }], ["a relative path", ".ssh/authorized_keys", { deny: ["/home/app1/.ssh/**"] }], ["a relative path that looks like an allowed one", "srv/x", { allow: ["/srv/**"] }],
    ])("%s: it is judged when home is known, however it is cut up", (_name, path, rules) => {
      for (const cut of [0, 1, 3]) {
        const { toServer, ops, broken } = play([client(Buffer.concat([INIT, asks(path)])), WELCOME, HOME], { ...ALL_FILES, ...rules }, () => cut);
        expect([toServer.toString("hex"), ops.map((o) => [o.op, o.result]), broken]).toEqual([Buffer.concat([INIT, packet(16, u32(0xffff_fff0), str("."))]).toString("hex"), [["open", "refused"]], []]);
      }
    });
    test("what is allowed passes then, whole and in order", () => {
      const more = Buffer.concat([asks("in/x"), packet(5, u32(2), str("h"), u64(0), u32(9))]), heard = (cut: number): Heard => play([client(Buffer.concat([INIT, more])), WELCOME, HOME], { ...ALL_FILES, allow: ["~/in/**"] }, () => cut);
      for (const cut of [0, 1, 7]) expect([heard(cut).toServer.subarray(-more.length).equals(more), heard(cut).broken]).toEqual([true, []]);
    });
    test.each([["a request", [client(asks("/home/app1/.ssh/id_x"))], "what the client sent is not SFTP"], ["a welcome", [WELCOME, HOME, client(asks("/home/app1/.ssh/id_x"))], "what the target sent is not SFTP"]])("%s before INIT ends it", (_name, steps, why) => {
      for (const cut of [0, 1]) {
        const { toServer, broken } = play([...steps, client(INIT), WELCOME], { ...ALL_FILES, deny: ["~/.ssh/**"] }, () => cut);
        expect([toServer.length, broken]).toEqual([0, [why]]);
      }
    });
    test("no answer of the target is taken for home before it was asked", () => {
      const { toServer, ops } = play([client(Buffer.concat([INIT, asks("/home/app1/.ssh/id_x")])), server(packet(104, u32(0xffff_fff0), u32(1), str("/elsewhere"), str(""), u32(0))), WELCOME, HOME], { ...ALL_FILES, deny: ["~/.ssh/**"] }, () => 0);
      expect([toServer.includes("id_x"), ops.length]).toEqual([false, 1]);
    });
  });
  test("a zero byte in a path is refused whatever the rules", () => expect(whole([...HELLO, client(packet(13, u32(1), str("/srv/a\0/etc/passwd")))]).ops[0]).toMatchObject({ result: "refused", refused: "A path cannot hold a zero byte." }));
});

describe("nonsense", () => {
  test("never throws; it is counted, and a stream that lost its frames stops and says so once", () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 400 })), { maxLength: 20 }), fc.constantFrom(...RULES, { ...ALL_FILES, deny: ["/x"] }), (pieces, rules) => {
      const steps = pieces.map(([up, b]) => up ? client(Buffer.from(b)) : server(Buffer.from(b))), heard = whole(steps, rules);
      expect(heard.broken.length).toBeLessThanOrEqual(1);
      expect(heard.toServer.length + heard.watch.lost).toBeLessThanOrEqual(bytesOf(steps, "client").length + bytesOf(steps, "server").length + 100);
    }), { numRuns: 500 });
  });
  test("well-framed packets of random content: never throws, rules hold", () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 60 })), { maxLength: 30 }), fc.boolean(), (packets, readOnly) => {
      const steps = [...HELLO, ...packets.map(([t, b]) => client(packet(t, Buffer.from(b))))], heard = whole(steps, { ...ALL_FILES, readOnly });
      if (!readOnly) return;
      for (let at = 0; at + 5 <= heard.toServer.length; at += 4 + heard.toServer.readUInt32BE(at)) expect([6, 9, 10, 13, 14, 15, 18, 20]).not.toContain(heard.toServer[at + 4]);
    }), { numRuns: 500 });
  });
  test.each([
    ["a length of nothing", client(Buffer.from("0000000001", "hex"))], ["a length of more than a mebibyte", client(Buffer.from("7fffffff01", "hex"))], ["a content longer than its packet", client(Buffer.concat([u32(30), Buffer.from([6]), u32(1), str("h"), u64(0), u32(999)]))],
    ["one number for two requests", client(Buffer.concat([packet(17, u32(5), str("/a")), packet(17, u32(5), str("/b"))]))], ["another version of the server", server(packet(2, u32(4)))], ["an answer without a number", server(packet(101, Buffer.from([1])))],
  ])("%s ends it, and nothing after it passes", (_name, step) => {
    const heard = whole([HELLO[0]!, step, client(packet(13, u32(9), str("/after")))]);
    expect(heard.broken).toHaveLength(1);
    expect(heard.toServer.includes("/after")).toBe(false);
  });
  test("packets nobody knows pass where nothing is bound, counted; else they are answered", () => {
    const odd = packet(77, u32(4), str("?")), free = whole([...HELLO, client(odd)]), bound = whole([...HELLO, client(odd)], { ...ALL_FILES, readOnly: true });
    expect([free.toServer.includes(odd), free.watch.strange, bound.toServer.includes(odd), bound.watch.strange]).toEqual([true, 1, false, 1]);
    expect(bound.ops[0]).toMatchObject({ op: "not understood", result: "refused", detail: "type 77" });
  });
});
