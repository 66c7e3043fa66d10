/**
 * Our own programs in one file each, as children of tests start them. Rule: a child runs the sources of this very run, and finds its files as they do:
 * every `import.meta` is the source's own.
 *
 * From source a process that opens the broker reads a thousand modules first, two seconds of one core; the suite starts hundreds.
 */
import { rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";

const ROOT = join(import.meta.dirname, "../..");
/** Those bring native code or files of their own, which are looked for beside them. */
const BUNDLED = /^(?:drizzle-orm|zod|hono|@hono\/(?:zod-openapi|node-server))(?:\/|$)/;

const asSource: Plugin = {
  name: "as-source",
  setup: (b) => {
    b.onLoad({ filter: /\.tsx?$/ }, async ({ path }) => path.includes("node_modules") ? undefined : {
      contents: (await readFile(path, "utf8")).replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)).replaceAll("import.meta.dirname", JSON.stringify(dirname(path))),
      loader: path.endsWith("x") ? "tsx" : "ts",
    });
    b.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => kind === "entry-point" || BUNDLED.test(path) ? undefined : { path, external: true });
  },
};

const ENTRIES = ["src/main.ts", "test/chaos/victim.ts", "test/e2e/child.ts"] as const;
export type Program = (typeof ENTRIES)[number];
const VAR = "LOCKSTEP_TEST_PROGRAMS";

/** Into a directory of this process's own, below node_modules so that packages are found. Returns its path. */
const bundle = async (): Promise<string> => {
  const out = join(ROOT, `node_modules/.cache/lockstep/programs-${process.pid}`);
  await build({
    absWorkingDir: ROOT, entryPoints: [...ENTRIES], outdir: out, outbase: ROOT, bundle: true, splitting: true, platform: "node", target: "node22", format: "esm",
    jsx: "automatic", jsxImportSource: "hono/jsx", sourcemap: "linked", plugins: [asSource], logLevel: "error",
  });
  process.once("exit", () => { rmSync(out, { recursive: true, force: true }); });
  return out;
};
let here: Promise<string> | undefined;
/** Before a run of many test processes: they all use one. */
export const programs = async (): Promise<void> => { process.env[VAR] = await (here ??= bundle()); };
/** The file to be started. */
export const program = async (entry: Program): Promise<string> => join(process.env[VAR] ?? await (here ??= bundle()), entry.replace(/\.ts$/, ".js"));
