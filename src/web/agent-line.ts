/**
 * The one line that puts an agent on a host, and the program it fetches. Rule: the program is checked by its hash before root runs it, and the token
 * stands in no argument: a shell's own printf hands it on.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

export const PROGRAM = "lockstep-agent.mjs";
export type Bundle = { readonly bytes: Buffer; readonly sha256: string };
let kept: { readonly mark: string; readonly bundle: Bundle } | null = null;
/** As `npm run build` (or `npm run agent`) left it; null: it was not built. Read again when it changed. */
export const bundleOf = (root: string): Bundle | null => {
  const file = join(root, "dist", "agent", PROGRAM);
  try {
    const { mtimeMs, size, ino } = statSync(file),
      mark = `${file} ${mtimeMs} ${size} ${ino}`;
    if (kept?.mark !== mark) {
      const bytes = readFileSync(file);
      kept = { mark, bundle: { bytes, sha256: createHash("sha256").update(bytes).digest("hex") } };
    }
    return kept.bundle;
  } catch {
    return null;
  }
};
export const NOT_BUILT = "The agent's program is not built on this broker. Build it with: npm run agent";
export const NO_KEY = "The broker's tunnel does not run, so no machine could prove whom it speaks to.";

/** The one that follows, where one does: a machine that comes now never needs to know the other. */
export const namedKeys = (keys: readonly string[]): readonly string[] => keys.slice(-1);

export type Paste = {
  readonly origin: string;
  readonly sha256: string;
  readonly brokerKeys: readonly string[];
  readonly mode: string;
  readonly owner: string;
  readonly token: string;
};
/** `'` has no place in any of these: names, hosts, fingerprints and base64url. */
export const pasteLine = (p: Paste): string => {
  const at = new URL(p.origin),
    port = at.port === "" ? (at.protocol === "https:" ? "443" : "80") : at.port,
    plain = at.protocol === "http:";
  const file = `"$d/${PROGRAM}"`,
    host = at.hostname.replace(/^\[|\]$/g, ""),
    keys = p.brokerKeys.join(" ");
  return [
    "d=$(mktemp -d)",
    `curl -fsS${plain ? "" : "k"} '${p.origin}/download/${PROGRAM}' -o ${file}`,
    `echo "${p.sha256}  $d/${PROGRAM}" | sha256sum -c --quiet`,
    `printf %s '${p.token}' | node ${file} install --server '${host}' --port ${port} --user '${p.owner}' --broker-key '${keys}' --mode ${p.mode}` +
      (plain ? " --tls off" : ""),
  ].join(" && ");
};
