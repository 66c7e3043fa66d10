/**
 * Watches one SFTP conversation and holds its rules. Rule: bytes pass as they are; a denied request is answered here and never forwarded;
 * every operation is told once, with what came of it; a stream that makes no sense stops (`broken`), because what cannot be read cannot be told.
 *
 * It speaks version 3, as every OpenSSH does: a client that offers more is brought down to it.
 */
import { createHash } from "node:crypto";
import type { FileAsk } from "../../src/domain/files.ts";
import { shown } from "../text.ts";
import { Content } from "./content.ts";
import type { Moved } from "./content.ts";
import { EOF, Fields, OK, T, VERSION, askHome, denial, pathText, resultOf } from "./packets.ts";
import type { Ask } from "./requests.ts";
import { readAsk, readWrite } from "./requests.ts";
import type { Reader, Verdict } from "./splitter.ts";
import { Splitter } from "./splitter.ts";
import { Early } from "./early.ts";
import type { Open, Waits } from "./waiting.ts";
import { LONGEST_HANDLE, LONGEST_PATH, MOST_OPEN, Waiting, opens, tooLong } from "./waiting.ts";

/** One operation, as it is told. Files moved through a handle are one: `op: "file"`. */
export type FileOp = {
  readonly op: string; readonly path: string; readonly to?: string; readonly detail?: string; readonly result: string; readonly refused?: string;
  readonly read?: Moved; readonly written?: Moved; readonly entries?: number; readonly errors?: number;
};
export type WatchOptions = {
  /** Why not; null: go on. */
  refusal(ask: FileAsk, home: string): string | null;
  /** The rules speak of paths, so relative ones must be made whole: the server is asked where they begin, before anything else. */
  readonly paths: boolean;
  toServer(bytes: Buffer): void;
  toClient(bytes: Buffer): void;
  /** To the client too, but of its own making: while it takes none of these, it is not to be heard. */
  answer(bytes: Buffer): void;
  tell(op: FileOp): void;
  broken(why: string): void;
};

/** Of our own answers while the target is in the middle of a packet. */
const ANSWERS = 16_384;
/** Characters of a sentence: it names the path, and the event that tells it has a bound. */
const WHY = 1_000;
const HOME_ID = 0xffff_fff0, NOT_UNDERSTOOD = "not understood";

export class SftpWatch {
  readonly #o: WatchOptions;
  readonly #waiting = new Waiting();
  readonly #open = new Map<string, Open>();
  readonly #rest = { in: createHash("sha256"), out: createHash("sha256") };
  readonly #client: Splitter;
  readonly #server: Splitter;
  #answers: Buffer[] = [];
  #home = "";
  /** Where paths are judged: the client's bytes until home is known. */
  #early: Early | undefined;
  #homeAsked = false;
  /** Packets nobody here could read. */
  strange = 0;
  #stopped = false;

