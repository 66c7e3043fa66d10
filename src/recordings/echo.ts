/**
 * Typed text is shown only as far as the target echoed it. Rule: fail closed: a line of which one character was not echoed before its end is
 * hidden whole, and so is what was typed and never ended; a password at a silent prompt is such a line.
 */
import { atOnce, type Work } from "../kernel/rest.ts";
import type { Piece } from "./channels.ts";

type Typed = { readonly piece: number; readonly at: number; readonly char: string };
// eslint-disable-next-line no-control-regex
const KEYS = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O[@-~]|[ -/]*[0-~])|[\s\S]/gu;
// eslint-disable-next-line no-control-regex
const DRAWN = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])/g;

/** Keys that wait for their echo, and echoed ones for the end of their line: a paste is shorter. From the one on that is too many, all stays hidden. */
const MOST = 1 << 20;

/** Typed keys in order, and how many of them are Enter. Each step takes the same time, however many wait. */
class Waiting {
  #keys: (Typed | "enter")[] = [];
  #head = 0;
  #enters = 0;
  get size(): number { return this.#keys.length - this.#head; }
  get next(): Typed | "enter" | undefined { return this.#keys[this.#head]; }
  push(key: Typed | "enter"): void { this.#keys.push(key); if (key === "enter") this.#enters += 1; }
  shift(): Typed | "enter" | undefined {
    const key = this.#keys[this.#head];
    if (key === undefined) return undefined;
    if (key === "enter") this.#enters -= 1;
    if (++this.#head * 2 > this.#keys.length) { this.#keys = this.#keys.slice(this.#head); this.#head = 0; }
    return key;
  }
  /** Everything up to the next Enter goes. False: there is none, and nothing goes. */
  toEnter(): boolean {
    if (this.#enters === 0) return false;
    while (this.shift() !== "enter") continue;
    return true;
  }
}

/** The pieces of one terminal, in order; input that was not echoed comes back as dots of the same length. */
export function* hiding(pieces: readonly Piece[]): Work<Piece[]> {
  const visible = pieces.map((p) => new Uint8Array(p.code === "i" ? p.text.length : 0)), waiting = new Waiting();
  let line: Typed[] = [], hides = false;
  const shown = (all: readonly Typed[]): void => { for (const t of all) visible[t.piece]!.fill(1, t.at, t.at + t.char.length); };
  const drawn = (c: string): void => {
    const { next } = waiting;
    if (c === "\n") {
      if (!waiting.toEnter()) return;
      if (next === "enter") shown(line);
      line = [];
    } else if (next !== undefined && next !== "enter" && next.char === c) { line.push(next); waiting.shift(); }
  };
  const typed = (key: Typed | "enter"): void => { hides ||= waiting.size + line.length >= MOST; if (!hides) waiting.push(key); };
  for (const [piece, p] of pieces.entries()) {
    yield;
    if (p.code === "o") for (const c of p.text.replace(DRAWN, "")) drawn(c);
    if (p.code === "i") for (const m of p.text.matchAll(KEYS)) {
      const key = m[0];
      if (key === "\r" || key === "\n") typed("enter");
      else if (key >= " " && key !== "\x7f" && key[0] !== "\x1b") typed({ piece, at: m.index, char: key });
    }
  }
  return pieces.map((p, i) => (p.code === "i" ? { ...p, text: dots(p.text, visible[i]!) } : p));
}
export const hideUnechoed = (pieces: readonly Piece[]): Piece[] => atOnce(hiding(pieces));
/** Keys that are no text stay: they hide nothing. */
const dots = (text: string, visible: Uint8Array): string => {
  let out = "";
  for (const m of text.matchAll(KEYS)) { const key = m[0]; out += key < " " || key === "\x7f" || visible[m.index] === 1 ? key : "•".repeat(key.length); }
  return out;
};
