/** Redis' protocol: whatever way its bytes are cut, and whatever is no Redis. */
import { Duplex } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encode, parse, RespError, respOn, type Reply } from "../../src/wires/resp.ts";

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
        expect(parse(bytes)).toEqual({ reply, next: bytes.length });
        expect(parse(bytes.subarray(0, cut))).toBeUndefined();
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
    for (const bad of ["HTTP/1.1 400\r\n", "$99999999999\r\n", ":x\r\n", "$1\r\nxyz", "*1\r\n".repeat(20), "$-7\r\n", "*20000000\r\n"]) {
      await expect(respOn(saying([Buffer.from(bad)]).stream).ask(["PING"]), bad).rejects.toThrow(/does not answer as Redis does/);
    }
    const { stream } = saying([Buffer.from("+OK\r\n+OK\r\n")]),
      resp = respOn(stream);
    expect(await resp.ask(["PING"])).toEqual(["OK"]);
    await expect(resp.ask(["PING"])).rejects.toThrow(/nobody asked for/);
  });
});
