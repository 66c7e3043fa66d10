/** The log as files: JSON lines that can be checked offline, CSV for a spreadsheet. Rule: a CSV cell never begins as a formula, and every cell reads back as what it was. */
import { canonical, type Actor } from "./audit.ts";

export const FORMATS = ["jsonl", "csv"] as const;
export type Format = (typeof FORMATS)[number];
export const TYPE: Record<Format, string> = { jsonl: "application/x-ndjson", csv: "text/csv; charset=utf-8" };

export type Exported = {
  readonly index: number | null; readonly prevHash: string | null; readonly hash: string | null; readonly id: string; readonly at: Date; readonly what: string; readonly who: unknown;
  readonly about: Readonly<Record<string, string>>; readonly outcome: string; readonly why: string | null; readonly facts: unknown;
};

/** What was hashed (store/events.ts), and the hash beside it. */
const line = (e: Exported): string =>
  canonical({ v: 1, index: e.index, prev_hash: e.prevHash, id: e.id, at: e.at.toISOString(), what: e.what, who: e.who, about: e.about, outcome: e.outcome, why: e.why, facts: e.facts, hash: e.hash });

/** What spreadsheets take for the beginning of a formula, also behind white space and in full width. */
const FORMULA = /^[\s\0]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;
/** RFC 4180, every cell quoted. An apostrophe in front stops a formula; one is put before an apostrophe too, so that taking one away gives the text back. */
export const cell = (text: string): string => `"${(FORMULA.test(text) || text.startsWith("'") ? `'${text}` : text).replaceAll('"', '""')}"`;

const COLUMNS = ["index", "at", "what", "outcome", "who", "person", "address", "means", "why", "about", "facts", "id", "prev_hash", "hash"] as const;
export const csvRow = (cells: readonly string[]): string => `${cells.map(cell).join(",")}\r\n`;
const name = (a: Actor): string => (a.kind === "person" ? a.name : a.kind === "stranger" ? `stranger ${a.name}` : `broker ${a.part}`);
const row = (e: Exported): string => {
  const who = e.who as Actor, from = who.kind === "broker" ? { address: "", means: "" } : who;
  return csvRow([
    String(e.index ?? ""), e.at.toISOString(), e.what, e.outcome, name(who), who.kind === "person" ? who.id : "", from.address, from.means, e.why ?? "",
    Object.entries(e.about).map(([k, v]) => `${k}=${v}`).join(" "), e.facts === null ? "" : canonical(e.facts), e.id, e.prevHash ?? "", e.hash ?? "",
  ]);
};

export const headOf = (format: Format): string => (format === "csv" ? csvRow(COLUMNS) : "");
export const lineOf = (format: Format, e: Exported): string => (format === "csv" ? row(e) : `${line(e)}\n`);
