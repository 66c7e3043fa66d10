/**
 * Replaces passwords in what readers of recordings get. Rule: same length, so times and columns stay; a password split over several pieces,
 * broken by a terminal's line end or colour, or mended with backspaces is found too. Not found: one drawn by cursor jumps, one shorter than
 * SHORTEST, one typed with the arrow keys out of order.
 */
import { atOnce, type Work } from "../kernel/rest.ts";
import { reveal } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";

const SHORTEST = 4, DOT = "•";

/** Escape sequences and control characters: what stands between two characters of a word without being one. */
// eslint-disable-next-line no-control-regex
const BETWEEN = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])|[\x00-\x1f\x7f-\x9f]/g;
/** A shell that wraps a line by itself writes a space and goes back over it. */
const PADDED = / \r(?!\n)/g;

/** The text as some reader would see it, and where each of its characters stands in the original. */
type Seen = { readonly text: string; readonly at: Uint32Array };
/** Characters, or what stands between them, in one step. */
const STEP = 65_536;
function* without(text: string, ...gaps: readonly RegExp[]): Work<Seen> {
  const kept = new Uint8Array(text.length).fill(1), at = new Uint32Array(text.length);
  let gone = 0, n = 0;
  for (const gap of gaps) for (const m of text.matchAll(gap)) { kept.fill(0, m.index, m.index + m[0].length); if (++gone % STEP === 0) yield; }
  yield;
  const parts: string[] = [];
  for (let i = 0; i < text.length;) {
    if (kept[i] === 0) { i += 1; continue; }
    const from = i;
    for (; i < text.length && kept[i] === 1; i++) at[n++] = i;
    parts.push(text.slice(from, i));
  }
  return { text: parts.join(""), at };
}
/** Backspaces applied: what a line editor is left with. Null where there is none. */
function* mended(text: string): Work<Seen | null> {
  // eslint-disable-next-line no-control-regex
  if (!/[\x08\x7f]/.test(text)) return null;
  const out: string[] = [], at: number[] = [];
  for (let i = 0; i < text.length; i++) {
    if (i % STEP === 0) yield;
    const c = text[i]!;
    if (c === "\x08" || c === "\x7f") { out.pop(); at.pop(); } else if (c >= " ") { out.push(c); at.push(i); }
  }
  return { text: out.join(""), at: Uint32Array.from(at) };
}

/** By their first characters: one pass over the text finds them all, however many an account ever had. */
const byBeginning = (plains: readonly string[]): ReadonlyMap<string, readonly string[]> => {
  const index = new Map<string, string[]>();
  for (const plain of plains) {
    const head = plain.slice(0, SHORTEST);
    if (plain.length >= SHORTEST) index.set(head, [...index.get(head) ?? [], plain]);
  }
  return index;
};
function* cover(seen: Seen, index: ReadonlyMap<string, readonly string[]>, hidden: Uint8Array): Work<void> {
  const firsts = new Set([...index.keys()].map((k) => k.charCodeAt(0)));
  for (let i = 0; i + SHORTEST <= seen.text.length; i++) {
    if (i % STEP === 0) yield;
    if (!firsts.has(seen.text.charCodeAt(i))) continue;
    for (const plain of index.get(seen.text.slice(i, i + SHORTEST)) ?? []) if (seen.text.startsWith(plain, i)) for (let k = i; k < i + plain.length; k++) hidden[seen.at[k]!] = 1;
  }
}
const dotted = (text: string, hidden: Uint8Array): string => {
  const parts: string[] = [];
  for (let i = 0; i < text.length;) {
    const from = i, covered = hidden[i];
    while (i < text.length && hidden[i] === covered) i += 1;
    parts.push(covered === 1 ? DOT.repeat(i - from) : text.slice(from, i));
  }
  return parts.join("");
};

function* masked(pieces: readonly string[], plains: readonly string[]): Work<string[]> {
  const text = pieces.join(""), index = byBeginning(plains), hidden = new Uint8Array(text.length);
  if (index.size === 0) return [...pieces];
  for (const look of [without(text), without(text, BETWEEN), without(text, PADDED, BETWEEN), mended(text)]) {
    const seen = yield* look;
    yield;
    if (seen) yield* cover(seen, index, hidden);
  }
  const out = hidden.includes(1) ? dotted(text, hidden) : text;
  let at = 0;
  return pieces.map((p) => out.slice(at, (at += p.length)));
}

/** A password as it is, whatever it begins with: it has one line. Of a private key the lines that say something. */
const linesOf = (secret: Secret): string[] => {
  const lines = reveal(secret).split(/\r?\n/);
  return lines.length === 1 ? lines : lines.filter((l) => !l.startsWith("-----"));
};

/** The pieces of one stream in order; the same number of pieces, each of its old length, comes back. */
export const masking = (pieces: readonly string[], secrets: readonly Secret[]): Work<string[]> => masked(pieces, secrets.flatMap(linesOf));
export const mask = (pieces: readonly string[], secrets: readonly Secret[]): string[] => atOnce(masking(pieces, secrets));

/** The same for bytes of any encoding; an asterisk stands for each hidden byte. */
export function* maskingBytes(pieces: readonly Buffer[], secrets: readonly Secret[]): Work<Buffer[]> {
  const texts = yield* masked(pieces.map((p) => p.toString("latin1")), secrets.flatMap(linesOf).map((l) => Buffer.from(l, "utf8").toString("latin1")));
  return texts.map((p) => Buffer.from(p.replaceAll(DOT, "*"), "latin1"));
}

/** Characters at the end of a text that a password begins with; it may have been cut off there. */
const begun = (text: string, plain: string): number => {
  for (let n = Math.min(plain.length - 1, text.length); n >= SHORTEST; n--) if (text.endsWith(plain.slice(0, n))) return n;
  return 0;
};
/** As mask, for a text that may have been cut off in the middle of a password. */
export const maskCut = (text: string, secrets: readonly Secret[]): string => {
  const held = Math.max(0, ...secrets.flatMap(linesOf).map((l) => begun(text, l))), masked = mask([text], secrets)[0]!;
  return held === 0 ? masked : masked.slice(0, -held) + DOT.repeat(held);
};
