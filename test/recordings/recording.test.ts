import { execFileSync } from "node:child_process";
import { createSecretKey, randomBytes } from "node:crypto";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { atOnce, restfully } from "../../src/kernel/rest.ts";
import { recovering } from "../../src/recordings/reader.ts";
import { toAsciicast, transcript } from "../../src/recordings/asciicast.ts";
import type { Frame, FrameType, Manifest } from "../../src/recordings/frame.ts";
import { readFrames, recover, verifyRecording } from "./read.ts";
import type { Recording } from "../../src/recordings/writer.ts";
import { LIMIT, startRecording } from "../../src/recordings/writer.ts";

const dir = mkdtempSync(join(tmpdir(), "lockstep-rec-")), key = createSecretKey(randomBytes(32)), ID = "rec_test";
const manifest: Manifest = { session: "ses_1", person: "requester", account: "root", target: "web-1", address: "127.0.0.1:22", protocol: "ssh", started: "2026-01-02T03:04:05.000Z" };
let n = 0;
const open = (directory = dir, onDead: (e: Error) => void = (e) => { throw e; }): { file: string; recording: Recording } => {
  const file = join(directory, `${++n}.lsr`);
  return { file, recording: startRecording({ directory, file, recording: ID, key, manifest, clock: systemClock, onDead }) };
};
const read = (file: string): Frame[] => [...readFrames(file, key, ID)].map((f) => ({ ...f, data: Buffer.from(f.data) }));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("writing and reading", () => {
  test("every frame comes back, in order, in time, whole", async () => {
    const types: FrameType[] = ["input", "output", "error", "resize", "mark"];
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom(...types), fc.integer({ min: 0, max: 5 }), fc.uint8Array({ maxLength: 3_000 })), { maxLength: 60 }),
      async (all) => {
        const { file, recording } = open(), passed: number[] = [];
        all.forEach(([type, channel, data], i) => recording.put(type, channel, data, () => passed.push(i)));
        const head = await recording.close("client_closed"), frames = read(file);
        expect(passed).toEqual(all.map((_, i) => i));
        expect(frames.slice(1, -1).map((f) => [f.type, f.channel, [...f.data]])).toEqual(all.map(([t, c, d]) => [t, c, [...d]]));
        expect(frames.map((f) => f.seq)).toEqual(frames.map((_, i) => i));
        expect(frames.every((f, i) => i === 0 || f.time >= (frames[i - 1]?.time ?? 0))).toBe(true);
        expect(verifyRecording(file, key, ID)).toMatchObject({ complete: true, hash: head.hash, chunks: head.chunks, bytes: statSync(file).size });
      }), { numRuns: 40 });
  });

  test("a piece larger than a chunk is split and comes back whole", async () => {
    const { file, recording } = open(), big = randomBytes(300_000);
    recording.put("output", 1, big);
    await recording.close("client_closed");
    expect(Buffer.concat(read(file).filter((f) => f.type === "output").map((f) => f.data)).equals(big)).toBe(true);
  });

  test("law: recorder-first: bytes pass on only when they are in the file", () => new Promise<void>((done) => {
    const { file, recording } = open(), text = Buffer.from("seen by the user");
    let called = false;
    recording.put("output", 1, text, () => {
      called = true;
      expect(read(file).at(-1)?.data.equals(text)).toBe(true);
      done();
    });
    expect(called).toBe(false);
  }));

  test("law: one chunk is written, read back and opened before anything else; the file is private", () => {
    const { file } = open();
    expect(verifyRecording(file, key, ID)).toMatchObject({ chunks: 1, frames: 1, complete: false });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file).includes("requester")).toBe(false);
  });

  test("a queue that the file cannot follow ends the recording instead of growing", () => {
    let why: Error | undefined;
    const { recording } = open(dir, (e) => { why = e; });
    for (let i = 0; i * 65_536 <= LIMIT; i++) recording.put("output", 1, Buffer.alloc(65_536));
    expect(why?.message).toBe("the recording cannot keep up");
    let passed = false;
    recording.put("output", 1, Buffer.from("x"), () => { passed = true; });
    recording.after(() => { passed = true; });
    recording.flush();
    expect(passed).toBe(false);
  });
});

describe("law: whatever was changed is found", () => {
  const sample = async (): Promise<{ file: string; bytes: Buffer }> => {
    const { file, recording } = open();
    for (let i = 0; i < 5; i++) { recording.put("output", 1, Buffer.from(`line ${i}\n`)); recording.flush(); }
    await recording.close("client_closed");
    return { file, bytes: readFileSync(file) };
  };
  test("any byte, anywhere", async () => {
    const { file, bytes } = await sample();
    for (let at = 0; at < bytes.length; at++) {
      const bad = Buffer.from(bytes);
      bad[at] = (bad[at] ?? 0) ^ 0x41;
      writeFileSync(file, bad);
      const verdict = verifyRecording(file, key, ID);
      expect(verdict.complete, `byte ${at}`).toBe(false);
      expect(verdict.broken?.why, `byte ${at}`).toMatch(at < 8 ? /not_a_recording/ : /altered|torn|out_of_order/);
    }
  });
  test("a cut end: torn inside a chunk, incomplete between two", async () => {
    const { file, bytes } = await sample();
    let incomplete = 0;
    for (let size = 8; size < bytes.length; size++) {
      writeFileSync(file, bytes.subarray(0, size));
      const verdict = verifyRecording(file, key, ID);
      expect(verdict.complete).toBe(false);
      if (verdict.broken === undefined) incomplete++; else expect(verdict.broken.why).toBe("torn");
    }
    expect(incomplete).toBe(7); // before the first of seven chunks, and after each but the last
  });
  test("something added", async () => {
    const { file } = await sample();
    appendFileSync(file, randomBytes(200));
    expect(verifyRecording(file, key, ID)).toMatchObject({ complete: false, broken: { chunk: 7 } });
  });
});

