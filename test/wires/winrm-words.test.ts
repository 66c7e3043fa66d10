/** Reading a WS-Man server's XML. Rule: what is found is what a plain regular expression would find, in a time that grows with the text alone. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tags, type Tag } from "../../src/wires/winrm-words.ts";

/** As it was first written: right, and quadratic. */
const first = (xml: string, local: string): Tag[] =>
  [...xml.matchAll(new RegExp(`<(?:[\\w.-]+:)?${local}((?:\\s[^<>]*?)?)(?:/>|>([^]*?)</(?:[\\w.-]+:)?${local}\\s*>)`, "g"))].map((m) => ({
    attributes: Object.fromEntries([...(m[1] ?? "").matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map((a) => [a[1]!.replace(/^.*:/, ""), a[2] ?? a[3] ?? ""])), text: (m[2] ?? "").trim(),
  }));
const pieces = fc.constantFrom("<S>", "</S>", "<r:S>", "</r:S >", "<S/>", "<r:S />", "<S a=\"1\">", "<S b:a='x' c = \"y\"/>", "<Sx>", "</Sx>", "<T>", "x", " ", "<", ">", "/");

describe("tags", () => {
  test("are what they were, whatever is nested, cut or left open", () => {
    let some = 0;
    fc.assert(fc.property(fc.array(pieces, { maxLength: 14 }).map((p) => p.join("")), (xml) => {
      const found = tags(xml, "S");
      some += found.length;
      expect(found).toEqual(first(xml, "S"));
    }), { numRuns: 4_000 });
    expect(some).toBeGreaterThan(1_000);
  });
  test.each([
    ["that never end", "<S>".repeat(1_300_000)], ["in one another", `${"<S>".repeat(650_000)}${"</S>".repeat(500_000)}`], ["of a prefix without an end", "<aaaa".repeat(800_000)],
    ["whose attributes have no value", `<S ${"a".repeat(4_000_000)}></S>`], ["of many attributes", `<S ${"a=\"\" ".repeat(700_000)}></S>`], ["whose end is not closed", `<S>${"</S ".repeat(1_000_000)}`],
    ["of blanks", `<S ${" ".repeat(4_000_000)}=></S>`],
  ])("4 MiB %s are read in a moment", (_, xml) => {
    const begun = performance.now();
    tags(xml, "S");
    expect(performance.now() - begun).toBeLessThan(3_000);
  });
});
