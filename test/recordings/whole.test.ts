import { createSecretKey, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { Terms } from "../../proxy/channel.ts";
import { Tape } from "../../proxy/recorder.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { channelsIn, type Channel } from "../../src/recordings/channels.ts";
import { FRAME_DATA, type Frame, type Manifest } from "../../src/recordings/frame.ts";
import { startRecording, type Recording } from "../../src/recordings/writer.ts";
import { readAll } from "./read.ts";

const dir = mkdtempSync(join(tmpdir(), "lockstep-whole-")), key = createSecretKey(randomBytes(32)), ID = "rec_test";
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const manifest: Manifest = { session: "ses_1", person: "requester", account: "root", target: "web-1", address: "127.0.0.1:22", protocol: "ssh", started: "2026-01-02T03:04:05.000Z" };
const terms = { record: "full", recordInput: true } as Terms;
let n = 0;
const recorded = async (make: (r: Recording) => void): Promise<Frame[]> => {
  const file = join(dir, `${++n}.lsr`), r = startRecording({ directory: dir, file, recording: ID, key, manifest, clock: systemClock, onDead: (e) => { throw e; } });
  make(r);
  await r.close("client_closed");
  const { frames, verdict } = readAll(file, key, ID);
  rmSync(file);
  expect(verdict.complete).toBe(true);
  return frames;
};
const said = (c: Channel): string => c.pieces.filter((p) => p.code === "o").map((p) => p.text).join("");
const IN_JSON = new Set(["manifest", "opened", "event", "closed", "end"]);

/** Up to as many bytes as one packet brings. */
const PACKET = 35_000;
const hostile = fc.tuple(fc.array(fc.oneof(fc.constantFrom("\x00", "\x01", "\x1b", "\x7f", '"', "\\", "\n", "é", "\u2028", "\ufeff", "😀", "\ud800", "\udc00", "a", "}"), fc.string({ unit: "binary", maxLength: 3 })), { minLength: 1, maxLength: 6 }),
  fc.oneof(fc.integer({ min: 0, max: PACKET }), fc.constant(PACKET))).map(([units, bytes]) => {
  const unit = units.join("");
  return unit === "" ? "" : unit.repeat(Math.floor(bytes / Buffer.byteLength(unit)));
});

describe("whatever a person names their terminal or runs", () => {
  test("the channel and all others are read back, the command in full, every frame of JSON by itself", async () => {
    await fc.assert(fc.asyncProperty(hostile, hostile, fc.string({ maxLength: 200 }), async (command, term, output) => {
      const frames = await recorded((r) => {
        const tapes = [1, 2].map((channel) => new Tape(r, { channel, kind: "exec", terminal: true, terms }));
        tapes[0]!.opened({ kind: "exec", command, term, cols: 90, rows: 30 } as never);
        tapes[1]!.opened({ kind: "exec", command: "true" });
        for (const t of tapes) t.take("out", Buffer.from(`${t.channel}${output}`), () => undefined);
        for (const t of tapes) t.closed(0, () => undefined);
      });
      const { manifest: from, channels } = channelsIn(frames), text = Buffer.from(output).toString();
      expect(from).toEqual(manifest);
      expect(channels.map((c) => c.opened)).toEqual([{ kind: "exec", command, term, cols: 90, rows: 30 }, { kind: "exec", command: "true" }]);
      expect(channels.map(said)).toEqual([`1${text}`, `2${text}`]);
      expect(channels.flatMap((c) => c.pieces.filter((p) => p.code === "m"))).toEqual([]);
      for (const f of frames.filter((x) => IN_JSON.has(x.type))) expect(JSON.parse(f.data.toString())).toBeTypeOf("object");
    }), { numRuns: 60 });
  });

  test("so is an operation with names longer than a frame", async () => {
    const long = "\x01".repeat(20_000), frames = await recorded((r) => {
      const tape = new Tape(r, { channel: 1, kind: "sftp", terminal: false, terms });
      tape.opened({ kind: "sftp" });
      tape.event({ op: "remove", path: long, result: "ok" });
    });
    expect(said(channelsIn(frames).channels[0]!), "written out, and all of it").toBe(`remove ${"\\x01".repeat(20_000)}: ok\r\n`);
    expect(frames.every((f) => f.data.length <= FRAME_DATA)).toBe(true);
  });
});

describe("recordings made before", () => {
  const before = (command: string) => recorded((r) => {
    r.put("opened", 1, Buffer.from(JSON.stringify({ kind: "exec", command })));
    r.put("output", 1, Buffer.from("first"));
    r.put("opened", 2, Buffer.from(JSON.stringify({ kind: "exec", command: "true" })));
    r.put("output", 2, Buffer.from("second"));
  });
  test("an opening that was split over several frames is put together", async () => {
    for (const size of [10, FRAME_DATA - 28, FRAME_DATA - 27, 66_000, 200_000, 2 * FRAME_DATA - 28]) {
      const command = "x".repeat(size), { channels } = channelsIn(await before(command));
      expect(channels.map((c) => [c.opened, said(c)])).toEqual([[{ kind: "exec", command }, "first"], [{ kind: "exec", command: "true" }, "second"]]);
    }
  });
  test("one of which a part is missing is of an unknown kind, and hides nothing but itself", async () => {
    const frames = (await before("x".repeat(200_000))).filter((f) => f.type !== "opened" || f.seq !== 2), { channels } = channelsIn(frames);
    expect(channels.map((c) => [c.opened.kind, said(c)])).toEqual([["unknown", "first"], ["exec", "second"]]);
  });
  test("an operation or a manifest that cannot be read hides nothing else", async () => {
    const frames = (await before("true")).map((f) => (f.type === "manifest" ? { ...f, data: Buffer.from("{") } : f));
    frames.splice(3, 0, { seq: 2.5, time: 1, type: "event", channel: 1, data: Buffer.from("{\"op\":") });
    const { manifest: from, channels } = channelsIn(frames);
    expect(from).toBeUndefined();
    expect(channels.map(said)).toEqual(["firstsomething was done here that cannot be read\r\n", "second"]);
  });
  test("a recording that stops within what follows an opening has the channel all the same", async () => {
    const frames = await recorded((r) => r.say("opened", 1, { kind: "exec", command: "x".repeat(150_000) }));
    expect(channelsIn(frames.slice(0, 3)).channels.map((c) => c.opened.kind)).toEqual(["exec"]);
  });
});
