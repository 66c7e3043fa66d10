/** What was moved of one open file. Rule: a hash is of a range moved front to back; anything else is counted and has none, never a guessed one. */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";

/** `sha256` is of `bytes` bytes from `from` on; null: not moved front to back. */
export type Moved = { readonly from: number; readonly bytes: number; readonly sha256: string | null };

export class Content {
  readonly #from: number;
  #next: number;
  #bytes = 0;
  #hash: Hash | undefined = createHash("sha256");
  constructor(from: number) { this.#from = from; this.#next = from; }

  /** `length` bytes come at `offset`: true when they belong to the hash. */
  at(offset: number, length: number): boolean {
    if (offset !== this.#next) this.#hash = undefined;
    this.#next = offset + length;
    this.#bytes += length;
    return this.#hash !== undefined;
  }
  take(part: Buffer): void { this.#hash?.update(part); }
  /** Content changed on the target without passing here. */
  spoil(): void { this.#hash = undefined; }
  moved(): Moved { return { from: this.#from, bytes: this.#bytes, sha256: this.#hash?.copy().digest("hex") ?? null }; }
}
