/**
 * The walls hold, and each is able to fall. Rule: every wall of .dependency-cruiser.mjs has a plant here that breaks it and nothing else;
 * a wall without a plant fails the suite.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import extractConfig from "dependency-cruiser/config-utl/extract-depcruise-config";
import extractTsConfig from "dependency-cruiser/config-utl/extract-ts-config";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ALLOWED, PLANTS, STUBS } from "./plants.ts";

const ROOT = join(import.meta.dirname, "../..");
const ROOMS = ["src", "views", "proxy", "agent", "test", "bench", "scripts"];

const rules = async () => {
  const { options, ...ruleSet } = await extractConfig(join(ROOT, ".dependency-cruiser.mjs"));
  return { options, ruleSet };
};

const cruiseTree = async (baseDir: string): Promise<ICruiseResult> => {
  const { options, ruleSet } = await rules();
  const present = ROOMS.filter((room) => existsSync(join(baseDir, room)));
  const result = await cruise(present, { ...options, ruleSet, validate: true, baseDir } as Parameters<typeof cruise>[1], undefined,
    { tsConfig: extractTsConfig(join(ROOT, "tsconfig.json")) });
  return result.output as ICruiseResult;
};

const write = (tree: string, file: string, text: string): void => {
  mkdirSync(dirname(join(tree, file)), { recursive: true });
  writeFileSync(join(tree, file), text);
};

/** `@/src/x.ts` in a plant's code becomes the relative path from the planted file. */
const relativeCode = (file: string, code: string): string => code.replaceAll(/"@\/([^"]+)"/g, (_, to: string) => {
  const path = relative(dirname(file), to);
  return JSON.stringify(path.startsWith(".") ? path : `./${path}`);
});

const plantTree = (): string => {
  const tree = mkdtempSync(join(tmpdir(), "lockstep-walls-"));
  for (const file of ["package.json", "tsconfig.json"]) cpSync(join(ROOT, file), join(tree, file));
  symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
  for (const file of STUBS) write(tree, file, "export const value = 1; export type Type = 1;\n");
  for (const [file, code] of [...PLANTS.map(([, f, c]) => [f, c] as const), ...ALLOWED]) write(tree, file, relativeCode(file, code));
  return tree;
};

describe("the real tree", () => {
  it("law: walls — stands behind every wall, and was really looked at", async () => {
    const { summary, modules } = await cruiseTree(ROOT);
    expect(summary.violations.map((v) => `${v.rule.name}: ${v.from} -> ${v.to}`)).toEqual([]);
    expect(modules.filter((m) => /^(src|views|proxy|agent)\//.test(m.source)).length).toBeGreaterThan(20);
  });
});

describe("planted violations", () => {
  const found = new Map<string, Set<string>>();
  let tree = "";
  beforeAll(async () => {
    tree = plantTree();
    const { summary } = await cruiseTree(tree);
    for (const { from, rule } of summary.violations) found.set(from, (found.get(from) ?? new Set()).add(rule.name));
  });
  afterAll(() => rmSync(tree, { recursive: true, force: true }));

  it("every wall has a plant", async () => {
    const { ruleSet } = await rules();
    const names = (ruleSet.forbidden ?? []).map((rule) => rule.name);
    expect([...new Set(PLANTS.map(([rule]) => rule))].sort()).toEqual([...names].sort());
  });
  it("no file is planted twice", () => {
    const files = [...STUBS, ...PLANTS.map(([, f]) => f), ...ALLOWED.map(([f]) => f)];
    expect(files.filter((f, i) => files.indexOf(f) !== i)).toEqual([]);
  });
  it.each(PLANTS)("law: walls — %s stops %s", (rule, file) => {
    expect([...found.get(file) ?? []]).toEqual([rule]);
  });
  it.each(ALLOWED)("%s is allowed what its line names", (file) => {
    expect([...found.get(file) ?? []]).toEqual([]);
  });
});
