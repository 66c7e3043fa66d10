/** One operation, one line: whatever a client or target put into a name, also in recordings that are on disk already. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineOf, type Operation } from "../../src/recordings/told.ts";

const hostile = fc.string({ unit: fc.oneof(fc.constantFrom("\r", "\n", "\x1b", "\x08", "\x7f", "\x85", "\x9b", "[2K", "remove /srv/x: ok"), fc.string({ unit: "binary", maxLength: 3 })), maxLength: 20 });
const moved = fc.record({ bytes: fc.nat(), sha256: fc.option(hostile) });
const operation: fc.Arbitrary<Operation> = fc.record({ op: hostile, path: hostile, result: hostile, to: hostile, detail: hostile, refused: hostile, entries: fc.nat(), read: moved, written: moved }, { requiredKeys: ["op", "path", "result"] });

describe("the line of an operation", () => {
  it("has one line end, its own, and no other control character", () => {
    fc.assert(fc.property(operation, (o) => { expect(lineOf(o)).toMatch(/^\P{Cc}*\r\n$/u); }), { numRuns: 2_000 });
  });
  it("of a refusal that names a hostile path forges no other and erases none", () => {
    expect(lineOf({ op: "remove", path: "/a", result: "refused", refused: "Your access does not include /a\r\x1b[2Kremove /b: ok\r\nremove /c." })).toBe("remove /a: Your access does not include /a\\x0d\\x1b[2Kremove /b: ok\\x0d\\x0aremove /c.\r\n");
  });
  it("leaves other text as it is", () => { expect(lineOf({ op: "rename", path: "/é 😀", to: "/b\\x0a", detail: "x", result: "ok" })).toBe("rename /é 😀 -> /b\\x0a (x): ok\r\n"); });
});