test("however large, it lets others be heard after each chunk, mended as well as read", async () => {
  const { file, recording } = open();
  for (let i = 0; i < 40; i++) { recording.put("output", 1, Buffer.alloc(65_000, i)); recording.flush(); }
  truncateSync(file, statSync(file).size - 10);
  let ms = 0, heard = 0, over = false;
  const others = (): void => { heard += 1; if (!over) setImmediate(others); };
  setImmediate(others);
  // A clock on which each look at it is later by more than a turn.
  const verdict = await restfully({ mono: () => (ms += 20) }, recovering({ file, key, id: ID }));
  over = true;
  expect(verdict).toMatchObject({ complete: true, chunks: 41 });
  expect(heard).toBeGreaterThanOrEqual(40 + 41);
  rmSync(file);
});

describe("recovery", () => {
  test("cuts to the last good chunk, marks it, and is then complete; a second run changes nothing", () => {
    const { file, recording } = open();
    recording.put("output", 1, Buffer.from("kept"));
    recording.flush();
    const good = statSync(file).size;
    recording.put("output", 1, Buffer.from("torn away"));
    recording.flush();
    truncateSync(file, good + 30);
    const verdict = recover(file, key, ID);
    expect(verdict).toMatchObject({ dropped: 30, complete: true });
    expect(read(file).map((f) => f.type)).toEqual(["manifest", "output", "mark", "end"]);
    const after = readFileSync(file);
    expect(recover(file, key, ID)).toMatchObject({ dropped: 0, complete: true });
    expect(readFileSync(file).equals(after)).toBe(true);
  });
  test("two that come at once cut once: whoever finds it changed meanwhile looks again", () => {
    const { file, recording } = open();
    recording.put("output", 1, Buffer.from("kept"));
    recording.flush();
    const good = statSync(file).size;
    recording.put("output", 1, Buffer.from("torn away"));
    recording.flush();
    truncateSync(file, good + 30);
    const first = recovering({ file, key, id: ID }), second = recovering({ file, key, id: ID });
    first.next();
    second.next();
    expect([atOnce(first).dropped, atOnce(second).dropped]).toEqual([30, 0]);
    expect(read(file).map((f) => f.type)).toEqual(["manifest", "output", "mark", "end"]);
  });
  test("a file that is no recording is left alone", () => {
    const file = join(dir, "other");
    writeFileSync(file, "something else entirely");
    expect(recover(file, key, ID)).toMatchObject({ dropped: 0, broken: { why: "not_a_recording" } });
    expect(readFileSync(file, "utf8")).toBe("something else entirely");
  });
});

describe("law: no recorder, no session", () => {
  const small = join(dir, "small");
  beforeAll(() => { mkdirSync(small); execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", small]); });
  afterAll(() => { execFileSync("umount", [small]); });

  test("a full disk ends the recording: nothing more passes, and the file opens up to there", async () => {
    let why: Error | undefined;
    const { file, recording } = open(small, (e) => { why = e; }), passed: number[] = [];
    for (let i = 0; i < 20 && why === undefined; i++) { recording.put("output", 1, Buffer.alloc(32_000, i), () => passed.push(i)); recording.flush(); }
    expect(why?.message).toMatch(/ENOSPC|only a part/);
    await recording.close("recording_failed");
    const kept = read(file).filter((f) => f.type === "output").length;
    expect(passed.length).toBe(kept);
    expect(recover(file, key, ID).broken).toBeUndefined();
    rmSync(file);
  });
  test("under a tenth free no new one is opened, and nothing is left behind", () => {
    writeFileSync(join(small, "filler"), Buffer.alloc(235_000));
    const before = readdirSync(small);
    expect(() => open(small)).toThrow("the disk for recordings is nearly full");
    expect(readdirSync(small)).toEqual(before);
  });
  test("a directory that is not there", () => expect(() => open(join(dir, "nowhere"))).toThrow("no recording can be made here"));
});

describe("asciicast", () => {
  const f = (type: FrameType, text: string | Buffer, time: number, channel = 1): Frame => ({ seq: 0, time, type, channel, data: Buffer.from(text as string) });
  const euro = Buffer.from("€");
  const frames = [f("manifest", JSON.stringify(manifest), 0, 0), f("opened", JSON.stringify({ kind: "shell", term: "xterm-256color", cols: 100, rows: 30 }), 50),
    f("output", "a\x1b[1mb\x1b[0m\r\n", 60), f("output", euro.subarray(0, 2), 70), f("output", euro.subarray(2), 80), f("resize", "120x40", 1_050),
    f("input", "x", 1_060), f("output", "other", 1_070, 2), f("mark", "expired", 1_080, 0), f("output", "abc\b\b\bxyz\x1b]0;title\x07", 1_090)];
  test("v2: header, output, resize, input, marks; a split character comes out whole", () => {
    const [head, ...events] = [...toAsciicast(frames)].map((line) => JSON.parse(line) as unknown);
    expect(head).toEqual({ version: 2, width: 100, height: 30, timestamp: 1767323045, title: "requester as root on web-1", env: { TERM: "xterm-256color" } });
    expect(events).toEqual([[0.01, "o", "a\x1b[1mb\x1b[0m\r\n"], [0.03, "o", "€"], [1, "r", "120x40"], [1.01, "i", "x"], [1.03, "m", "expired"],
      [1.04, "o", "abc\b\b\bxyz\x1b]0;title\x07"]]);
  });
  test("transcript: text without escapes, backspaces applied", () => expect(transcript(frames)).toBe("ab\n€xyz"));
});
