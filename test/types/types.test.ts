/**
 * Runs the compiler over test/types/*.test-d.ts. Rule: each `@ts-expect-error` stands before exactly one statement that the compiler
 * refuses; with the expectations taken away every one of them must show up as an error.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { beforeAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const FILES = globSync("test/types/*.test-d.ts", { cwd: ROOT }).sort();
const EXPECTED = /^\s*\/\/ @ts-expect-error/;

const options = (): ts.CompilerOptions => {
  const file = join(ROOT, "tsconfig.json");
  const parsed = ts.parseJsonConfigFileContent(ts.readConfigFile(file, (path) => ts.sys.readFile(path)).config, ts.sys, ROOT);
  return { ...parsed.options, incremental: false, tsBuildInfoFile: undefined } as unknown as ts.CompilerOptions;
};

/** Lines (from 1) with errors, by file; `edit` changes what the compiler reads of the files under test. */
const errorLines = (edit: (text: string) => string): Map<string, number[]> => {
  const settings = options(), host = ts.createCompilerHost(settings), read = host.getSourceFile.bind(host);
  const roots = FILES.map((file) => join(ROOT, file));
  host.getSourceFile = (name, version, ...rest) =>
    roots.includes(name) ? ts.createSourceFile(name, edit(readFileSync(name, "utf8")), version, true) : read(name, version, ...rest);
  const program = ts.createProgram(roots, settings, host);
  return new Map(FILES.map((file) => {
    const source = program.getSourceFile(join(ROOT, file));
    if (source === undefined) throw new Error(`${file} was not compiled`);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return [file, [...new Set(found.map((d) => source.getLineAndCharacterOfPosition(d.start ?? 0).line + 1))].sort((a, b) => a - b)];
  }));
};

const linesAfterExpectations = (file: string): number[] =>
  readFileSync(join(ROOT, file), "utf8").split("\n").flatMap((line, i) => (EXPECTED.test(line) ? [i + 2] : []));

describe("law: step-by-domain, law: sealed-is-not-secret — in types:", () => {
  let asWritten = new Map<string, number[]>(), bare = new Map<string, number[]>();
  beforeAll(() => {
    asWritten = errorLines((text) => text);
    bare = errorLines((text) => text.split("\n").map((line) => (EXPECTED.test(line) ? "//" : line)).join("\n"));
  });

  it("are the pages there are", () => expect(FILES.length).toBeGreaterThanOrEqual(3));
  it.each(FILES)("%s compiles as written", (file) => expect(asWritten.get(file)).toEqual([]));
  it.each(FILES)("%s: every expectation hides a real error, and nothing else is wrong", (file) => {
    expect(linesAfterExpectations(file).length).toBeGreaterThan(0);
    expect(bare.get(file)).toEqual(linesAfterExpectations(file));
  });
});
