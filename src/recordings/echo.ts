/**
 * Typed text is shown only as far as the target echoed it. Rule: fail closed: a line of which one character was not echoed before its end is
 * hidden whole, and so is what was typed and never ended; a password at a silent prompt is such a line.
 */
import type { Piece } from "./channels.ts";

type Typed = { readonly piece: number; readonly at: number; readonly char: string };
// eslint-disable-next-line no-control-regex
const KEYS = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O[@-~]|[ -/]*[0-~])|[\s\S]/gu;
// eslint-disable-next-line no-control-regex
const DRAWN = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])/g;

/** The pieces of one terminal, in order; input that was not echoed comes back as dots of the same length. */
export const hideUnechoed = (pieces: readonly Piece[]): Piece[] => {
  const visible = pieces.map((p) => new Uint8Array(p.code === "i" ? p.text.length : 0)), waiting: (Typed | "enter")[] = [];
  let line: Typed[] = [];
  const shown = (all: readonly Typed[]): void => { for (const t of all) visible[t.piece]!.fill(1, t.at, t.at + t.char.length); };
  const drawn = (c: string): void => {
    const next = waiting[0];
    if (c === "\n") {
      const enter = waiting.indexOf("enter");
      if (enter < 0) return;
      if (enter === 0) shown(line);
      waiting.splice(0, enter + 1);
      line = [];
    } else if (next !== undefined && next !== "enter" && next.char === c) { line.push(next); waiting.shift(); }
  };
  for (const [piece, p] of pieces.entries()) {
    if (p.code === "o") for (const c of p.text.replace(DRAWN, "")) drawn(c);
    if (p.code === "i") for (const m of p.text.matchAll(KEYS)) {
      const key = m[0];
      if (key === "\r" || key === "\n") waiting.push("enter");
      else if (key >= " " && key !== "\x7f" && key[0] !== "\x1b") waiting.push({ piece, at: m.index, char: key });
    }
  }
  return pieces.map((p, i) => (p.code === "i" ? { ...p, text: dots(p.text, visible[i]!) } : p));
};
/** Keys that are no text stay: they hide nothing. */
const dots = (text: string, visible: Uint8Array): string => {
  let out = "";
  for (const m of text.matchAll(KEYS)) { const key = m[0]; out += key < " " || key === "\x7f" || visible[m.index] === 1 ? key : "•".repeat(key.length); }
  return out;
};
