/**
 * Writes one recording. Rules: (law) no recorder, no session: one chunk is written, read back and opened before `startRecording` returns;
 * (law) `then` runs only after the bytes are in the file; after the first failure nothing is accepted any more (fail closed).
 *
 * One synchronous write a turn: the fastest of the designs tried, and the order of frames is the order of the file.
 */
import type { KeyObject } from "node:crypto";
import { closeSync, fsync, openSync, readSync, rmSync, statfsSync, writeSync } from "node:fs";
import { CHUNK, genesis, openChunk, sealer } from "../crypto/frames.ts";
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { FrameType, Manifest } from "./frame.ts";
import { FRAME_DATA, FRAME_HEAD, writeHead } from "./frame.ts";
import { fitted } from "./whole.ts";

export const MAGIC = Buffer.from("LSREC\0\0\x01", "latin1");
/** Taken but not yet in the file, in bytes. Producers stop at HIGH; at LIMIT the recording is dead. */
export const HIGH = 1 << 20, LIMIT = 8 << 20;
/** Characters of why a recording ended: nothing may follow its last frame. */
const WHY = 1_024;
/** New sessions are refused under this share of free space. */
const FREE = 0.1;

export type Head = { readonly chunks: number; readonly hash: string; readonly bytes: number };
type Entry = { readonly type: FrameType; readonly channel: number; readonly data: Uint8Array; readonly time: number; readonly then: (() => void) | undefined };
export type RecordingOptions = {
  readonly file: string; readonly directory: string; readonly recording: string; readonly key: KeyObject; readonly manifest: Manifest;
  readonly clock: Clock;
  /** Called once, when the file can no longer be trusted to take bytes: close the session. */
  readonly onDead: (error: Error) => void;
};

/** Shared by all recordings of the process: composing, sealing and writing one chunk is one synchronous step. */
const body = Buffer.allocUnsafeSlow(CHUNK);

/** A queue entry that only waits its turn: no frame is written for it. */
const NOTHING = Buffer.alloc(0);

export class Recording {
  readonly #fd: number;
  readonly #o: RecordingOptions;
  readonly #seal: ReturnType<typeof sealer>;
  readonly #start: number;
  #queue: Entry[] = [];
  #due = false;
  #dead: Error | undefined;
  #closed: Promise<Head> | undefined;
  #seq = 0;
  #bytes = 0;
  /** Bytes accepted and not yet in the file. */
  pending = 0;

  constructor(fd: number, options: RecordingOptions) {
    this.#fd = fd;
    this.#o = options;
    this.#seal = sealer(options.key, options.recording);
    this.#start = options.clock.mono();
    this.#write(MAGIC);
  }

