/** SFTP version 3, what is read of it and written. Rule: pure; a field that is not there is a RangeError, and the caller's one `catch` says "not understood". */
import type { FileAct } from "../../src/domain/files.ts";
import { shown } from "../text.ts";

export const T = { init: 1, version: 2, open: 3, close: 4, read: 5, fstat: 8, setstat: 9, fsetstat: 10, mkdir: 14, readdir: 12, realpath: 16, extended: 200,
  status: 101, handle: 102, name: 104, attrs: 105, extendedReply: 201 } as const;
export const VERSION = 3;
const NO_SUCH_FILE = 2, DENIED = 3;
export const OK = 0, EOF = 1;
const RESULTS = ["ok", "end of file", "no such file", "permission denied", "failure", "bad message", "no connection", "connection lost", "not supported"];
export const resultOf = (code: number): string => RESULTS[code] ?? `status ${code}`;
export { DENIED, NO_SUCH_FILE };

/** Reads fields one after the other. */
export class Fields {
  readonly #body: Buffer;
  #at = 0;
  constructor(body: Buffer) { this.#body = body; }
  u32(): number { this.#at += 4; return this.#body.readUInt32BE(this.#at - 4); }
  u64(): number { this.#at += 8; return Number(this.#body.readBigUInt64BE(this.#at - 8)); }
  bytes(): Buffer {
    const length = this.u32(), from = this.#at;
    if (from + length > this.#body.length) throw new RangeError("a string that is longer than its packet");
    this.#at += length;
    return this.#body.subarray(from, this.#at);
  }
  get left(): number { return this.#body.length - this.#at; }
}

/** What attributes a request sets, in words; empty when it sets none. */
export const attributes = (f: Fields): string => {
  if (f.left < 4) return "";
  const flags = f.u32(), out: string[] = [];
  if (flags & 1) out.push(`size ${f.u64()}`);
  if (flags & 2) out.push(`owner ${f.u32()}:${f.u32()}`);
  if (flags & 4) out.push(`mode ${(f.u32() & 0o7777).toString(8).padStart(4, "0")}`);
  if (flags & 8) { f.u32(); out.push(`modified ${f.u32()}`); }
  return out.join(", ");
};

const READ = 1, CHANGES = 2 | 4 | 8 | 16;
export const openAct = (flags: number): FileAct => flags & CHANGES ? "write" : "read";
export const openMode = (flags: number): string => [flags & READ ? "read" : "", flags & 2 ? "write" : "", flags & 4 ? "append" : "", flags & 8 ? "create" : "", flags & 16 ? "truncate" : "", flags & 32 ? "only new" : ""].filter(Boolean).join(" ");

type Shape = readonly [op: string, act: FileAct, paths: 0 | 1 | 2];
/** Requests about paths. SYMLINK's two strings stand in either order, as servers differ; both are judged. */
export const PATHS: Readonly<Record<number, Shape>> = {
  7: ["stat", "look", 1], 9: ["setstat", "change", 1], 11: ["list", "look", 1], 13: ["remove", "delete", 1], 14: ["mkdir", "make", 1], 15: ["rmdir", "delete", 1],
  16: ["realpath", "name", 1], 17: ["stat", "look", 1], 18: ["rename", "rename", 2], 19: ["readlink", "look", 1], 20: ["symlink", "symlink", 2],
};
export const EXTENSIONS: Readonly<Record<string, Shape>> = {
  "posix-rename@openssh.com": ["rename", "replace", 2], "hardlink@openssh.com": ["hardlink", "link", 2], "lsetstat@openssh.com": ["setstat", "change", 1], "statvfs@openssh.com": ["statvfs", "look", 1],
  "expand-path@openssh.com": ["realpath", "name", 1], "home-directory": ["realpath", "name", 1], "limits@openssh.com": ["limits", "name", 0], "users-groups-by-id@openssh.com": ["names of ids", "name", 0],
};
/** Extensions about open handles. copy-data moves content that does not pass here, so it has no hash. */
export const BY_HANDLE: Readonly<Record<string, readonly [op: string, act: FileAct]>> = { "fstatvfs@openssh.com": ["statvfs", "handle"], "fsync@openssh.com": ["fsync", "handle"], "copy-data": ["copy", "write"] };

const framed = (type: number, ...parts: (number | Buffer)[]): Buffer => {
  const body = Buffer.concat(parts.map((p) => { if (typeof p !== "number") return p; const b = Buffer.alloc(4); b.writeUInt32BE(p); return b; })), out = Buffer.alloc(5);
  out.writeUInt32BE(body.length + 1);
  out[4] = type;
  return Buffer.concat([out, body]);
};
const text = (s: string): Buffer[] => { const b = Buffer.from(s), n = Buffer.alloc(4); n.writeUInt32BE(b.length); return [n, b]; };
export const denial = (id: number, sentence: string): Buffer => framed(T.status, id, DENIED, ...text(sentence), ...text(""));
export const askHome = (id: number): Buffer => framed(T.realpath, id, ...text("."));

export const pathText = (path: Buffer): string => shown(path);
