/**
 * One direction of an SFTP stream, cut into packets. Rule: pure, and the same for every way a stream is fragmented; the content of files
 * (WRITE, DATA) streams through unheld, other packets are whole before anybody decides; what makes no sense is counted, never thrown.
 */

import { Gathered } from "./gathered.ts";
import { LONGEST_HANDLE } from "./waiting.ts";

/** More than OpenSSH's 256 KiB; no server or client in use sends longer packets. */
export const LONGEST_PACKET = 1 << 20;
const WRITE = 6, NONE = Buffer.alloc(0);

/** `false`: the packet goes no further. A function: it does, and each part of its content is shown to it. */
export type Verdict = boolean | ((content: Buffer) => void);
export type Reader = {
  /** A whole packet that carries no file content; `body` begins after its type. */
  packet(type: number, body: Buffer): boolean;
  /** The head of one that does, up to its content, which is `length` bytes. */
  content(head: Buffer, length: number): Verdict;
  /** What passes and is no file content, byte for byte. */
  passes(bytes: Buffer): void;
  /** Between two packets: what is to be put in here. */
  edge(): Buffer[];
};

export class Splitter {
  readonly #bulk: 6 | 103;
  readonly #reader: Reader;
  readonly #held = new Gathered();
  #left = 0;
  #verdict: Verdict = true;
  /** Once something made no sense nothing passes any more; `lost` counts the bytes from there on. */
  broken = false;
  lost = 0;

  /** `bulk`: the packet of this direction that carries file content. */
  constructor(bulk: 6 | 103, reader: Reader) { this.#bulk = bulk; this.#reader = reader; }

  /** No packet is under way: something else may be sent here. */
  get between(): boolean { return this.#left === 0 && this.#held.length === 0; }

  /** What of it may pass, in order. */
  feed(data: Buffer): Buffer[] {
    const out: Buffer[] = [];
    let at = 0, from = 0;
    /** Everything up to `at` passes; what comes next begins at `next`. */
    const cut = (next: number): void => { if (at > from) out.push(data.subarray(from, at)); from = at = next; };
    while (at < data.length && !this.broken) {
      if (this.#left > 0) {
        const end = at + this.#content(data.subarray(at, at + this.#left));
        if (this.#verdict === false) cut(end); else at = end;
      } else if (this.#held.length > 0) {
        const whole = this.#more(data.subarray(at));
        from = at = whole === undefined ? data.length : at + whole.used;
        if (whole?.passes) out.push(whole.bytes);
      } else {
        const rest = data.subarray(at), need = this.#need(rest);
        if (this.broken) break;
        if (rest.length < need) { this.#held.add(rest); cut(data.length); } else if (this.#decide(rest.subarray(0, need))) at += need; else cut(at + need);
      }
      if (!this.between || this.broken) continue;
      const extra = this.#reader.edge();
      if (extra.length > 0) { cut(at); out.push(...extra); }
    }
    if (this.broken) this.lost += data.length - at;
    cut(data.length);
    return out;
  }

  #content(part: Buffer): number {
    if (typeof this.#verdict === "function") this.#verdict(part);
    this.#left -= part.length;
    return part.length;
  }

  /** The packet of which a part is held; undefined while it is still not whole, or broken. */
  #more(data: Buffer): { readonly bytes: Buffer; readonly used: number; readonly passes: boolean } | undefined {
    let used = 0;
    for (let need = this.#need(this.#held.bytes); !this.broken; need = this.#need(this.#held.bytes)) {
      if (this.#held.length >= need) {
        const bytes = this.#held.take();
        return { bytes, used, passes: this.#decide(bytes) };
      }
      if (used === data.length) return undefined;
      const part = data.subarray(used, used + need - this.#held.length);
      this.#held.add(part);
      used += part.length;
    }
    this.lost += this.#held.length;
    return { bytes: NONE, used, passes: false };
  }

  #decide(packet: Buffer): boolean {
    const type = packet[4] ?? 0, body = packet.subarray(5);
    if (type !== this.#bulk) return this.#reader.packet(type, body) && this.#passed(packet);
    this.#left = packet.readUInt32BE(packet.length - 4);
    this.#verdict = this.#reader.content(body, this.#left);
    return this.#verdict !== false && this.#passed(packet);
  }
  #passed(packet: Buffer): true { this.#reader.passes(packet); return true; }

  /** How many bytes must be there before the next step; more may be needed then. */
  #need(seen: Buffer): number {
    if (seen.length < 5) return 5;
    const length = seen.readUInt32BE(0), end = 4 + length;
    if (length < 1 || length > LONGEST_PACKET) return this.#breaks();
    if (seen[4] !== this.#bulk) return end;
    if (seen.length < Math.min(13, end)) return Math.min(13, end);
    const handle = end < 13 || this.#bulk !== WRITE ? 0 : seen.readUInt32BE(9), head = this.#bulk === WRITE ? 13 + handle + 12 : 13;
    if (handle > LONGEST_HANDLE || head > end) return this.#breaks();
    if (seen.length < head) return head;
    return head + seen.readUInt32BE(head - 4) === end ? head : this.#breaks();
  }
  #breaks(): number { this.broken = true; return 0; }
}
