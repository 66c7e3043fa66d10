/** The line that holds a password. Rule: whoever reads the file back in its own way reads exactly that password, and nothing else of the file changed. */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FORMED, rewritten } from "../../src/connectors/config-file.ts";
import type { Form } from "../../src/connectors/connector.ts";

const password = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter((p) => !/[\r\n\0]/.test(p) && p.isWellFormed());
const READ: Record<Exclude<Form, "quoted">, (text: string) => string> = {
  plain: (t) => t, json: (t) => JSON.parse(t) as string, url: decodeURIComponent, pgpass: (t) => t.replace(/\\(.)/gu, "$1"),
  xml: (t) => t.replace(/&(amp|lt|gt|quot|apos);/g, (_, n: string) => ({ amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'" })[n]!),
};

test("every form reads back as the password, and none holds the end of a line", () => {
  fc.assert(fc.property(password, (p) => {
    for (const [form, read] of Object.entries(READ)) {
      const written = FORMED[form as Form](p);
      expect(read(written), form).toBe(p);
      expect(written).not.toMatch(/[\r\n]/);
    }
    expect(FORMED.pgpass(p).replace(/\\./gu, "")).not.toContain(":");
    expect(FORMED.xml(p)).not.toMatch(/[<>"']/);
    expect(FORMED.url(p)).toMatch(/^[A-Za-z0-9%._~-]+$/);
  }), { numRuns: 300 });
});
test("a shell reads the quoted form as the password, whatever it holds", () => {
  const all = fc.sample(password, 60), script = all.map((p) => `printf '%s\\0' ${FORMED.quoted(p)}`).join("\n");
  expect(execFileSync("/bin/sh", ["-s"], { input: script }).toString().split("\0").slice(0, -1)).toEqual(all);
});
test("one line changes and nothing else; doing it again changes nothing; with none or two such lines nothing is done", () => {
  const line = fc.string({ maxLength: 30 }).filter((l) => !l.includes("\n") && !l.trimStart().startsWith("pw = "));
  fc.assert(fc.property(fc.array(line, { maxLength: 8 }), fc.nat(8), fc.constantFrom("", "  ", "\t"), fc.constantFrom("", "\r"), password, (lines, at, indent, end, p) => {
    const i = Math.min(at, lines.length), text = [...lines.slice(0, i), `${indent}pw = old;${end}`, ...lines.slice(i)].join("\n");
    const r = rewritten(text, "pw = {{password}};", "plain", p);
    if ("refused" in r) throw new Error(r.refused);
    expect(r.text.split("\n")).toEqual([...lines.slice(0, i), `${indent}pw = ${p};${end}`, ...lines.slice(i)]);
    expect(rewritten(r.text, "pw = {{password}};", "plain", p)).toEqual({ text: r.text, same: true });
    expect(rewritten(lines.join("\n"), "pw = {{password}};", "plain", p)).toEqual({ refused: "no line of the file looks like the template" });
    expect(rewritten(`${text}\n${text}`, "pw = {{password}};", "plain", p)).toEqual({ refused: "2 lines of the file look like the template; one is wanted" });
  }), { numRuns: 300 });
});
