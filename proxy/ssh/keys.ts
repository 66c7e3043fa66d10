/** Keys of a terminal in raw mode, and the line they make. Rule: pure; whatever bytes come, a line holds printable text and has a bound. */

export type Key =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "enter" | "back" | "word" | "kill" | "interrupt" | "end" | "up" | "down" | "other" };

const CONTROL: Readonly<Record<string, Key["kind"]>> = {
  "\r": "enter", "\n": "enter", "\x7f": "back", "\b": "back", "\x17": "word", "\x15": "kill", "\x03": "interrupt", "\x04": "end", "\x10": "up",
    "\x0e": "down",
};
/** CSI and SS3 sequences: arrows and their like. A lone ESC is a key too. */
// eslint-disable-next-line no-control-regex
const SEQUENCE = /^\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O[A-Za-z])/;
// eslint-disable-next-line no-control-regex
const TEXT = /^[^\x00-\x1f\x7f-\x9f]+/;

/** `\r\n` is one enter. */
export const keysOf = (input: string): Key[] => {
  const out: Key[] = [];
  for (let rest = input.replaceAll("\r\n", "\r"); rest !== "";) {
    const text = TEXT.exec(rest)?.[0], sequence = text === undefined ? SEQUENCE.exec(rest)?.[0] : undefined;
    if (text !== undefined) out.push({ kind: "text", text });
    else if (sequence !== undefined) out.push({ kind: sequence.endsWith("A") ? "up" : sequence.endsWith("B") ? "down" : "other" });
    else out.push({ kind: (CONTROL[rest[0]!] ?? "other") as "other" });
    rest = rest.slice((text ?? sequence ?? rest[0]!).length);
  }
  return out;
};

/** The line after a key that edits it; characters, not code units, are counted. */
export const edit = (line: string, key: Key, most: number): string => {
  switch (key.kind) {
    case "text": return [...line, ...key.text.toWellFormed().replace(/[\u2028-\u202e\u2066-\u2069]/g, "")].slice(0, most).join("");
    case "back": return [...line].slice(0, -1).join("");
    case "word": return line.replace(/\S*\s*$/u, "");
    case "kill": return "";
    case "enter": case "interrupt": case "end": case "up": case "down": case "other": return line;
  }
};

/** The end of it that fits into `room` columns, one column a character. */
export const tail = (line: string, room: number): string => (room <= 0 ? "" : [...line].slice(-room).join(""));
/** The beginning of it that fits; what is cut off is marked. */
export const head = (text: string, room: number): string => {
  const all = [...text];
  return all.length <= room ? text : room <= 3 ? all.slice(0, Math.max(0, room)).join("") : `${all.slice(0, room - 3).join("")}...`;
};
/** Words put into lines of at most `room` columns. A longer word, such as an address to copy, stays whole: the terminal wraps it. */
export const fold = (text: string, room: number): string[] => {
  const width = Math.max(1, room), out: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && [...line].length + 1 + [...word].length > width) { out.push(line); line = ""; }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...out, line];
};
