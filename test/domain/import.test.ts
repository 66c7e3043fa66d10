/** Files of targets and accounts: read whole, or told what is wrong with them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvLine, parseCsv } from "../../src/domain/csv.ts";
import { COLUMNS, formatOf, MOST_ROWS, parseImport, template } from "../../src/domain/import.ts";

describe("csv", () => {
  test("what is written is read again, whatever stands in it", () => {
    fc.assert(fc.property(fc.array(fc.array(fc.string({ unit: "binary" }).map((s) => s.replaceAll("\r", "")), { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 6 }), (table) => {
      const heading = ["a", "b", "c"], parsed = parseCsv([heading, ...table].map(csvLine).join("\r\n"));
      expect("rows" in parsed && parsed.rows.slice(1).map((r) => r.cells)).toEqual(table);
    }), { numRuns: 200 });
  });
  test("no text makes it throw or loop", () => { fc.assert(fc.property(fc.string({ unit: fc.constantFrom("\"", ",", ";", "\n", "\r", "a", " ", "\t") }), (text) => { parseCsv(text); }), { numRuns: 400 }); });
  test.each([
    ["a;b\n1;2", [["a", "b"], ["1", "2"]]], ["a\tb\n1\t", [["a", "b"], ["1", ""]]], ["\ufeffa,b\r\n\r\n\"x\"\"y\", z \n", [["a", "b"], ["x\"y", "z"]]], ["a,b\n\" kept \",\"two\nlines\"", [["a", "b"], [" kept ", "two\nlines"]]],
  ])("%j", (text, rows) => { const p = parseCsv(text); expect("rows" in p && p.rows.map((r) => r.cells)).toEqual(rows); });
  test.each([["a,b\n1,\"2\n3,4", 2, /never closed/], ["a,b\n1,2\n\"x\" y,2", 3, /written twice/]])("%j is refused with its line", (text, line, why) => {
    expect(parseCsv(text)).toEqual({ line, why: expect.stringMatching(why) as string });
  });
});

describe("import", () => {
  const HEAD = "target,host,port,account,password,role,adopt,target_tags,settings\n";
  test("every mistake of a row is named at once, with its line", () => {
    const { rows } = parseImport("csv", `${HEAD}Bad Name,not a host!,99999,root,,boss,maybe,,nonsense\nweb-2,192.0.2.2,22,root,geheim-9,administrative,yes,a b,"{""sudo"":true}"`);
    expect(rows[0]!.errors.map((e) => e.split(":")[0]).sort()).toEqual(["adopt", "host", "port", "role", "settings", "target"]);
    expect(rows[0]!.line).toBe(2);
    expect(rows[1]).toMatchObject({ line: 3, errors: [], row: { target: "web-2", port: 22, adopt: true, target_tags: ["a", "b"], settings: { sudo: true } } });
    expect(String(rows[1]!.row!.password)).toBe("[secret]");
  });
  test.each([
    ["csv", "host\n1", /must name the columns/], ["csv", "target,hosts\nx,y", /no column hosts/], ["csv", "target\n", /no row/], ["json", "{}", /list of rows/], ["json", "[{\"target\":\"a\",\n \"password\": hunter2}]", /^This is not JSON/],
    ["csv", `target\n${"x\n".repeat(MOST_ROWS + 1)}`, /more than one import takes/],
  ] as const)("%s %j: the file itself is refused", (format, text, why) => {
    const file = parseImport(format, text);
    expect(file.whole).toMatch(why);
    expect(file.whole).not.toContain("hunter2");
    expect(file.rows).toEqual([]);
  });
  test("JSON takes real lists, numbers and truth", () => {
    expect(parseImport("json", JSON.stringify([{ target: "a", port: 2222, adopt: true, target_tags: ["x"], settings: { hostKeys: ["k"] } }, { target: "a", colour: "red" }])).rows)
      .toMatchObject([{ row: { port: 2222, adopt: true, target_tags: ["x"] } }, { row: null, errors: ["there is no column colour"] }]);
  });
  test.each(["csv", "json"] as const)("the %s template is read without an error", (format) => {
    const text = template(format), { rows, whole } = parseImport(format, text);
    expect([whole, rows.flatMap((r) => r.errors), rows.length, formatOf(text)]).toEqual([null, [], 3, format]);
    if (format === "csv") expect(text.split("\r\n")[0]).toBe(COLUMNS.join(","));
  });
});
