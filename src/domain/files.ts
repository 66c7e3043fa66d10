/**
 * Which files a person may touch by sftp. Rule: pure; deny beats allow; a path is judged as it is written, made whole. Not known here, and so
 * not promised: where links that are already on the target lead, and file systems that take two spellings for one name.
 */
import { like } from "./like.ts";

/** `allow` empty: every path. Patterns are whole paths: `*` is any run within one name, `**` any number of names, `~/` the account's home. */
export type FileRules = { readonly readOnly: boolean; readonly noDelete: boolean; readonly allow: readonly string[]; readonly deny: readonly string[] };
export const ALL_FILES: FileRules = { readOnly: false, noDelete: false, allow: [], deny: [] };

/** look: attributes and lists · name: what a path is called · replace: a rename over something · unknown: nobody here can say. */
export type FileAct = "look" | "name" | "read" | "write" | "make" | "change" | "rename" | "replace" | "delete" | "link" | "symlink" | "handle" | "unknown";
export type FileAsk = { readonly act: FileAct; readonly paths: readonly string[] };

const READS: ReadonlySet<FileAct> = new Set(["look", "name", "read", "handle"]), DELETES: ReadonlySet<FileAct> = new Set(["delete", "replace"]);
export const isFilePattern = (text: string): boolean => /^(\/|~\/|~$|\*\*)/.test(text) && !/(^|\/)\.\.?(\/|$)/.test(text);
export const hasPaths = (r: FileRules): boolean => r.allow.length + r.deny.length > 0;
export const hasRules = (r: FileRules): boolean => r.readOnly || r.noDelete || hasPaths(r);

const partsOf = (path: string): string[] => path.split("/").filter((p) => p !== "" && p !== ".");
/** Absolute, without `.` and doubled slashes. Null: it holds `..`, and where that leads is the target's to say. */
export const wholePath = (path: string, home: string): string | null => {
  const parts = partsOf(path.startsWith("/") ? path : `${home}/${path}`);
  return parts.includes("..") ? null : `/${parts.join("/")}`;
};
const globOf = (pattern: string, home: string): string[] => partsOf(pattern.startsWith("~") ? home + pattern.slice(1) : pattern);

/** How far into the pattern each reading of the path has come: its last place means the path fits, any other that something below may. */
const after = (glob: readonly string[], path: readonly string[]): Set<number> => {
  const skip = (from: Iterable<number>): Set<number> => {
    const out = new Set<number>();
    for (let i of from) { out.add(i); while (glob[i] === "**") out.add(++i); }
    return out;
  };
  let at = skip([0]);
  for (const name of path) {
    const next: number[] = [];
    for (const i of at) if (glob[i] === "**") next.push(i); else if (i < glob.length && like(glob[i]!, name)) next.push(i + 1);
    at = skip(next);
  }
  return at;
};
const fits = (pattern: string, path: string, home: string): boolean => {
  const glob = globOf(pattern, home);
  return after(glob, partsOf(path)).has(glob.length);
};
export const mayTouch = (r: FileRules, path: string, home: string): boolean =>
  !r.deny.some((p) => fits(p, path, home)) && (r.allow.length === 0 || r.allow.some((p) => fits(p, path, home)));

const within = (a: ReadonlySet<number>, b: ReadonlySet<number>): boolean => [...a].every((x) => b.has(x));
/** What lies below `from` gets no new freedom by being called `to`. */
const noWider = (r: FileRules, from: string, to: string, home: string): boolean => {
  const reach = (pattern: string, path: string) => after(globOf(pattern, home), partsOf(path)), whole = (p: string) => { const g = globOf(p, home); return g.at(-1) === "**" && reach(p, from).has(g.length - 1); };
  return r.deny.every((p) => within(reach(p, from), reach(p, to))) && (r.allow.length === 0 || r.allow.some(whole) || r.allow.every((p) => within(reach(p, to), reach(p, from))));
};

/** The old scp names its files to the target's own program, past us: it is bound by its direction alone. */
export const scpRefusal = (r: FileRules, to: boolean): string | null =>
  hasPaths(r) ? "Your access to files is bound to paths, which hold for sftp alone: leave out -O." : to && r.readOnly ? "Your access to files is read-only." : null;

/** Why not, as a sentence for the person; null: go on. `home`: where relative paths begin. */
export const fileRefusal = (r: FileRules, { act, paths }: FileAsk, home: string): string | null => {
  if (act === "unknown") return hasRules(r) ? "This request is not known here, so it is not passed on." : null;
  if (r.readOnly && !READS.has(act)) return "Your access to files is read-only.";
  if (r.noDelete && DELETES.has(act)) return "Your access does not let you delete or replace files.";
  if (!hasPaths(r) || act === "name" || act === "handle") return null;
  if (act === "symlink") return "Your access is bound to paths, so it makes no symbolic links.";
  const whole = paths.map((p) => wholePath(p, home));
  if (whole.includes(null)) return "A path with .. in it is not followed here; write it out.";
  const outside = whole.find((p) => !mayTouch(r, p!, home));
  if (outside !== undefined) return `Your access does not include ${outside!}.`;
  return paths.length === 2 && !noWider(r, whole[0]!, whole[1]!, home) ? "Under its new name this could be touched past the rules of your access." : null;
};
