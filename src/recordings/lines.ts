/** A terminal's output as lines of plain text with times. Rule: pure and rough: overwriting, backspace and erasing within a line are applied, screens drawn by cursor jumps are not. */
import type { Channel } from "./channels.ts";

/** `at`: ms since the channel opened, when its end came. `prompt`: how much of it stood there before somebody typed; 0 for none. */
export type Line = { readonly text: string; readonly at: number; readonly prompt: number; readonly ended: boolean };

// eslint-disable-next-line no-control-regex
const TOKENS = /\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\|\x1b[ -/]*[0-~]|[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+/g;
/** Columns a line may have: a cursor sent far to the right makes no megabytes. */
const WIDE = 4_096;

/** One raw line without its \n, as it would stand on the screen. */
export const render = (raw: string): string => {
  // eslint-disable-next-line no-control-regex
  if (!/[\x00-\x1f\x7f]/.test(raw)) return raw;
  let out: string[] = [], at = 0;
  const put = (c: string): void => { while (out.length < at) out.push(" "); out[at] = c; at += 1; };
  for (const [token, args, final] of raw.matchAll(TOKENS)) {
    const n = Math.min(WIDE, Number.parseInt(args ?? "", 10) || 1);
    if (final === "K") { if (args === "" || args === "0") out.length = Math.min(out.length, at); else if (args === "2") out = []; }
    else if (final === "C") at = Math.min(WIDE, at + n);
    else if (final === "D") at = Math.max(0, at - n);
    else if (final === "G") at = n - 1;
    else if (final === "P") out.splice(at, n);
    else if (token === "\r") at = 0;
    else if (token === "\x08") at = Math.max(0, at - 1);
    else if (token === "\t") put("\t");
    else if (token >= " " && token[0] !== "\x7f") for (const c of token) put(c);
  }
  return out.join("").trimEnd();
};

/** Shells, SQL, Python: something and then one of these, and the terminal waits. */
const WAITS = /[#$%>❯»]\s?$/;
const PROMPT = 200;

/** How long the prompt of a raw line is: what stood there when output stopped for the first time behind a `$ `. Best effort. */
const promptOf = (raw: string, stops: readonly number[]): number => {
  for (const stop of stops) {
    const before = render(raw.slice(0, stop));
    // The space behind the sign is trimmed by render, and typed text follows it.
    if (before.length > 0 && before.length <= PROMPT && WAITS.test(before)) return before.length;
    if (before.length > PROMPT) return 0;
  }
  return 0;
};

/** The output of a channel, line by line. */
export const linesOf = (c: Pick<Channel, "pieces" | "terminal">): Line[] => {
  const out: Line[] = [];
  let raw = "", stops: number[] = [], at = 0;
  const end = (when: number, ended: boolean): void => { out.push({ text: render(raw), at: when, prompt: c.terminal ? promptOf(raw, stops) : 0, ended }); raw = ""; stops = []; };
  for (const p of c.pieces) {
    if (p.code !== "o") continue;
    at = p.at;
    const parts = p.text.split("\n");
    for (const [i, part] of parts.entries()) { raw += part; if (i < parts.length - 1) end(at, true); }
    if (raw !== "" && stops.length < 64) stops.push(raw.length);
  }
  if (raw !== "") end(at, false);
  return out;
};
