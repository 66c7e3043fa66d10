/** What was said in a recording, as rows: commands, typed lines, printed text. Rule: pure; made of masked pieces; commands in a free shell are found by their prompt, best effort. */
import { atOnce, type Work } from "../kernel/rest.ts";
import type { Channel } from "./channels.ts";
import { LONGEST, eachLine, render, type Line } from "./lines.ts";

export const KINDS = ["command", "typed", "printed", "sftp"] as const;
export type Kind = (typeof KINDS)[number];
/** `at`: ms since the channel opened. */
export type Row = { readonly channel: number; readonly at: number; readonly kind: Kind; readonly text: string };

/** Printed lines that came together make one row, up to so many characters and ms. */
const TOGETHER = 1_000, WITHIN = 1_000;

const printedRow = (channel: number, lines: readonly Line[]): Row => ({ channel, at: lines[0]!.at, kind: "printed", text: lines.map((l) => l.text).join("\n") });
function* outputRows(c: Channel): Work<Row[]> {
  const rows: Row[] = [];
  let held: Line[] = [], size = 0;
  const flush = (): void => { if (held.some((l) => l.text !== "")) rows.push(printedRow(c.no, held)); held = []; size = 0; };
  for (const line of eachLine(c)) {
    yield;
    const command = line.prompt > 0 ? line.text.slice(line.prompt).trim() : "";
    if (held.length > 0 && (command !== "" || size > TOGETHER || line.at - held[0]!.at > WITHIN)) flush();
    if (command !== "") rows.push({ channel: c.no, at: line.at, kind: "command", text: command });
    else { held.push(line); size += line.text.length + 1; }
  }
  flush();
  return rows;
}
/** Lines of a terminal's input; what was hidden stays dots and is left out. */
function* typedRows(c: Channel): Work<Row[]> {
  const rows: Row[] = [];
  let raw = "";
  const flush = (at: number): void => {
    const text = render(raw.replaceAll("\x7f", "\x08 \x08"));
    if (/[^•\s]/.test(text)) rows.push({ channel: c.no, at, kind: "typed", text });
    raw = "";
  };
  for (const p of c.pieces) {
    if (p.code !== "i") continue;
    const parts = p.text.split(/\r\n?|\n/);
    for (const [i, part] of parts.entries()) {
      raw += part;
      if (i < parts.length - 1 || raw.length > LONGEST) { flush(p.at); yield; }
    }
  }
  return rows;
}

/** On a desktop a line ends with Enter, or when nothing was typed for a while: much is typed into fields that are left by the mouse. */
const REST = 3_000;
function* desktopRows(c: Channel): Work<Row[]> {
  const rows: Row[] = [];
  let raw = "", at = 0, last = 0;
  const flush = (): void => {
    const text = render(raw.replaceAll("\x7f", "\x08 \x08"));
    if (/\S/.test(text)) rows.push({ channel: c.no, at, kind: "typed", text });
    raw = "";
  };
  for (const p of c.pieces) {
    if (p.code !== "i") continue;
    if (raw !== "" && p.at - last > REST) flush();
    if (raw === "") at = p.at;
    last = p.at;
    if (p.text === "\r" || raw.length > LONGEST) { flush(); yield; }
    if (p.text !== "\r") raw += p.text;
  }
  flush();
  return rows;
}

/** One operation, one row. */
function* fileRows(c: Channel): Work<Row[]> {
  const rows: Row[] = [];
  for (const l of eachLine(c)) { yield; if (l.text !== "") rows.push({ channel: c.no, at: l.at, kind: "sftp", text: l.text }); }
  return rows;
}

/** In the order of time; of an exec the command comes first. */
export function* transcribe(channels: readonly Channel[]): Work<Row[]> {
  let rows: Row[] = [];
  for (const c of channels) {
    if (c.opened.command !== undefined) rows.push({ channel: c.no, at: 0, kind: "command", text: c.opened.command });
    const said = yield* c.opened.kind === "sftp" ? fileRows(c) : outputRows(c), typed = c.terminal ? yield* typedRows(c) : c.opened.kind === "desktop" ? yield* desktopRows(c) : [];
    rows = rows.concat(said.concat(typed).toSorted((a, b) => a.at - b.at));
  }
  return rows;
}
export const transcriptOf = (channels: readonly Channel[]): Row[] => atOnce(transcribe(channels));
