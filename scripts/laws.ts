/**
 * `npm run laws`: every law of src/README.md has a test whose title names it (`law: <id>`). Rule: a law nobody tests fails by name;
 * skipped and todo tests count for nothing; the laws under "Not yet" are printed and do not fail.
 */
import { globSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";

export type Law = { readonly id: string; readonly says: string; readonly due: boolean };
export type Title = { readonly file: string; readonly title: string };

const ROOT = join(import.meta.dirname, "..");

/** Lines like "- `I1` no loss: …" under the headings "Laws…" and "Not yet…". */
export const lawsOf = (page: string): Law[] => {
  const laws: Law[] = [];
  let section = "";
  for (const line of page.split("\n")) {
    section = /^##\s+(.*)/.exec(line)?.[1]?.toLowerCase() ?? section;
    const [, id, says] = /^- `([A-Za-z0-9-]+)` (.+)$/.exec(line) ?? [];
    if (id !== undefined && says !== undefined && /^(laws|not yet)/.test(section)) laws.push({ id, says, due: section.startsWith("laws") });
  }
  return laws;
};

/** "it.each(rows)" is [it, each]. */
const chain = (node: ts.Expression): string[] =>
  ts.isIdentifier(node) ? [node.text] : ts.isPropertyAccessExpression(node) ? [...chain(node.expression), node.name.text]
  : ts.isCallExpression(node) || ts.isTaggedTemplateExpression(node) ? chain(ts.isCallExpression(node) ? node.expression : node.tag) : [];

const textOf = (node: ts.Expression | undefined): string | undefined =>
  node === undefined ? undefined : ts.isStringLiteralLike(node) ? node.text : ts.isTemplateExpression(node) ? node.head.text : undefined;

/** Titles of the tests and suites that run. A suite counts by the tests inside it, and what stands in a skipped suite is skipped. */
export const titlesOf = (file: string, source: string): Title[] => {
  const titles: Title[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [head = "", ...rest] = chain(node.expression);
      const title = /^(it|test|describe)$/.test(head) ? textOf(node.arguments[0]) : undefined;
      if (title !== undefined && rest.some((word) => /^(skip|todo|skipIf|runIf|fails)$/.test(word))) return;
      if (title !== undefined) titles.push({ file, title });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true, file.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS));
  return titles;
};

export const testsOf = (law: Law, titles: readonly Title[]): string[] =>
  [...new Set(titles.filter(({ title }) => new RegExp(`law: ${law.id}(?![\\w-])`).test(title)).map(({ file }) => file))].sort();

/** Ids that titles give in the form of an id (`law: cut-off-1 — …`) and the page does not have: a misspelt law looks tested and is not. */
export const strangers = (laws: readonly Law[], titles: readonly Title[]): string[] => {
  const known = new Set(laws.map((law) => law.id));
  const named = titles.flatMap(({ title }) => [...title.matchAll(/law: ([A-Za-z0-9-]+)(?= —|$)/g)].map(([, id]) => id ?? ""));
  return [...new Set(named)].filter((id) => !known.has(id)).sort();
};

const main = (): number => {
  const laws = lawsOf(readFileSync(join(ROOT, "src/README.md"), "utf8"));
  const files = globSync("test/**/*.test.{ts,tsx}", { cwd: ROOT }).sort();
  const titles = files.flatMap((file) => titlesOf(relative(ROOT, join(ROOT, file)), readFileSync(join(ROOT, file), "utf8")));
  const width = Math.max(...laws.map((law) => law.id.length));
  const row = (law: Law): string => `${law.id.padEnd(width)}  ${testsOf(law, titles).join(", ") || (law.due ? "NO TEST" : "not yet")}`;
  const missing = laws.filter((law) => law.due && testsOf(law, titles).length === 0);
  console.log(laws.map(row).join("\n"));
  for (const id of strangers(laws, titles)) console.error(`a test title names the law "${id}", which src/README.md does not have`);
  for (const law of missing) console.error(`law ${law.id} has no test: ${law.says}`);
  console.log(`${laws.length} laws, ${missing.length} without a test, ${laws.filter((law) => !law.due).length} not yet due, ${files.length} test files`);
  return laws.length === 0 || missing.length > 0 ? 1 : 0;
};

if (process.argv[1] === import.meta.filename) process.exitCode = main();