  get dead(): Error | undefined { return this.#dead; }

  head(): Head {
    const { chunks, hash } = this.#seal.head();
    return { chunks, hash: hash.toString("hex"), bytes: this.#bytes };
  }

  /** Takes a frame; `then` runs, in order, when it is in the file. A dead or closed recording takes nothing and calls nothing. */
  put(type: FrameType, channel: number, data: Uint8Array, then?: () => void): void {
    if (this.#closed === undefined) this.#take(type, channel, data, then);
  }

  #take(type: FrameType, channel: number, data: Uint8Array, then?: () => void): void {
    if (this.#dead !== undefined) return;
    this.pending += data.length;
    if (this.pending > LIMIT) return this.#die(new Fault("unavailable", "the recording cannot keep up"));
    this.#queue.push({ type, channel, data, then, time: this.#o.clock.mono() - this.#start });
    if (!this.#due) { this.#due = true; setImmediate(() => this.flush()); }
  }

  /** As `put`, of what is JSON: one frame always, and marks behind it where that does not hold all of it. */
  say(type: FrameType, channel: number, what: object, then?: () => void): void {
    const { own, marks } = fitted(what);
    this.put(type, channel, own, marks === undefined ? then : undefined);
    if (marks !== undefined) this.put("mark", channel, marks, then);
  }

  /** Runs `then` when everything taken so far is in the file; at once when it is. Not after the recording died or closed. */
  after(then: () => void): void {
    if (this.#dead !== undefined || this.#closed !== undefined) return;
    if (this.#queue.length === 0) then();
    else this.#queue.push({ type: "mark", channel: 0, data: NOTHING, then, time: -1 });
  }

  /** Everything taken so far goes to the file, now. */
  flush(): void {
    const all = this.#queue;
    this.#queue = [];
    this.#due = false;
    this.pending = 0;
    if (this.#dead !== undefined) return;
    try { this.#commit(all); } catch (error) { this.#die(error as Error); }
  }

  /** Fills chunks; the callbacks of a chunk run when it is written. */
  #commit(all: readonly Entry[]): void {
    let used = 0, first = 0;
    const write = (upTo: number): void => {
      if (used > 0) this.#write(this.#seal.seal(body.subarray(0, used)));
      used = 0;
      for (; first < upTo; first++) all[first]?.then?.();
    };
    for (const [i, entry] of all.entries()) {
      if (entry.data === NOTHING) continue;
      for (let from = 0; from === 0 || from < entry.data.length;) {
        if (CHUNK - used < FRAME_HEAD + Math.min(entry.data.length - from, FRAME_DATA)) write(i);
        const part = entry.data.subarray(from, from + FRAME_DATA);
        const at = writeHead(body, used, { seq: this.#seq++, time: entry.time, type: entry.type, channel: entry.channel }, part.length);
        body.set(part, at);
        used = at + part.length;
        from += Math.max(part.length, 1);
      }
    }
    write(all.length);
  }

  #write(bytes: Buffer): void {
    if (writeSync(this.#fd, bytes) !== bytes.length) throw new Fault("unavailable", "the recording file took only a part of a chunk");
    this.#bytes += bytes.length;
  }

  #die(error: Error): void {
    if (this.#dead !== undefined) return;
    this.#dead = error;
    this.#queue = [];
    this.#o.onDead(error);
  }

  /** Reads the last-written first chunk back and opens it: the file, the key and the reader agree. */
  prove(): void {
    const file = Buffer.alloc(this.#bytes);
    const read = readSync(this.#fd, file, 0, file.length, 0);
    const back = openChunk(this.#o.key, this.#o.recording, 0, genesis(this.#o.recording), file.subarray(0, read), MAGIC.length);
    if (!back.ok || !file.subarray(0, MAGIC.length).equals(MAGIC)) throw new Fault("unavailable", "a recording could not be read back");
  }

  /**
   * Adds the end frame, flushes, syncs. Never rejects: a recording that died says so by `dead`. Safe to call twice, also from within: the flush may
   * find the disk full, and whoever hears of that closes too; a second close of the descriptor could be of somebody else's file.
   */
  close(why: string): Promise<Head> {
    if (this.#closed !== undefined) return this.#closed;
    const { promise, resolve } = Promise.withResolvers<Head>();
    this.#closed = promise;
    this.#take("end", 0, Buffer.from(JSON.stringify({ why: why.slice(0, WHY) })));
    this.flush();
    fsync(this.#fd, (error) => {
      if (error !== null) this.#dead ??= error;
      closeSync(this.#fd);
      resolve(this.head());
    });
    return promise;
  }
}

/** Fault("unavailable") when less than a tenth of the directory's file system is free, or it cannot be asked. */
export const refuseWhenFull = (directory: string): void => {
  const { bavail, blocks } = statfsSync(directory);
  if (bavail < blocks * FREE) throw new Fault("unavailable", "the disk for recordings is nearly full; no new session is opened");
};

/** Throws Fault("unavailable") when a recording cannot be made, and leaves no file then. */
export const startRecording = (options: RecordingOptions): Recording => {
  let fd: number | undefined;
  try {
    refuseWhenFull(options.directory);
    fd = openSync(options.file, "wx+", 0o600);
    const recording = new Recording(fd, options);
    recording.say("manifest", 0, options.manifest);
    recording.flush();
    if (recording.dead !== undefined) throw recording.dead;
    recording.prove();
    return recording;
  } catch (cause) {
    if (fd !== undefined) { closeSync(fd); rmSync(options.file, { force: true }); }
    throw cause instanceof Fault ? cause : new Fault("unavailable", "no recording can be made here; no session is opened", { cause });
  }
};
