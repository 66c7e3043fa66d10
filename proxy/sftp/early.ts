/**
 * What a client sends before it is known where relative paths begin. Rule: an INIT comes first and alone goes on; whatever was sent behind it
 * waits here, up to a bound, because a path that is judged without its beginning is judged as another.
 */
import { Gathered } from "./gathered.ts";
import { T } from "./packets.ts";

const HELD = 1 << 20, HEAD = 5, NONE = Buffer.alloc(0);

export class Early {
  readonly #held = new Gathered();
  /** The INIT went on. */
  greeted = false;

  /** What goes on at once; a string: why it ends. */
  add(data: Buffer): Buffer | string {
    this.#held.add(data);
    if (this.#held.length > HELD) return "too much at once";
    return this.greeted || this.#held.length < HEAD ? NONE : this.#first(this.#held.bytes);
  }
  #first(seen: Buffer): Buffer | string {
    if (seen[4] !== T.init) return "what the client sent is not SFTP";
    const end = Math.max(HEAD, 4 + seen.readUInt32BE(0));
    if (seen.length < end) return NONE;
    this.greeted = true;
    const all = this.#held.take();
    this.#held.add(all.subarray(end));
    return all.subarray(0, end);
  }
  take(): Buffer { return this.#held.take(); }
}
