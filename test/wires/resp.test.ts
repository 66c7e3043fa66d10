/** Redis' protocol: whatever way its bytes are cut, and whatever is no Redis. */
import { Duplex } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encode, RespError, respOn, respReader, type Reply } from "../../src/wires/resp.ts";

const EOL = Buffer.from("\r\n");
const write = (r: Reply): string =>
  r === null
    ? "$-1\r\n"
    : typeof r === "number"
      ? `:${r}\r\n`
      : r instanceof RespError
        ? `-${r.message}\r\n`
        : typeof r === "string"
          ? `$${Buffer.byteLength(r)}\r\n${r}\r\n`
          : `*${r.length}\r\n${(r as Reply[]).map(write).join("")}`;
const replies = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: "grapheme" }),
    fc.integer({ min: -1_000_000, max: 1_000_000 }),
    fc.constant(null),
    fc.constant(new RespError("ERR no")),
    fc.array(tie("reply"), { maxLength: 4 }),
  ),
})).reply;
/** A stream whose other end says these parts, and keeps what it hears. */
const saying = (parts: readonly Buffer[]) => {
  const heard: Buffer[] = [],
    stream = new Duplex({
      read: () => undefined,
      write: (part: Buffer, _e, done) => {
        heard.push(part);
        done();
      },
    });
  setImmediate(() => {
    for (const p of parts) stream.push(p);
  });
  return { stream, heard };
};

describe("RESP", () => {
  test("every reply is read whole, however its bytes are cut, and never from a part of it", () => {
    fc.assert(
      fc.property(replies, fc.nat(), (reply, at) => {
        const bytes = Buffer.from(write(reply)),
          cut = at % bytes.length;
        expect(respReader()(bytes)).toEqual([reply]);
        const read = respReader();
        expect([read(bytes.subarray(0, cut)), read(bytes.subarray(cut))]).toEqual([[], [reply]]);
      }),
    );
  });
  test("replies come back in the order of what was asked, cut anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(replies, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 7 }), async (all, size) => {
        const bytes = Buffer.from(all.map(write).join("")),
          parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
        expect(await respOn(saying(parts).stream).ask(...all.map(() => ["PING"]))).toEqual(all);
      }),
      { numRuns: 60 },
    );
  });
  test("an argument is a length and bytes: nothing in it is a command", () => {
    expect(encode(["AUTH", "a\r\n*1\r\n$8\r\nFLUSHALL", "ü"]).toString()).toBe("*3\r\n$4\r\nAUTH\r\n$19\r\na\r\n*1\r\n$8\r\nFLUSHALL\r\n$2\r\nü\r\n");
  });
  test("what is no Redis, too deep, too long or unasked ends the connection with a sentence", async () => {
    for (const bad of ["HTTP/1.1 400\r\n", "$99999999999\r\n", ":x\r\n", "$1\r\nxyz", "*1\r\n".repeat(20), "$-7\r\n", "*20000000\r\n", "*100001\r\n", "+".repeat(70_000), `*2\r\n*60000\r\n${":1\r\n".repeat(60_000)}*60000\r\n${":1\r\n".repeat(60_000)}`]) {
      await expect(respOn(saying([Buffer.from(bad)]).stream).ask(["PING"]), bad).rejects.toThrow(/does not answer as Redis does/);
    }
    const { stream } = saying([Buffer.from("+OK\r\n+OK\r\n")]),
      resp = respOn(stream);
    expect(await resp.ask(["PING"])).toEqual(["OK"]);
    await expect(resp.ask(["PING"])).rejects.toThrow(/nobody asked for/);
  });
  test("a long reply in small parts is read as it comes: every byte once", async () => {
    const begun = performance.now(),
      read = respReader(),
      out = read(Buffer.from("*100\r\n"));
    // A megabyte a value, in parts of 64 bytes; and then lists of numbers, one byte at a time.
    for (let i = 0; i < 8; i++) {
      out.push(...read(Buffer.from(`$1048576\r\n`)));
      for (let n = 0; n < 16_384; n++) out.push(...read(Buffer.alloc(64)));
      out.push(...read(EOL));
    }
    for (let i = 0; i < 92; i++) {
      for (const c of `*1000\r\n${":1\r\n".repeat(1_000)}`) out.push(...read(Buffer.from(c)));
    }
    expect([out.length, (out[0] as Reply[]).length]).toEqual([1, 100]);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});
