/** What the documents point at is there. Rule: every relative link of every page that is kept, and every test or page named in backticks with its path. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../..");
/** What is not ours, or is made. */
const LEFT_OUT = new Set(["node_modules", "dist", ".git", ".demo"]);
const pagesIn = (dir: string): string[] => readdirSync(path.join(ROOT, dir), { withFileTypes: true }).filter((e) => !LEFT_OUT.has(e.name))
  .flatMap((e) => (e.isDirectory() ? pagesIn(path.join(dir, e.name)) : e.name.endsWith(".md") ? [path.join(dir, e.name)] : []));
const pages = pagesIn("");
/** `[word](place)` outside of code; what has a scheme or is a place in the same page is somebody else's. */
const linksOf = (text: string): string[] => [...text.replace(/```[\s\S]*?```/g, "").matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)].map((m) => m[1]!).filter((to) => !/^[a-z]+:/.test(to));
const namedIn = (text: string): string[] => [...text.matchAll(/`((?:test|docs|src|agent|proxy|bench|scripts|deploy|command-sets)\/[\w./-]+\.(?:ts|tsx|md|yaml|sh))`/g)].map((m) => m[1]!);

test("a link that leads nowhere is seen", () => {
  expect(linksOf("see [a](a.md), [b](https://example.org), [c](#c) and [d](../d.md#e)")).toEqual(["a.md", "../d.md"]);
  expect(namedIn("by `test/walls/links.test.ts` and `lockstep test`")).toEqual(["test/walls/links.test.ts"]);
});
test("every page's links lead to something that is kept", () => {
  expect(pages.length).toBeGreaterThan(20);
  const dead = pages.flatMap((page) => {
    const text = readFileSync(path.join(ROOT, page), "utf8");
    return [...linksOf(text).filter((to) => !existsSync(path.join(ROOT, path.dirname(page), decodeURI(to)))), ...(page === "CHANGELOG.md" ? [] : namedIn(text).filter((to) => !existsSync(path.join(ROOT, to))))].map((to) => `${page}: ${to}`);
  });
  expect(dead).toEqual([]);
});
