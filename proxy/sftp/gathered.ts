/** Bytes that come in parts. Rule: however small the parts, the time is in proportion to the bytes and the room no more than twice theirs. */
const NONE = Buffer.alloc(0), FIRST = 256;

export class Gathered {
  #room: Buffer = NONE;
  #length = 0;
  get length(): number { return this.#length; }
  /** All of them, until the next is added. */
  get bytes(): Buffer { return this.#room.subarray(0, this.#length); }
  add(part: Buffer): void {
    const length = this.#length + part.length;
    if (length > this.#room.length) {
      const room = Buffer.allocUnsafeSlow(Math.max(FIRST, length, this.#room.length * 2));
      this.bytes.copy(room);
      this.#room = room;
    }
    part.copy(this.#room, this.#length);
    this.#length = length;
  }
  /** They are the caller's now. */
  take(): Buffer {
    const { bytes } = this;
    this.#room = NONE;
    this.#length = 0;
    return bytes;
  }
}
