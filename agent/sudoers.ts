/** Whom sudo lets do anything, asked as root. Rule: an answer that did not come whole is an error; without sudo it lets nobody. */
import { Fault } from "../src/kernel/fault.ts";
import { installed, runChild } from "../src/wires/child.ts";

const MARK = "== lockstep end";
export const sudoersAmong = async (names: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>> => {
  if (!(await installed("sudo"))) return new Set();
  const ask = `for u in "$@"; do sudo -n -l -U "$u" 2>/dev/null | grep -q " may run the following" && echo "$u"; done; echo "${MARK}"`;
  const r = await runChild("/bin/sh", ["-c", ask, "sh", ...names], { input: "", signal });
  if (r.code !== 0 || !r.stdout.endsWith(`${MARK}\n`)) throw new Fault("upstream", "sudo did not tell whom it lets in; nothing of the list counts");
  return new Set(r.stdout.split("\n").filter((n) => names.includes(n)));
};
