/** `npm run laws` finds the test of a law, and finds out when there is none. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lawsOf, strangers, testsOf, titlesOf, type Law } from "../../scripts/laws.ts";

const PAGE = "# House\n- `walk` not a law\n## Laws\n### Rotation\n- `I1` no loss\n- `cut-off-1` a timer\n- `cut-off-12` another\n## Not yet\n- `rdp-pinning` later\n## Words\n- `person` x\n";
const law = (id: string): Law => ({ id, says: "", due: true });
const found = (id: string, source: string): string[] => testsOf(law(id), titlesOf("a.test.ts", source));

describe("laws", () => {
  it("are read from their two sections alone", () => {
    expect(lawsOf(PAGE).map(({ id, due }) => [id, due])).toEqual([["I1", true], ["cut-off-1", true], ["cut-off-12", true], ["rdp-pinning", false]]);
  });
  it.each([
    `it("law: I1 — no loss", () => {});`, `test("law: I1", () => {});`, `describe("law: I1 and law: I2", () => {});`,
    `it.each([1])("law: I1 %s", () => {});`, "it.each`a\n${1}`(\"law: I1\", () => {});", "it(`law: I1 ${x}`, () => {});",
    `describe("x", () => { it.concurrent(\n"law: I1: long",\n() => {}); });`,
  ])("a title counts: %s", (source) => expect(found("I1", source)).toEqual(["a.test.ts"]));
  it.each([
    `it.skip("law: I1", () => {});`, `it.todo("law: I1");`, `describe.skip("x", () => { it("law: I1", () => {}); });`, `it.skipIf(true)("law: I1", () => {});`,
    `// it("law: I1")`, `const law = "law: I1";`, `it("law: I11", () => {});`, `it("law: I1-x", () => {});`, `it("the law I1", () => {});`, `log("law: I1");`,
  ])("nothing else does: %s", (source) => expect(found("I1", source)).toEqual([]));
  it("one id is not the beginning of another", () => {
    expect(found("cut-off-1", `it("law: cut-off-12 — x", () => {});`)).toEqual([]);
  });
  it("a misspelt law is named", () => {
    const titles = titlesOf("a.test.ts", `it("law: I1 — x", () => {}); it("law: own-reqest — x", () => {}); it("law: free words here", () => {});`);
    expect(strangers([law("I1")], titles)).toEqual(["own-reqest"]);
  });
  it("the page of the house has some, each once", () => {
    const ids = lawsOf(readFileSync(join(import.meta.dirname, "../../src/README.md"), "utf8")).map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(30);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
  });
});
