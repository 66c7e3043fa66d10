/**
 * Reads recordings back, and mends what a crash left. Rule: every byte given out was opened in its place in the chain; the first chunk
 * that does not open ends the reading and says why. A recording may be of gigabytes: reading gives way to others after each chunk.
 */
import type { KeyObject } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { Fault } from "../kernel/fault.ts";
import type { Work } from "../kernel/rest.ts";
import type { Broken } from "../crypto/frames.ts";
import { CHUNK, HEAD, TAG, genesis, openChunk, sealer } from "../crypto/frames.ts";
import type { Frame, FrameType } from "./frame.ts";
import { FRAME_HEAD, framesOf, writeHead } from "./frame.ts";
import { MAGIC } from "./writer.ts";

/** `complete`: it ends with an end frame. `bytes`: of the file up to the last good chunk. */
export type Verdict = { readonly chunks: number; readonly hash: string; readonly bytes: number; readonly frames: number; readonly complete: boolean;
  readonly broken?: { readonly chunk: number; readonly why: Broken | "not_a_recording" } };
/** `id`: of the recording. */
export type Tape = { readonly file: string; readonly key: KeyObject; readonly id: string };
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

/** Yields the frames of a chunk at a time, returns the verdict. */
function* walk({ fd, key, recording }: Handle): Generator<readonly Frame[], Verdict> {
  const bytesAt = window(fd), size = fstatSync(fd).size;
  let at = MAGIC.length, chunks = 0, hash = genesis(recording), complete = false, frames = 0;
  const verdict = (why?: Broken | "not_a_recording"): Verdict =>
    ({ chunks, hash: hash.toString("hex"), bytes: at, frames, complete: complete && why === undefined, ...(why === undefined ? {} : { broken: { chunk: chunks, why } }) });
  if (!bytesAt(0, MAGIC.length).equals(MAGIC)) return verdict("not_a_recording");
  while (at < size) {
    const opened = openChunk(key, recording, chunks, hash, bytesAt(at, HEAD + CHUNK + TAG), 0);
    if (!opened.ok) return verdict(opened.why);
    const said = [...framesOf(opened.body)];
    complete = said.length > 0 ? said.at(-1)!.type === "end" : complete;
    frames += said.length;
    yield said;
    ({ hash } = opened);
    at += opened.size;
    chunks++;
  }
  return verdict();
}

/** A chunk at a step; `each` gets all good frames in their order. Whoever has enough closes it with `return`. */
export function* reading({ file, key, id }: Tape, each: (f: Frame) => void): Work<Verdict> {
  const fd = openSync(file, "r");
  try {
    const chunks = walk({ fd, key, recording: id });
    for (;;) {
      const next = chunks.next();
      if (next.done === true) return next.value;
      next.value.forEach(each);
      yield;
    }
  } finally { closeSync(fd); }
}
/** Opens every chunk and keeps nothing. */
export const verifying = (tape: Tape): Work<Verdict> => reading(tape, () => undefined);

const frame = (seq: number, time: number, type: FrameType, text: string): Buffer => {
  const data = Buffer.from(text), out = Buffer.alloc(FRAME_HEAD + data.length);
  data.copy(out, writeHead(out, 0, { seq, time, type, channel: 0 }, data.length));
  return out;
};

type Recovered = Verdict & { readonly dropped: number };
/** What was found is cut in one step with the look at whether it is still so: two that come at once cut once. */
const cutTo = (found: Verdict, last: Frame | undefined, { fd, key, recording }: Handle, dropped: number): void => {
  ftruncateSync(fd, found.bytes);
  const seal = sealer(key, recording, found.chunks, Buffer.from(found.hash, "hex")), seq = (last?.seq ?? -1) + 1, time = last?.time ?? 0;
  const chunk = seal.seal(Buffer.concat([frame(seq, time, "mark", `recovered: ${dropped} bytes after the last good chunk dropped`),
    frame(seq + 1, time, "end", JSON.stringify({ why: "recovered", dropped }))]));
  if (writeSync(fd, chunk, 0, chunk.length, found.bytes) !== chunk.length) throw new Fault("unavailable", "the recording file took only a part of its last chunk");
  fsyncSync(fd);
};
const stampOf = (fd: number): string => { const { size, mtimeNs } = fstatSync(fd, { bigint: true }); return `${size} ${mtimeNs}`; };
/** Cuts a recording that was not closed to its last good chunk, and marks it. A complete one is left alone. Returns the new verdict. */
export function* recovering(tape: Tape): Work<Recovered> {
  const fd = openSync(tape.file, "r+"), handle = { fd, key: tape.key, recording: tape.id };
  try {
    for (;;) {
      const was = stampOf(fd), chunks = walk(handle);
      let last: Frame | undefined, next = chunks.next();
      for (; next.done !== true; next = chunks.next()) { last = next.value.at(-1) ?? last; yield; }
      const found = next.value, dropped = fstatSync(fd).size - found.bytes;
      if (found.complete || found.broken?.why === "not_a_recording") return { ...found, dropped: 0 };
      if (stampOf(fd) !== was) continue;
      cutTo(found, last, handle, dropped);
      return { ...(yield* verifying(tape)), dropped };
    }
  } finally { closeSync(fd); }
}
