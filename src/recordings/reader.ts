/**
 * Reads recordings back, and mends what a crash left. Rule: every byte given out was opened in its place in the chain; the first chunk
 * that does not open ends the reading and says why.
 */
import type { KeyObject } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import type { Broken } from "../crypto/frames.ts";
import { CHUNK, HEAD, TAG, genesis, openChunk, sealer } from "../crypto/frames.ts";
import type { Frame, FrameType } from "./frame.ts";
import { FRAME_HEAD, framesOf, writeHead } from "./frame.ts";
import { MAGIC } from "./writer.ts";

/** `complete`: it ends with an end frame. `bytes`: of the file up to the last good chunk. */
export type Verdict = { readonly chunks: number; readonly hash: string; readonly bytes: number; readonly frames: number; readonly complete: boolean;
  readonly broken?: { readonly chunk: number; readonly why: Broken | "not_a_recording" } };
type Handle = { readonly fd: number; readonly key: KeyObject; readonly recording: string };

const WINDOW = 1 << 20;

/** Bytes [at, at + n) of the file, or what is there of them; read a window at a time. */
const window = (fd: number): ((at: number, n: number) => Buffer) => {
  let from = 0, held = Buffer.alloc(0);
  return (at, n) => {
    if (at < from || at + n > from + held.length) {
      const fresh = Buffer.allocUnsafe(WINDOW);
      from = at;
      held = fresh.subarray(0, readSync(fd, fresh, 0, WINDOW, at));
    }
    return held.subarray(at - from, at - from + n);
  };
};

/** Yields the frames, returns the verdict. */
function* walk({ fd, key, recording }: Handle): Generator<Frame, Verdict> {
  const bytesAt = window(fd), size = fstatSync(fd).size;
  let at = MAGIC.length, chunks = 0, hash = genesis(recording), complete = false, frames = 0;
  const verdict = (why?: Broken | "not_a_recording"): Verdict =>
    ({ chunks, hash: hash.toString("hex"), bytes: at, frames, complete: complete && why === undefined, ...(why === undefined ? {} : { broken: { chunk: chunks, why } }) });
  if (!bytesAt(0, MAGIC.length).equals(MAGIC)) return verdict("not_a_recording");
  while (at < size) {
    const opened = openChunk(key, recording, chunks, hash, bytesAt(at, HEAD + CHUNK + TAG), 0);
    if (!opened.ok) return verdict(opened.why);
    for (const frame of framesOf(opened.body)) { complete = frame.type === "end"; frames++; yield frame; }
    ({ hash } = opened);
    at += opened.size;
    chunks++;
  }
  return verdict();
}

/** All good frames; the generator's return value is the verdict. */
export function* readFrames(file: string, key: KeyObject, recording: string): Generator<Frame, Verdict> {
  const fd = openSync(file, "r");
  try { return yield* walk({ fd, key, recording }); } finally { closeSync(fd); }
}

/** Opens every chunk and keeps nothing. */
export const verifyRecording = (file: string, key: KeyObject, recording: string): Verdict => {
  const frames = readFrames(file, key, recording);
  for (;;) { const next = frames.next(); if (next.done === true) return next.value; }
};

const frame = (seq: number, time: number, type: FrameType, text: string): Buffer => {
  const data = Buffer.from(text), out = Buffer.alloc(FRAME_HEAD + data.length);
  data.copy(out, writeHead(out, 0, { seq, time, type, channel: 0 }, data.length));
  return out;
};

/** Cuts a recording that was not closed to its last good chunk, and marks it. A complete one is left alone. Returns the new verdict. */
export const recover = (file: string, key: KeyObject, recording: string): Verdict & { readonly dropped: number } => {
  const fd = openSync(file, "r+");
  try {
    const frames = walk({ fd, key, recording });
    let last: Frame | undefined, next = frames.next();
    for (; next.done !== true; next = frames.next()) last = next.value;
    const found = next.value, dropped = fstatSync(fd).size - found.bytes;
    if (found.complete || found.broken?.why === "not_a_recording") return { ...found, dropped: 0 };
    ftruncateSync(fd, found.bytes);
    const seal = sealer(key, recording, found.chunks, Buffer.from(found.hash, "hex")), seq = (last?.seq ?? -1) + 1, time = last?.time ?? 0;
    const chunk = seal.seal(Buffer.concat([frame(seq, time, "mark", `recovered: ${dropped} bytes after the last good chunk dropped`),
      frame(seq + 1, time, "end", JSON.stringify({ why: "recovered", dropped }))]));
    writeSync(fd, chunk, 0, chunk.length, found.bytes);
    fsyncSync(fd);
    return { ...verifyRecording(file, key, recording), dropped };
  } finally { closeSync(fd); }
};
