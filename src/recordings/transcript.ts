/** What was said in a recording, as rows: commands, typed lines, printed text. Rule: pure; made of masked pieces; commands in a free shell are found by their prompt, best effort. */
import type { Channel } from "./channels.ts";
import { linesOf, render, type Line } from "./lines.ts";

export const KINDS = ["command", "typed", "printed", "sftp"] as const;
export type Kind = (typeof KINDS)[number];
/** `at`: ms since the channel opened. */
export type Row = { readonly channel: number; readonly at: number; readonly kind: Kind; readonly text: string };

/** Printed lines that came together make one row, up to so many characters and ms. */
const TOGETHER = 1_000, WITHIN = 1_000;

const printedRow = (channel: number, lines: readonly Line[]): Row => ({ channel, at: lines[0]!.at, kind: "printed", text: lines.map((l) => l.text).join("\n") });
const outputRows = (c: Channel): Row[] => {
  const rows: Row[] = [];
  let held: Line[] = [], size = 0;
  const flush = (): void => { if (held.some((l) => l.text !== "")) rows.push(printedRow(c.no, held)); held = []; size = 0; };
  for (const line of linesOf(c)) {
    const command = line.prompt > 0 ? line.text.slice(line.prompt).trim() : "";
    if (held.length > 0 && (command !== "" || size > TOGETHER || line.at - held[0]!.at > WITHIN)) flush();
    if (command !== "") rows.push({ channel: c.no, at: line.at, kind: "command", text: command });
    else { held.push(line); size += line.text.length; }
  }
  flush();
  return rows;
};
/** Lines of a terminal's input; what was hidden stays dots and is left out. */
const typedRows = (c: Channel): Row[] => {
  const rows: Row[] = [];
  let raw = "";
  for (const p of c.pieces) {
    if (p.code !== "i") continue;
    const parts = p.text.split(/\r\n?|\n/);
    for (const [i, part] of parts.entries()) {
      raw += part;
      if (i === parts.length - 1) break;
      // eslint-disable-next-line no-control-regex
      const text = render(raw.replaceAll("\x7f", "\x08 \x08"));
      if (/[^•\s]/.test(text)) rows.push({ channel: c.no, at: p.at, kind: "typed", text });
      raw = "";
    }
  }
  return rows;
};

/** One operation, one row. */
const fileRows = (c: Channel): Row[] => linesOf(c).filter((l) => l.text !== "").map((l) => ({ channel: c.no, at: l.at, kind: "sftp", text: l.text }));

/** In the order of time; of an exec the command comes first. */
export const transcriptOf = (channels: readonly Channel[]): Row[] => channels.flatMap((c) => [
  ...(c.opened.command === undefined ? [] : [{ channel: c.no, at: 0, kind: "command" as const, text: c.opened.command }]),
  ...[...(c.opened.kind === "sftp" ? fileRows(c) : outputRows(c)), ...(c.terminal ? typedRows(c) : [])].toSorted((a, b) => a.at - b.at),
]);
