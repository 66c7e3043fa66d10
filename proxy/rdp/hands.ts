/** What a page holds down on a desktop. Rule: when it is gone without letting go, this says how to, so that no key and no button stays pressed. */
import type { Instruction } from "./instructions.ts";

/** Held down at once. Nobody has so many fingers; a page that says so is none. */
const MOST = 128;

export class Hands {
  readonly #keys = new Set<string>();
  #at: readonly [x: string, y: string] = ["0", "0"];
  #buttons = "0";

  did([opcode, first = "", second = "", third = ""]: Instruction): void {
    if (opcode === "key") { if (second === "1") this.#keys.add(first); else this.#keys.delete(first); }
    if (opcode === "mouse") { this.#at = [first, second]; this.#buttons = third; }
  }
  /** More is held than hands can. */
  get full(): boolean { return this.#keys.size > MOST; }
  off(): Instruction[] {
    const keys = [...this.#keys].map((key): Instruction => ["key", key, "0"]);
    return this.#buttons === "0" ? keys : [...keys, ["mouse", ...this.#at, "0"]];
  }
}
