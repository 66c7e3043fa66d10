/** CSV that no spreadsheet runs and every reader reads back. Rule: properties over any text, with the hostile beginnings made likely. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cell, csvRow, headOf, lineOf, type Exported } from "../../src/domain/audit-export.ts";

/** RFC 4180 read back: rows of cells. */
const parse = (text: string): string[][] => {
  const rows: string[][] = [[]];
  for (let i = 0; i < text.length;) {
    if (text[i] !== '"') throw new Error(`a cell is not quoted at ${i}: ${text.slice(i, i + 20)}`);
    let out = "";
    for (i += 1; !(text[i] === '"' && text[i + 1] !== '"'); i += 1) { if (text[i] === '"') i += 1; out += text[i]!; }
    rows.at(-1)!.push(out);
    i += 1;
    if (text[i] === ",") i += 1;
    else if (text.startsWith("\r\n", i)) { i += 2; if (i < text.length) rows.push([]); } else throw new Error(`no separator at ${i}`);
  }
  return rows;
};
const plainOf = (read: string): string => (read.startsWith("'") ? read.slice(1) : read);

const hostile = fc.tuple(fc.constantFrom("", " ", "\t", "\r", "\n", "\0", "\u00a0", "'", '"', ","), fc.constantFrom("=", "+", "-", "@", "＝", "＋", "－", "＠", "x", "'"), fc.string({ unit: "binary" })).map((t) => t.join(""));
const text = fc.oneof(hostile, fc.string({ unit: "binary" }), fc.constantFrom("=1+1", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "=HYPERLINK(\"http://x\")"));

describe("a CSV cell", () => {
  it("never begins as a formula, whatever the text", () => {
    fc.assert(fc.property(text, (t) => {
      const [[read]] = parse(csvRow([t])) as [[string]];
      expect(read).not.toMatch(/^[\s\0]*[=+\-@＝＋－＠]|^[\t\r\n]/);
    }), { numRuns: 2_000 });
  });
  it("reads back as the text it was, in its own place", () => {
    fc.assert(fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), (row) => { expect(parse(csvRow(row))).toHaveLength(1); expect(parse(csvRow(row))[0]!.map(plainOf)).toEqual(row); }), { numRuns: 2_000 });
  });
  it("says so on the obvious one", () => { expect(cell('=cmd|"x"')).toBe(`"'=cmd|""x"""`); });
});

it("an event's row has as many cells as the head, whoever did it", () => {
  const who: unknown[] = [{ kind: "person", id: "per_1", name: "=ada", address: "192.0.2.1", means: "portal" }, { kind: "stranger", name: "@x", address: "::1", means: "ssh" }, { kind: "broker", part: "clock" }];
  const event = (w: unknown): Exported => ({ index: 4, prevHash: "a", hash: "b", id: "evt_1", at: new Date(0), what: "vote.cast", who: w, about: { request: "req_1" }, outcome: "ok", why: "-1, \"no\"\r\n", facts: { minutes: 5 } });
  const [head] = parse(headOf("csv"));
  for (const w of who) { const [row] = parse(lineOf("csv", event(w))); expect(row).toHaveLength(head!.length); expect(plainOf(row![head!.indexOf("why")]!)).toBe("-1, \"no\"\r\n"); }
  expect(parse(lineOf("csv", event(who[0])))[0]![head!.indexOf("who")]).toBe("'=ada");
});
