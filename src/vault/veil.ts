/**
 * Masking of a stream that is shown while it is written. Rule: a password that comes in several pieces is found in the piece that completes
 * it, and an end that may be the beginning of one waits for the next piece, or for `rest`. The secrets stay the caller's, who wipes them.
 */
import { revealBytes } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";

/** As in mask.ts: shorter ones are words. */
const SHORTEST = 4, STAR = 0x2a;

/** How many bytes at the end of `text` may be the beginning of `plain`. */
const beginning = (text: Buffer, plain: Buffer): number => {
  let n = Math.min(plain.length - 1, text.length);
  while (n > 0 && !text.subarray(text.length - n).equals(plain.subarray(0, n))) n--;
  return n;
};

export class Veil {
  readonly #secrets: readonly Secret[];
  /** The end of what was shown, as it was. */
  #shown = Buffer.alloc(0);
  #held = Buffer.alloc(0);
  constructor(secrets: readonly Secret[]) { this.#secrets = secrets; }

  /** What of it may be shown now. */
  show(piece: Buffer): Buffer {
    const fresh = Buffer.concat([this.#held, piece]), text = Buffer.concat([this.#shown, fresh]), out = Buffer.from(fresh);
    const from = this.#shown.length;
    let wait = 0, keep = 0;
    for (const secret of this.#secrets) {
      const plain = revealBytes(secret);
      if (plain.length < SHORTEST) continue;
      keep = Math.max(keep, plain.length - 1);
      for (let at = text.indexOf(plain); at >= 0; at = text.indexOf(plain, at + 1)) {
        out.fill(STAR, Math.max(0, at - from), Math.max(0, at + plain.length - from));
      }
      wait = Math.max(wait, Math.min(beginning(text, plain), fresh.length));
    }
    const now = out.subarray(0, out.length - wait), end = text.length - wait;
    this.#held = Buffer.from(fresh.subarray(fresh.length - wait));
    this.#shown = Buffer.from(text.subarray(Math.max(0, end - keep), end));
    return now;
  }
  /** Nothing came for a while: what waited was no password. */
  rest(): Buffer {
    const held = this.#held;
    this.#shown = Buffer.concat([this.#shown, held]);
    this.#held = Buffer.alloc(0);
    return held;
  }
  /** A new screen begins. */
  clear(): void { this.#shown = this.#held = Buffer.alloc(0); }
  get waits(): boolean { return this.#held.length > 0; }
}
