/** SSH's own wire fields, read. Rule: pure and total: whatever the bytes are, a read gives a value or undefined and never throws. */

const LENGTH = 4, LONG = 8;

/** Reads from the front; after the first field that is not there, every read is undefined. */
export class Fields {
  #rest: Buffer | undefined;
  readonly #whole: Buffer;
  constructor(bytes: Uint8Array) { this.#whole = this.#rest = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length); }

  #take(n: number): Buffer | undefined {
    const rest = this.#rest;
    if (rest === undefined || rest.length < n) return void (this.#rest = undefined);
    this.#rest = rest.subarray(n);
    return rest.subarray(0, n);
  }

  u32(): number | undefined { return this.#take(LENGTH)?.readUInt32BE(0); }
  u64(): bigint | undefined { return this.#take(LONG)?.readBigUInt64BE(0); }
  bytes(): Buffer | undefined {
    const n = this.u32();
    return n === undefined ? undefined : this.#take(n);
  }
  /** UTF-8 that is one: a text that could be read in two ways is none. */
  text(): string | undefined {
    const bytes = this.bytes(), text = bytes?.toString("utf8");
    return text !== undefined && bytes !== undefined && Buffer.from(text, "utf8").equals(bytes) ? text : undefined;
  }
  /** A list of texts in one field; undefined when one of them is cut. */
  texts(): string[] | undefined {
    const inner = this.bytes(), out: string[] = [];
    if (inner === undefined) return undefined;
    for (const f = new Fields(inner); !f.done;) {
      const one = f.text();
      if (one === undefined) return undefined;
      out.push(one);
    }
    return out;
  }

  /** Everything was read, and everything was there. */
  get done(): boolean { return this.#rest?.length === 0; }
  /** What was read so far. */
  get read(): Buffer { return this.#whole.subarray(0, this.#whole.length - (this.#rest?.length ?? 0)); }
}

export const field = (value: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(value), length = Buffer.alloc(LENGTH);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
