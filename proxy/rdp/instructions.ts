/**
 * The Guacamole protocol's own writing: `6.select,3.rdp;`. Rules: lengths count code points; text is a whole number of instructions or none at all;
 * pure, and it never reads further than it was given.
 */

/** Opcode first. */
export type Instruction = readonly [opcode: string, ...args: string[]];

/** Elements of one instruction; none of the protocol's has as many. */
const MOST = 128;
const codePoints = (text: string): number => {
  let n = text.length;
  for (let i = 0; i < text.length - 1; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) { n -= 1; i += 1; }
  return n;
};

export const instruction = (...parts: readonly (string | number)[]): string =>
  `${parts.map((part) => { const text = String(part); return `${codePoints(text)}.${text}`; }).join(",")};`;

/** Where the element of `length` code points that begins at `from` ends; undefined: not in this text. */
const endOf = (text: string, from: number, length: number): number | undefined => {
  let at = from;
  for (let n = length; n > 0; n--) {
    if (at >= text.length) return undefined;
    at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  }
  return at;
};

/** undefined: this is not a whole number of well-formed instructions. */
export const parse = (text: string): Instruction[] | undefined => {
  const all: Instruction[] = [];
  let now: string[] = [];
  for (let at = 0; at < text.length;) {
    const dot = text.indexOf(".", at);
    if (dot < 0 || dot - at > 7 || !/^\d+$/.test(text.slice(at, dot))) return undefined;
    const end = endOf(text, dot + 1, Number(text.slice(at, dot)));
    if (end === undefined || now.length >= MOST) return undefined;
    now.push(text.slice(dot + 1, end));
    if (text[end] === ";") { all.push(now as unknown as Instruction); now = []; } else if (text[end] !== ",") return undefined;
    at = end + 1;
  }
  return now.length === 0 ? all : undefined;
};

/** Of one whole instruction, without reading the rest of it. */
export const opcodeOf = (text: string): string => /^\d+\.([a-z]*)/.exec(text)?.[1] ?? "";

/** Guacamole's own numbers; a page shows its sentence by them. */
export const STATUS = {
  serverError: 512, busy: 513, upstreamTimeout: 514, upstreamError: 515, notFound: 519, conflict: 520, timedOut: 522, closed: 523, badRequest: 768, unauthorized: 769,
  forbidden: 771, clientTimeout: 776, clientTooMany: 797,
} as const;
