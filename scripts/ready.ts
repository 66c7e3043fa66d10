/** Makes a machine ready for tests or the demo: Debian packages, and ssh2's native ciphers where a compiler was missing at install. Rule: as root it does it; else one sentence says what to run. */
import { spawnSync } from "node:child_process";
import { rootOf } from "../src/core.ts";
import { needs } from "../test/lab/needs.ts";

const COMPILER = ["python3", "make", "g++"];

/** Asked of a fresh process: a loaded addon cannot be loaded again. */
const built = (): boolean =>
  spawnSync(process.execPath, ["-e", 'require("ssh2/lib/protocol/crypto/build/Release/sshcrypto.node")'], { cwd: rootOf(), stdio: "ignore" }).status === 0;

export const ready = async (debian: readonly string[], forWhat: string): Promise<void> => {
  const compile = !built();
  await needs({ debian: [...new Set([...debian, ...(compile ? COMPILER : [])])], root: true, linux: true, namespaces: true }, forWhat);
  if (!compile) return;
  spawnSync("npm", ["rebuild", "--foreground-scripts"], { cwd: rootOf(), stdio: "inherit" });
  if (!built()) throw new Error(`${forWhat} needs ssh2's native ciphers, which could not be built; run: npm rebuild --foreground-scripts`);
};
