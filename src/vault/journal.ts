/**
 * The append-only, hash-chained, fsynced record of every secret version and key ever made.
 * Rule: law fsync-fail-stops: after one failed write or fsync nothing is acknowledged any more; never retry.
 */
import { closeSync, existsSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, readSync } from "node:fs";
import { open as openFile, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../kernel/fault.ts";
import { sha256Hex } from "../crypto/envelope.ts";

export type VersionLine = {
  readonly kind: "version"; readonly account: string; readonly accountName: string; readonly target: string; readonly version: string; readonly no: number; readonly origin: string;
  readonly identityNo: number; readonly identityHash: string; readonly fence: number; readonly epoch: number; readonly sealed: string; readonly rootWrapped: string; readonly kek: string; readonly by: string | null; readonly at: string;
};
export type KeyLine = { readonly kind: "key"; readonly id: string; readonly purpose: string; readonly no: number; readonly wrapped: string; readonly kek: string; readonly at: string };
export type EventLine = { readonly kind: "event"; readonly row: unknown };
/** `who`: as the audit log has it; lines of older versions lack it. */
export type CutLine = { readonly kind: "cut"; readonly session: string; readonly why: string; readonly at: string; readonly who?: unknown };
export type Line = VersionLine | KeyLine | EventLine | CutLine;
type Chained = Line & { readonly n: number; readonly prev: string; readonly hash: string };
type Place = { readonly at: number; readonly length: number };

const GENESIS = "0".repeat(64);
const hashOf = (line: Omit<Chained, "hash">): string => sha256Hex(JSON.stringify(line));

/** All whole lines, checked; `torn` bytes at the end are what a crash left of an unacknowledged write. */
export const readJournal = (file: string): { lines: Chained[]; places: Place[]; torn: number } => {
  if (!existsSync(file)) return { lines: [], places: [], torn: 0 };
  const bytes = readFileSync(file), end = bytes.lastIndexOf(0x0a) + 1;
  const lines: Chained[] = [], places: Place[] = [];
  let prev = GENESIS;
  for (let at = 0; at < end; at = places.at(-1)!.at + places.at(-1)!.length) {
    const length = bytes.indexOf(0x0a, at) + 1 - at;
    const line = parse(bytes.toString("utf8", at, at + length - 1), file, lines.length);
    places.push({ at, length });
    const { hash, ...rest } = line;
    if (line.n !== lines.length || line.prev !== prev || hashOf(rest) !== hash) throw broken(file, lines.length);
    lines.push(line);
    prev = hash;
  }
  return { lines, places, torn: bytes.length - end };
};
const parse = (text: string, file: string, n: number): Chained => { try { return JSON.parse(text) as Chained; } catch { throw broken(file, n); } };
const broken = (file: string, n: number) =>
  new Fault("unavailable", `The journal ${file} does not hold together at line ${n + 1}: it was altered or is damaged. Nothing was started. Restore it from its second copy.`);

export class Journal {
  readonly file: string;
  readonly #fd: number;
  readonly #handle: FileHandle;
  readonly #versions = new Map<string, Place>();
  #n: number; #prev: string; #size: number; #epoch = 0; #dead: string | null = null;
  #queue: { text: string; version: string | null; done: () => void; failed: (e: unknown) => void }[] = [];
  #running: Promise<void> | null = null;

  private constructor(file: string, fd: number, handle: FileHandle, lines: readonly Chained[], places: readonly Place[], size: number) {
    this.file = file; this.#fd = fd; this.#handle = handle; this.#n = lines.length; this.#prev = lines.at(-1)?.hash ?? GENESIS; this.#size = size;
    lines.forEach((l, i) => { if (l.kind === "version") { this.#versions.set(l.version, places[i]!); this.#epoch = Math.max(this.#epoch, l.epoch); } });
  }

  /** Opens or makes it; cuts a torn end; the directory entry is fsynced too. */
  static async open(file: string): Promise<{ journal: Journal; lines: readonly Line[] }> {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const { lines, places, torn } = readJournal(file);
    const handle = await openFile(file, "a+", 0o600), fd = handle.fd;
    const size = (await handle.stat()).size - torn;
    if (torn > 0) { ftruncateSync(fd, size); fsyncSync(fd); }
    const dir = openSync(path.dirname(file), "r");
    try { fsyncSync(dir); } finally { closeSync(dir); }
    return { journal: new Journal(file, fd, handle, lines, places, size), lines };
  }

  get head(): { readonly n: number; readonly hash: string } { return { n: this.#n, hash: this.#prev }; }
  /** Why nothing is acknowledged any more, or null. */
  get dead(): string | null { return this.#dead; }
  /** The highest epoch a version was written under, by any life that wrote here. */
  get epoch(): number { return this.#epoch; }
  hasVersion(id: string): boolean { return this.#versions.has(id); }

  /** Resolves when the line is on disk. Lines that arrive while one fsync runs share the next (group commit). */
  append(line: Line): Promise<void> {
    if (this.#dead) return Promise.reject(this.#stopped());
    const { n, prev } = { n: this.#n, prev: this.#prev };
    const rest = { ...line, n, prev }, hash = hashOf(rest);
    this.#n += 1; this.#prev = hash;
    if (line.kind === "version") this.#epoch = Math.max(this.#epoch, line.epoch);
    return new Promise<void>((done, failed) => {
      this.#queue.push({ text: `${JSON.stringify({ ...rest, hash })}\n`, version: line.kind === "version" ? line.version : null, done, failed });
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
          if (b.version) this.#versions.set(b.version, { at: this.#size, length });
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
