/** A terminal's output as lines of plain text with times. Rule: pure and rough: overwriting, backspace and erasing within a line are applied, screens drawn by cursor jumps are not. */
import type { Channel } from "./channels.ts";

/** `at`: ms since the channel opened, when its end came. `prompt`: how much of it stood there before somebody typed; 0 for none. */
export type Line = { readonly text: string; readonly at: number; readonly prompt: number; readonly ended: boolean };

// eslint-disable-next-line no-control-regex
const TOKENS = /\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\|\x1b[ -/]*[0-~]|[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+/g;
/** Columns that are edited: a cursor sent far to the right makes no megabytes, and no edit moves more than these. What is printed beyond stands behind them as it came. */
const WIDE = 4_096;
/** The line that is drawn, as code points; 0 is empty. One for all, empty between two uses: a recording may have millions of lines. */
const row = new Uint32Array(WIDE);

/** One raw line without its \n, as it would stand on the screen, of so many columns. Rule: the work is in proportion to the length of `raw` and `wide`, whatever a session prints. */
export const render = (raw: string, wide = WIDE): string => {
  const open = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
  // eslint-disable-next-line no-control-regex
  if (!/[\x00-\x1f\x7f]/.test(open)) return open === raw ? raw : open.trimEnd();
  let end = 0, at = 0, beyond = "";
  const put = (text: string): void => {
    let done = 0;
    for (const c of text) { if (at >= wide) break; row[at++] = c.codePointAt(0)!; done += c.length; }
    end = Math.max(end, at);
    beyond += text.slice(done);
  };
  const erase = (from: number): void => { if (from < wide) { row.fill(0, from, end); end = Math.min(end, from); beyond = ""; } };
  const pull = (n: number): void => { if (at < end) { row.copyWithin(at, at + n, end).fill(0, Math.max(at, end - n), end); end = Math.max(at, end - n); } };
  for (const [token, args, final] of open.matchAll(TOKENS)) {
    const n = Math.min(wide, Number.parseInt(args ?? "", 10) || 1);
    if (final === "K") { if (args === "" || args === "0") erase(at); else if (args === "2") erase(0); }
    else if (final === "C") at = Math.min(wide, at + n);
    else if (final === "D") at = Math.max(0, at - n);
    else if (final === "G") at = n - 1;
    else if (final === "P") pull(n);
    else if (token === "\r") at = 0;
    else if (token === "\x08") at = Math.max(0, at - 1);
    else if (token === "\t") put("\t");
    else if (token >= " " && token[0] !== "\x7f") put(token);
  }
  let text = "";
  for (let i = 0; i < end; i++) text += String.fromCodePoint(row[i] || 0x20);
  row.fill(0, 0, end);
  return (text + beyond).trimEnd();
};

/** Shells, SQL, Python: something and then one of these, and the terminal waits. */
const WAITS = /[#$%>❯»]\s?$/;
const PROMPT = 200;
/** What the lines of one channel may cost beyond their own characters: columns left empty by a cursor sent to the right, and characters drawn to find prompts. */
type Room = { empty: number; drawn: number };
const ROOM = 1 << 20;

/** How long the prompt of a raw line is: what stood there when output stopped for the first time behind a `$ `. Best effort. */
const promptOf = (raw: string, stops: readonly number[], room: Room): number => {
  room.drawn += raw.length;
  for (const stop of stops) {
    if ((room.drawn -= stop) < 0) { room.drawn = 0; return 0; }
    const before = render(raw.slice(0, stop), PROMPT + 2);
    // The space behind the sign is trimmed by render, and typed text follows it.
    if (before.length > 0 && before.length <= PROMPT && WAITS.test(before)) return before.length;
    if (before.length > PROMPT) return 0;
  }
  return 0;
};
const textOf = (raw: string, room: Room): string => {
  const text = render(raw, Math.min(WIDE, raw.length + room.empty));
  room.empty = Math.max(0, room.empty - Math.max(0, text.length - raw.length));
  return text;
};

/** Characters of one raw line; a longer one goes on in the next, so that no line takes long to draw. */
export const LONGEST = 65_536;
const splitsPair = (raw: string): boolean => (raw.charCodeAt(LONGEST - 1) & 0xfc00) === 0xd800;

/** The output of a channel, line by line. */
export function* eachLine(c: Pick<Channel, "pieces" | "terminal">): Generator<Line> {
  let raw = "", stops: number[] = [], at = 0, goesOn = false;
  const room: Room = { empty: ROOM, drawn: ROOM };
  const line = (length: number, ended: boolean): Line => {
    const whole = raw.slice(0, length), told = { text: textOf(whole, room), at, prompt: c.terminal && !goesOn ? promptOf(whole, stops, room) : 0, ended };
    raw = raw.slice(length);
    stops = [];
    goesOn = !ended;
    return told;
  };
  for (const p of c.pieces) {
    if (p.code !== "o") continue;
    at = p.at;
    for (let from = 0; from < p.text.length;) {
      const end = p.text.indexOf("\n", from), to = Math.min(end < 0 ? p.text.length : end, from + LONGEST - raw.length);
      raw += p.text.slice(from, to);
      from = to;
      if (to === end) { yield line(raw.length, true); from += 1; } else if (raw.length === LONGEST) yield line(splitsPair(raw) ? LONGEST - 1 : LONGEST, false);
    }
    if (raw !== "" && stops.length < 64) stops.push(raw.length);
  }
  if (raw !== "") yield line(raw.length, false);
}
export const linesOf = (c: Pick<Channel, "pieces" | "terminal">): Line[] => [...eachLine(c)];
