/**
 * The agent's program as one file that needs nothing but Node. Rule: the bundle is a function of the sources and the lock file: the same bytes on
 * every machine.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** wires/ssh-tuned.ts loads ssh2 by createRequire, which a bundler cannot follow; as a plain `require` it can. */
const followSsh2: Plugin = {
  name: "follow-ssh2",
  setup: (b) =>
    b.onLoad({ filter: /src\/wires\/ssh-tuned\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8"),
        line = "const require = createRequire(import.meta.url);";
      if (!text.includes(line)) throw new Error("wires/ssh-tuned.ts loads ssh2 another way than this bundle was written for");
      return { contents: text.replace(line, "").replace(/^import \{ createRequire \} from "node:module";$/m, ""), loader: "ts" };
    }),
};
/** Native addons make SSH faster and are nothing that one file could bring along: both are looked for in a try of ssh2's own. */
const withoutAddons: Plugin = {
  name: "without-addons",
  setup: (b) => b.onResolve({ filter: /\.node$|^cpu-features$/ }, ({ path }) => ({ path, external: true })),
};

/** What modules of the older kind expect to find. */
const BANNER = `#!/usr/bin/env node
import { createRequire as requireOf } from "node:module";
const require = requireOf(import.meta.url), __dirname = import.meta.dirname;`;

/** `out`: the file. `entry`: the program's own, where a test does not want another one beside it. Returns its size. */
export const bundleAgent = async (out: string, entry = "agent/start.ts"): Promise<number> => {
  const r = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: out,
    bundle: true,
    platform: "node",
    target: "node22",
    format: "esm",
    legalComments: "none",
    banner: { js: BANNER },
    plugins: [followSsh2, withoutAddons],
    metafile: true,
    logLevel: "silent",
  });
  return Object.values(r.metafile.outputs)[0]!.bytes;
};
