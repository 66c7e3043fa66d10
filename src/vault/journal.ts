/**
 * The append-only, hash-chained, fsynced record of every secret version and key ever made.
 * Rule: law fsync-fail-stops: after one failed write or fsync nothing is acknowledged any more; never retry.
 */
import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readSync } from "node:fs";
import { open as openFile, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../kernel/fault.ts";
import { hashOf, LONGEST, parse, walkJournal, type Chained, type CutLine, type EventLine, type KeyLine, type Line, type Place, type VersionLine, type Walked } from "./journal-lines.ts";

export type { CutLine, EventLine, KeyLine, Line, VersionLine };
/** Of the events at the end as many as a start brings back. */
const EVENTS = 5_000;

/** What a journal keeps of its lines: one that has grown for years is not held in memory. */
class Kept {
  readonly versions = new Map<string, Place>();
  readonly keys: KeyLine[] = []; readonly cuts: CutLine[] = [];
  events: EventLine[] = []; epoch = 0;
  add(line: Line, place: Place): void {
    if (line.kind === "version") { this.versions.set(line.version, place); this.epoch = Math.max(this.epoch, line.epoch); }
    else if (line.kind === "key") this.keys.push(line);
    else if (line.kind === "cut") this.cuts.push(line);
    else if (this.events.push(line) >= 2 * EVENTS) this.events = this.events.slice(-EVENTS);
  }
}

export class Journal {
  readonly file: string;
  readonly #fd: number;
  readonly #handle: FileHandle;
  readonly #versions: Map<string, Place>;
  readonly #keys: KeyLine[];
  #n: number; #prev: string; #size: number; #epoch: number; #dead: string | null = null;
  #queue: { text: string; line: Line; done: () => void; failed: (e: unknown) => void }[] = [];
  #running: Promise<void> | null = null;

  private constructor(file: string, fd: number, handle: FileHandle, size: number, { n, hash }: Walked, { versions, keys, epoch }: Kept) {
    this.file = file; this.#fd = fd; this.#handle = handle; this.#size = size; this.#n = n; this.#prev = hash; this.#versions = versions; this.#keys = keys; this.#epoch = epoch;
  }

  /** Opens or makes it; cuts a torn end; the directory entry is fsynced too. `cuts` and `events`: of earlier lives; of the events the last ones. */
  static async open(file: string): Promise<{ journal: Journal; cuts: readonly CutLine[]; events: readonly EventLine[] }> {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const kept = new Kept(), walked = walkJournal(file, (line, place) => { kept.add(line, place); });
    const handle = await openFile(file, "a+", 0o600), fd = handle.fd;
    const size = (await handle.stat()).size - walked.torn;
    if (walked.torn > 0) { ftruncateSync(fd, size); fsyncSync(fd); }
    const dir = openSync(path.dirname(file), "r");
    try { fsyncSync(dir); } finally { closeSync(dir); }
    return { journal: new Journal(file, fd, handle, size, walked, kept), cuts: kept.cuts, events: kept.events.slice(-EVENTS) };
  }

  get head(): { readonly n: number; readonly hash: string } { return { n: this.#n, hash: this.#prev }; }
  /** Why nothing is acknowledged any more, or null. */
  get dead(): string | null { return this.#dead; }
  /** The highest epoch a version was written under, by any life that wrote here. */
  get epoch(): number { return this.#epoch; }
  get keys(): readonly KeyLine[] { return this.#keys; }
  /** In the order of their lines, those of `known` left out unread. */
  *versionsBut(known: ReadonlySet<string>): Generator<VersionLine> {
    for (const id of [...this.#versions.keys()].filter((v) => !known.has(v))) yield this.readBack(id);
  }
  hasVersion(id: string): boolean { return this.#versions.has(id); }

  /** Resolves when the line is on disk. Lines that arrive while one fsync runs share the next (group commit). */
  append(line: Line): Promise<void> {
    if (this.#dead) return Promise.reject(this.#stopped());
    const { n, prev } = { n: this.#n, prev: this.#prev };
    const rest = { ...line, n, prev }, hash = hashOf(rest), text = `${JSON.stringify({ ...rest, hash })}\n`;
    if (Buffer.byteLength(text) > LONGEST) return Promise.reject(new Fault("invalid", `The journal ${this.file} takes no line of more than ${LONGEST} bytes.`));
    this.#n += 1; this.#prev = hash;
    if (line.kind === "version") this.#epoch = Math.max(this.#epoch, line.epoch);
    return new Promise<void>((done, failed) => {
      this.#queue.push({ text, line, done, failed });
      this.#running ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      try {
        const bytes = Buffer.from(batch.map((b) => b.text).join(""));
        const { bytesWritten } = await this.#handle.write(bytes, 0, bytes.length);
        if (bytesWritten !== bytes.length) throw new Error("short write");
        await this.#handle.sync();
        for (const b of batch) {
          const length = Buffer.byteLength(b.text);
          if (b.line.kind === "version") this.#versions.set(b.line.version, { at: this.#size, length });
          if (b.line.kind === "key") this.#keys.push(b.line);
          this.#size += length;
          b.done();
        }
      } catch (e) {
        this.#dead = e instanceof Error ? e.message : String(e);
        for (const b of [...batch, ...this.#queue]) b.failed(this.#stopped(e));
        this.#queue = [];
      }
    }
    this.#running = null;
  }
  #stopped(cause?: unknown): Fault {
    return new Fault("unavailable", `The journal ${this.file} cannot be written (${this.#dead ?? "unknown"}). No password is changed until that is repaired and the broker is restarted.`, { cause });
  }

  /** Reads a version's line back from the file: the proof that it can be opened again. */
  readBack(version: string): VersionLine {
    const place = this.#versions.get(version);
    if (!place) throw new Fault("unavailable", `The journal ${this.file} does not hold version ${version}.`);
    const bytes = Buffer.alloc(place.length);
    readSync(this.#fd, bytes, 0, place.length, place.at);
    return parse(bytes.toString("utf8"), this.file, -1) as VersionLine & Chained;
  }

  async close(): Promise<void> { await this.#running; await this.#handle.close(); }
}
