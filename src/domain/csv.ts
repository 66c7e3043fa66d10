/** Comma-separated text as spreadsheets write it (RFC 4180; also with semicolons or tabs). Rule: a quote that never closes is an error with its line, never a guess. */

export type CsvRow = { readonly line: number; readonly cells: readonly string[] };
export type Csv = { readonly rows: readonly CsvRow[] } | { readonly line: number; readonly why: string };

/** The separator the heading uses most; a comma when it has but one column. */
const separatorOf = (text: string): string => {
  const head = /^[^\r\n]*/.exec(text)![0];
  return [",", ";", "\t"].map((s) => [s, head.split(s).length] as const).sort((a, b) => b[1] - a[1])[0]![0];
};

/** Walks once: outside quotes a separator ends a cell and a line break a row; inside, a doubled quote is one. Blank lines are no rows. */
export const parseCsv = (source: string): Csv => {
  const text = source.replace(/^\ufeff/, ""), separator = separatorOf(text), rows: CsvRow[] = [];
  let cells: string[] = [], cell = "", quoted = false, wasQuoted = false, line = 1, began = 1;
  const endCell = () => { cells.push(wasQuoted ? cell : cell.trim()); cell = ""; wasQuoted = false; };
  const endRow = () => { endCell(); if (cells.length > 1 || cells[0] !== "") rows.push({ line: began, cells }); cells = []; began = line; };
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === "\n") line++;
    if (quoted) {
      if (c !== "\"") cell += c;
      else if (text[i + 1] === "\"") { cell += c; i++; } else quoted = false;
    } else if (c === "\"" && cell.trim() === "" && !wasQuoted) { quoted = wasQuoted = true; cell = ""; }
    else if (c === separator) endCell();
    else if (c === "\n") endRow();
    else if (wasQuoted && !/\s/.test(c)) return { line, why: "text follows a closing quote; a quote inside a cell is written twice" };
    else if (c !== "\r" && !wasQuoted) cell += c;
  }
  if (quoted) return { line: began, why: "a quote is opened in this row and never closed" };
  endRow();
  return { rows };
};

/** One row; a cell is quoted when it has to be. */
export const csvLine = (cells: readonly string[]): string =>
  cells.map((c) => (/[",;\t\r\n]/.test(c) || c !== c.trim() ? `"${c.replaceAll("\"", "\"\"")}"` : c)).join(",");
