/** A value that cannot be printed, logged, cloned or serialised. Rule: reveal.ts is the one way out. */
import { inspect } from "node:util";
import { conceal, revealBytes } from "./reveal.ts";

export class Secret {
  declare private readonly brand: "Secret";
  private constructor() { Object.freeze(this); }

  static of(plaintext: string): Secret {
    const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(plaintext));
    bytes.write(plaintext);
    return Secret.#box(bytes);
  }

  /** Takes a copy; the caller wipes its own buffer. */
  static ofBytes(source: Uint8Array): Secret {
    const bytes = Buffer.allocUnsafeSlow(source.length);
    bytes.set(source);
    return Secret.#box(bytes);
  }

  static #box(bytes: Buffer): Secret {
    const box = new Secret();
    conceal(box, bytes);
    return box;
  }

  /** Overwrites the bytes; revealing afterwards yields only zeros of the same length. Safe to call twice. */
  wipe(): void { revealBytes(this).fill(0); }

  /** `using s = vault.open(…)` wipes at the end of the block. */
  [Symbol.dispose](): void { this.wipe(); }

  toString() { return "[secret]"; }
  toJSON() { return "[secret]"; }
  [inspect.custom]() { return "[secret]"; }
  [Symbol.toPrimitive]() { return "[secret]"; }
}