  constructor(options: WatchOptions) {
    this.#o = options;
    const rest = (way: "in" | "out"): ((b: Buffer) => void) => (b) => { this.#rest[way].update(b); };
    const fromClient: Reader = { packet: (type, body) => this.#asked(type, body), content: (head, n) => this.#writes(head, n), passes: rest("in"), edge: () => [] };
    const fromServer: Reader = { packet: (type, body) => this.#answered(type, body), content: (head, n) => this.#reads(head, n), passes: rest("out"), edge: () => this.#answers.splice(0) };
    this.#client = new Splitter(6, fromClient);
    this.#server = new Splitter(103, fromServer);
    this.#early = options.paths ? new Early() : undefined;
  }

  get lost(): number { return this.#client.lost + this.#server.lost; }
  /** SHA-256 of all bytes that are in no file's hash. */
  digest(way: "in" | "out"): string { return this.#rest[way].copy().digest("hex"); }

  fromClient(data: Buffer): void {
    const due = this.#early === undefined ? data : this.#early.add(data);
    if (typeof due === "string") return this.#break(due);
    for (const part of this.#client.feed(due)) this.#o.toServer(part);
    if (this.#client.broken) return this.#break("what the client sent is not SFTP");
    if (this.#server.between) for (const answer of this.#answers.splice(0)) this.#o.answer(answer);
  }

  fromServer(data: Buffer): void {
    for (const part of this.#server.feed(data)) this.#o.toClient(part);
    if (this.#server.broken) return this.#break("what the target sent is not SFTP");
    if (this.#early === undefined || this.#home === "") return;
    const early = this.#early;
    this.#early = undefined;
    this.fromClient(early.take());
  }

  /** Once, at the end: what is still open or unanswered is told too. */
  over(): void {
    for (const ask of this.#waiting.takeAll()) if (ask.op !== "close" && ask.open === undefined) this.#tell(ask, "no answer"); else if (ask.op === "close" && ask.open !== undefined) this.#tellOpen(ask.open, "no answer");
    for (const open of this.#open.values()) this.#tellOpen(open, "left open");
    this.#open.clear();
  }

  #break(why: string): void {
    if (this.#stopped) return;
    this.#stopped = this.#client.broken = this.#server.broken = true;
    this.#early = undefined;
    this.#o.broken(why);
  }

  // ---- From the client

  #asked(type: number, body: Buffer): boolean {
    if (type === T.init) return this.#greets(body);
    const ask = readAsk(type, body);
    if (ask === undefined) return this.#strange(type, body);
    if (ask.act === "unknown") this.strange += 1;
    return this.#permitted(ask) && this.#expects(ask);
  }
  #greets(body: Buffer): boolean {
    if (body.length >= 4 && body.readUInt32BE(0) > VERSION) body.writeUInt32BE(VERSION, 0);
    return true;
  }
  #strange(type: number, body: Buffer): boolean {
    this.strange += 1;
    if (body.length < 4) { this.#break("what the client sent is not SFTP"); return false; }
    const ask: Ask = { id: body.readUInt32BE(0), op: NOT_UNDERSTOOD, act: "unknown", paths: [], detail: `type ${type}` };
    return this.#permitted(ask) && this.#expects(ask);
  }

  /** A refusal is told, and answered as soon as the server's stream has a gap for it. */
  #permitted(ask: Ask): boolean {
    const why = tooLong(ask) ?? this.#forbidden(ask);
    if (why === null) return true;
    const refused = shown(why, WHY);
    this.#tell(ask, "refused", refused);
    if (this.#answers.length >= ANSWERS) this.#break("the client asks on and on for what it is not given");
    else this.#answers.push(this.#own(denial(ask.id, refused)));
    return false;
  }
  #forbidden(ask: Ask): string | null {
    const paths = ask.paths.map((p) => p.toString("utf8"));
    if (paths.some((p) => p.includes("\0"))) return "A path cannot hold a zero byte.";
    if (opens(ask) && this.#open.size + this.#waiting.opening >= MOST_OPEN) return `More than ${MOST_OPEN} files are open at a time.`;
    return this.#o.refusal({ act: ask.act, paths }, this.#home);
  }
  #own(bytes: Buffer): Buffer { this.#rest.out.update(bytes); return bytes; }

  #expects(ask: Ask): boolean {
    const open = ask.handle === undefined ? undefined : this.#open.get(ask.handle);
    if (!this.#waiting.add({ ...ask, open })) { this.#break("the client used one number for two requests, or waits for too many answers"); return false; }
    if (ask.op === "close" && ask.handle !== undefined) this.#open.delete(ask.handle);
    if (ask.other !== undefined) this.#copies(ask.other);
    return true;
  }
  #copies(handle: string): void {
    const open = this.#open.get(handle);
    if (open !== undefined) (open.written ??= new Content(0)).spoil();
  }

  #writes(head: Buffer, length: number): Verdict {
    const ask = readWrite(head);
    if (!this.#permitted(ask) || !this.#expects(ask)) return false;
    const open = this.#open.get(ask.handle ?? "");
    return open === undefined ? this.#kept("in") : this.#sink(open.written ??= new Content(ask.offset ?? 0), ask.offset ?? 0, length, "in");
  }

  // ---- From the server

  #answered(type: number, body: Buffer): boolean {
    if (type === T.version) return this.#welcomed(body);
    if (body.length < 4) { this.#break("what the target sent is not SFTP"); return false; }
    const id = body.readUInt32BE(0);
    if (this.#homeAsked && this.#home === "" && id === HOME_ID) return this.#homeIs(body);
    const ask = this.#waiting.take(id);
    if (ask === undefined) this.strange += 1; else this.#settle(ask, type, body);
    return !this.#stopped;
  }
  #welcomed(body: Buffer): boolean {
    if (body.length < 4 || body.readUInt32BE(0) > VERSION) { this.#break("the target speaks another version of SFTP"); return false; }
    if (!this.#o.paths || this.#homeAsked) return true;
    if (this.#early?.greeted !== true) { this.#break("what the target sent is not SFTP"); return false; }
    this.#homeAsked = true;
    const ask = askHome(HOME_ID);
    this.#rest.in.update(ask);
    this.#o.toServer(ask);
    return true;
  }
  /** The answer to our own question; the client never sees it. */
  #homeIs(body: Buffer): boolean {
    try {
      const f = new Fields(body.subarray(4));
      if (f.u32() !== 1) throw new RangeError("one name");
      const home = f.bytes();
      this.#home = home.length > LONGEST_PATH ? "" : home.toString("utf8");
    } catch { this.#home = ""; }
    if (!this.#home.startsWith("/")) this.#break("the target does not say where relative paths begin");
    return false;
  }

  #settle(ask: Waits, type: number, body: Buffer): void {
    const status = type === T.status && body.length >= 8 ? body.readUInt32BE(4) : OK, { open } = ask;
    if (type === T.handle && (ask.op === "open" || ask.op === "list")) return this.#opened(ask, body);
    if (ask.op === "close") { if (open !== undefined) this.#tellOpen(open, resultOf(status)); return; }
    if (ask.op === "readdir") { if (open !== undefined && type === T.name && body.length >= 8) open.entries += body.readUInt32BE(4); return; }
    if (ask.op === "read" || ask.op === "write") { if (open !== undefined && status !== OK && status !== EOF) open.errors += 1; return; }
    this.#tell(ask, resultOf(status));
  }
  #opened(ask: Ask, body: Buffer): void {
    const [path] = ask.paths;
    try {
      const handle = new Fields(body.subarray(4)).bytes();
      if (handle.length > LONGEST_HANDLE) return this.#break(`the target gave a handle of more than ${LONGEST_HANDLE} bytes`);
      this.#open.set(handle.toString("hex"), { path: pathText(path ?? Buffer.alloc(0)), detail: ask.detail ?? "", list: ask.op === "list", entries: 0, errors: 0 });
    } catch { this.strange += 1; }
  }

  #reads(head: Buffer, length: number): Verdict {
    const id = head.readUInt32BE(0), ask = this.#waiting.take(id);
    if (ask?.open === undefined) { this.strange += ask === undefined ? 1 : 0; return this.#kept("out"); }
    return this.#sink(ask.open.read ??= new Content(ask.offset ?? 0), ask.offset ?? 0, length, "out");
  }

  /** Every byte is in exactly one hash: its file's, or that of the rest. */
  #sink(content: Content, offset: number, length: number, way: "in" | "out"): Verdict {
    return content.at(offset, length) ? (part) => content.take(part) : this.#kept(way);
  }
  #kept(way: "in" | "out"): Verdict { return (part) => { this.#rest[way].update(part); }; }

  // ---- Telling

  #tell(ask: Waits, result: string, refused?: string): void {
    const [path, to] = ask.paths, open = ask.open ?? this.#open.get(ask.handle ?? "");
    this.#o.tell({ op: ask.op, path: path === undefined ? open?.path ?? "" : pathText(path), ...(to === undefined ? {} : { to: pathText(to) }), ...(ask.detail === undefined ? {} : { detail: shown(ask.detail) }), result, ...(refused === undefined ? {} : { refused }) });
  }
  #tellOpen(open: Open, result: string): void {
    const { path, detail, list, entries, errors } = open;
    if (list) return this.#o.tell({ op: "list", path, result, entries });
    this.#o.tell({ op: "file", path, ...(detail === "" ? {} : { detail }), result, ...(open.read === undefined ? {} : { read: open.read.moved() }), ...(open.written === undefined ? {} : { written: open.written.moved() }), ...(errors === 0 ? {} : { errors }) });
  }
}
