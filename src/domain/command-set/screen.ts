/** What a person would read of a terminal's bytes. Rule: text in, text out; half an escape sequence at the end is no text yet. */

/* eslint-disable no-control-regex */
const OSC = /\x1b[\]P^_X][^\x07\x1b]*(\x07|\x1b\\|$)/g;
const CSI = /(\x1b\[|\x9b)[0-?]*[ -/]*([@-~]|$)/g;
const OTHER = /\x1b[ -/]*([0-Z\\^-~]|$)/g;
const CONTROL = /[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]/g;

/** `abc\b\bX` is `aX`: a line editor's corrections, as far as they go backwards. */
const corrected = (text: string): string => {
  if (!text.includes("\b")) return text;
  const out: string[] = [];
  for (const c of text) if (c !== "\b") out.push(c); else if (out.length > 0 && out.at(-1) !== "\n") out.pop();
  return out.join("");
};

/** Lines end in \n alone; a bare return begins one too, as a redrawn prompt does. */
export const visible = (raw: string): string =>
  corrected(raw.replace(OSC, "").replace(CSI, "").replace(OTHER, "").replace(/\r+\n?/g, "\n").replace(CONTROL, ""));
export const lastLine = (text: string): string => text.split("\n").map((l) => l.trim()).findLast((l) => l !== "") ?? "";

/**
 * Without the echo of `line`, which comes first where there is one, on the very line it was typed on; a long line may be broken by a narrow terminal. Half an echo is nothing
 * heard yet; what is no echo is left as it is.
 */
export const withoutEcho = (text: string, line: string): string => {
  let i = 0;
  if (text.startsWith("\n")) return text;
  for (let j = 0; j < line.length && i < text.length;) {
    if (text[i] === line[j]) { i++; j++; } else if (text[i] === "\n" || (text[i] === " " && text[i + 1] === "\n")) i++;
    else return text;
    if (j === line.length) return [undefined, "\n", " "].includes(text[i]) ? text.slice(i) : text;
  }
  return line === "" || text.trim() === "" ? text : "";
};
