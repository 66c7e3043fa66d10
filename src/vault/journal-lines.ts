/** A journal's file read from its beginning, the chain checked on the way. Rule: no more of it is in memory than a chunk and a line. */
import { closeSync, existsSync, openSync, readSync } from "node:fs";
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
export type Chained = Line & { readonly n: number; readonly prev: string; readonly hash: string };
export type Place = { readonly at: number; readonly length: number };

export const GENESIS = "0".repeat(64);
const CHUNK = 1024 * 1024;
/** In bytes. What is longer was never appended, and the hole of a damaged file is one endless line. */
export const LONGEST = 64 * 1024 * 1024;
export const hashOf = (line: Omit<Chained, "hash">): string => sha256Hex(JSON.stringify(line));
export const parse = (text: string, file: string, n: number): Chained => { try { return JSON.parse(text) as Chained; } catch { throw broken(file, n); } };
const broken = (file: string, n: number) =>
  new Fault("unavailable", `The journal ${file} does not hold together at line ${n + 1}: it was altered or is damaged. Nothing was started. Restore it from its second copy.`);

/** Each whole line without its end; null for one that is too long, and nothing after it. Last, how many bytes no line end follows. */
function* whole(fd: number, chunk: number): Generator<Buffer | null, number> {
  for (let held: Buffer[] = [], length = 0; ;) {
    const bytes = Buffer.allocUnsafe(chunk), got = bytes.subarray(0, readSync(fd, bytes, 0, chunk, null));
    if (got.length === 0) return length;
    let from = 0;
    for (let end = got.indexOf(0x0a); end !== -1; end = got.indexOf(0x0a, from)) {
      yield Buffer.concat([...held, got.subarray(from, end)]);
      held = []; length = 0; from = end + 1;
    }
    held.push(got.subarray(from)); length += got.length - from;
    if (length > LONGEST) yield null;
  }
}

/** `torn` bytes at the end are what a crash left of an unacknowledged write; `hash`: the last line's. */
export type Walked = { readonly n: number; readonly hash: string; readonly torn: number };
/** Every whole line, checked, in its order. */
export const walkJournal = (file: string, each: (line: Chained, place: Place) => void, chunk = CHUNK): Walked => {
  if (!existsSync(file)) return { n: 0, hash: GENESIS, torn: 0 };
  const fd = openSync(file, "r");
  try {
    const rows = whole(fd, chunk);
    for (let n = 0, at = 0, prev = GENESIS; ; n++) {
      const row = rows.next();
      if (row.done === true) return { n, hash: prev, torn: row.value };
      if (row.value === null) throw broken(file, n);
      const line = parse(row.value.toString("utf8"), file, n), { hash, ...rest } = line;
      if (line.n !== n || line.prev !== prev || hashOf(rest) !== hash) throw broken(file, n);
      const length = row.value.length + 1;
      each(line, { at, length });
      at += length; prev = hash;
    }
  } finally { closeSync(fd); }
};
