/** Tables and times for people. Rule: columns align, times are relative, and nothing from outside reaches the terminal unescaped. */
import { plain } from "./io.ts";

const STEPS = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1_000]] as const;

/** "in 25 min", "3 h ago", "now"; "-" for none. */
export const relative = (at: string | null | undefined, now: Date): string => {
  if (!at) return "-";
  const ms = new Date(at).getTime() - now.getTime(), size = Math.abs(ms), step = STEPS.find(([, length]) => size >= length);
  if (!step) return "now";
  const text = `${Math.floor(size / step[1])} ${step[0]}`;
  return ms > 0 ? `in ${text}` : `${text} ago`;
};

export type Cell = string | number | boolean | null | undefined;
const textOf = (cell: Cell): string => (cell === null || cell === undefined || cell === "" ? "-" : plain(String(cell)).replace(/\n/g, " "));

/** The first row is the heading. No rows: a sentence that says what to do next. */
export const table = (heading: readonly string[], rows: readonly (readonly Cell[])[], empty: string): string => {
  if (rows.length === 0) return empty;
  const all = [heading.map((h) => h.toUpperCase()), ...rows.map((r) => r.map(textOf))];
  const widths = heading.map((_, i) => Math.max(...all.map((r) => (r[i] ?? "").length)));
  return all.map((r) => r.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd()).join("\n");
};

/** One thing: `name  value` a line. */
export const facts = (pairs: readonly (readonly [string, Cell])[]): string => {
  const width = Math.max(...pairs.map(([k]) => k.length));
  return pairs.map(([k, v]) => `${k.padEnd(width)}  ${textOf(v)}`).join("\n");
};
