/** Streams in the hands of drivers. Rule: whatever a listener throws, the stream ends and nothing is thrown further. */
import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { caged, framer } from "../../src/wires/cage.ts";

const broke = () => new Error("caged");
/** One byte of length, then as many bytes. */
const frames = () => framer((b) => { if (b[0] === 0) throw new Error("none"); return b[0]; });
const cut = (all: Buffer, size: number): Buffer[] => Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.subarray(i * size, (i + 1) * size));

describe("a caged stream", () => {
  test("a listener that throws ends it with our own error, and nobody else hears of it", async () => {
    const stream = caged(new PassThrough(), { broke }), errors: Error[] = [];
    stream.on("error", (e) => errors.push(e)).on("data", () => { throw new RangeError("theirs"); });
    stream.push("x");
    await turn();
    expect([errors.map((e) => e.message), stream.destroyed]).toEqual([["caged"], true]);
  });
  test("an error that nobody listens for does not end the process", async () => {
    const stream = caged(new PassThrough(), { broke });
    stream.destroy(new Error("nobody's"));
    await turn();
    expect(stream.destroyed).toBe(true);
  });
  test("frames come whole and one by one; behind one that ended the stream there is none", async () => {
    const heard: string[] = [], stream = caged(new PassThrough(), { broke, frames: frames() });
    stream.on("error", () => undefined).on("data", (frame: Buffer) => { heard.push(frame.toString("latin1").slice(1)); if (heard.length === 2) stream.destroy(); });
    for (const part of ["\x03a", "b\x03cd", "\x03ef\x03"]) stream.push(Buffer.from(part, "latin1"));
    await turn();
    expect(heard).toEqual(["ab", "cd"]);
  });
  test("frames that are none are given to nobody, and neither is what came with them", async () => {
    const heard: Buffer[] = [], errors: string[] = [], stream = caged(new PassThrough(), { broke, frames: frames() });
    stream.on("error", (e) => errors.push(e.message)).on("data", (b: Buffer) => heard.push(b));
    stream.push(Buffer.from([2, 7, 0]));
    await turn();
    expect([heard, errors]).toEqual([[], ["caged"]]);
  });
  test("what has no end is ended", async () => {
    const errors: string[] = [], stream = caged(new PassThrough({ highWaterMark: 1 << 30 }), { broke }), mega = Buffer.alloc(1 << 20);
    let heard = 0;
    stream.on("error", (e) => errors.push(e.message)).on("data", (b: Buffer) => { heard += b.length; });
    for (let i = 0; i < 70 && !stream.destroyed; i++) stream.push(mega);
    await turn();
    expect([heard, errors]).toEqual([64 << 20, ["caged"]]);
  });
});
describe("a framer", () => {
  test("gives the same messages however they are cut, and nothing that is written over later", () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 30 }), fc.integer({ min: 1, max: 60 }), (bodies, size) => {
      const messages = bodies.map((b) => { const m = Buffer.from(b); m[0] = m.length; return m; }), read = frames();
      expect(cut(Buffer.concat(messages), size).flatMap((p) => read(p))).toEqual(messages);
    }));
  });
  test("a megabyte in single bytes costs what it would in one piece", () => {
    const one = Buffer.alloc(1), read = framer((b) => { calls += 1; return b.length < 4 ? undefined : 1 << 20; }), out: Buffer[] = [];
    let calls = 0;
    for (let i = 0; i < 1 << 20; i++) out.push(...read(one));
    expect([out.map((o) => o.length), calls]).toEqual([[1 << 20], 5]);
  });
});
