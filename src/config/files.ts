/**
 * Secrets of the start that stand in files: NAME_FILE for NAME. Rule: what stands in the environment is seen by whoever reads a process list or a
 * container's settings, so every secret may stand in a file instead; one line of it counts.
 */
import { readFileSync, statSync } from "node:fs";

export const FILED = ["DATABASE_URL", "LOCKSTEP_SMTP_PASSWORD"] as const;
type Env = Readonly<Record<string, string | undefined>>;

const MOST = 4_096;
const lineOf = (name: string, file: string): { readonly line: string } | { readonly mistake: string } => {
  try {
    if (statSync(file).size > MOST) return { mistake: `${name}: ${file} is no secret of one line` };
    const line = readFileSync(file, "utf8").replace(/\r?\n$/, "");
    if (line === "") return { mistake: `${name}: ${file} is empty` };
    return line.includes("\n") ? { mistake: `${name}: ${file} holds more than one line` } : { line };
  } catch (e) { return { mistake: `${name}: ${file} cannot be read (${(e as NodeJS.ErrnoException).code ?? "error"})` }; }
};

/** The same environment with what the files say, and what is wrong with them. */
export const withFiles = (env: Env): { readonly env: Env; readonly mistakes: readonly string[] } => {
  const found: Record<string, string> = {}, mistakes: string[] = [];
  for (const name of FILED) {
    const file = env[`${name}_FILE`];
    if (!file) continue;
    if (env[name]) { mistakes.push(`${name} and ${name}_FILE are both set: which one counts? Keep one`); continue; }
    const read = lineOf(`${name}_FILE`, file);
    if ("line" in read) found[name] = read.line; else mistakes.push(read.mistake);
  }
  return { env: { ...env, ...found }, mistakes };
};
