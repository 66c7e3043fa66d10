/** YAML to a command set, or every mistake with its line and key. Rule: one document, plain data: no tags, anchors, merges or second keys. */
import { isMap, isScalar, LineCounter, parseDocument, stringify, type Document } from "yaml";
import { CommandSet } from "./schema.ts";

/** `line` from 1; `key`: where, e.g. `change[2].expect[0].match`; empty: the text as a whole. */
export type Mistake = { readonly line: number; readonly key: string; readonly says: string };
export type Parsed = { readonly set: CommandSet } | { readonly mistakes: readonly Mistake[] };

export const LONGEST_TEXT = 64 * 1024;
type Path = readonly (string | number)[];
const keyOf = (path: Path): string => path.map((p, i) => (typeof p === "number" ? `[${p}]` : i === 0 ? p : `.${p}`)).join("");

/** Where the deepest part of the path that is there stands, its key where it has one: what is missing is told at what misses it. */
const startOf = (node: unknown): number | undefined => (node as { range?: [number] } | null | undefined)?.range?.[0];
const keyAt = (parent: unknown, key: string | number | undefined): number | undefined =>
  isMap(parent) && typeof key === "string" ? startOf(parent.items.find((i) => isScalar(i.key) && i.key.value === key)?.key) : undefined;
const offsetOf = (doc: Document, path: Path): number => {
  const node = (n: number): unknown => (n === 0 ? doc.contents : doc.getIn(path.slice(0, n), true));
  for (let n = path.length; n > 0; n--) {
    const at = keyAt(node(n - 1), path[n - 1]) ?? startOf(node(n));
    if (at !== undefined) return at;
  }
  return startOf(doc.contents) ?? 0;
};

const ALIASES = "anchors and aliases (& and *) are not read: write it out";
type Issue = { readonly path: PropertyKey[]; readonly message: string; readonly code?: string; readonly keys?: string[] };
const sayings = (issue: Issue): { path: Path; says: string }[] => {
  const path = issue.path.filter((p) => typeof p !== "symbol");
  if (issue.code !== "unrecognized_keys") return [{ path, says: issue.message }];
  return (issue.keys ?? []).map((key) => ({ path: [...path, key], says: `there is no ${key} here` }));
};

export const parseCommandSet = (text: string): Parsed => {
  if (text.length > LONGEST_TEXT) return { mistakes: [{ line: 1, key: "", says: `longer than ${LONGEST_TEXT / 1024} KiB` }] };
  const lines = new LineCounter(), line = (at: number): number => lines.linePos(at).line;
  const doc = parseDocument(text, { lineCounter: lines, schema: "core", merge: false, uniqueKeys: true, prettyErrors: false, logLevel: "error" });
  const broken = [...doc.errors, ...doc.warnings].map((e) => ({ line: line(e.pos[0]), key: "", says: e.message.split("\n")[0]! }));
  if (broken.length > 0) return { mistakes: broken };
  let raw: unknown;
  try { raw = doc.toJS({ maxAliasCount: 0 }); } catch { return { mistakes: [{ line: 1, key: "", says: ALIASES }] }; }
  const read = CommandSet.safeParse(raw ?? {});
  if (read.success) return { set: read.data };
  const mistakes = (read.error.issues as Issue[]).flatMap(sayings)
    .map(({ path, says }) => ({ line: line(offsetOf(doc, path)), key: keyOf(path), says }));
  return { mistakes: mistakes.toSorted((a, b) => a.line - b.line) };
};
export const mistakeText = (m: Mistake): string => `line ${m.line}${m.key === "" ? "" : `, ${m.key}`}: ${m.says}`;
/** Back to YAML; a long line stays one. */
export const yamlOf = (value: object): string => stringify(value, { lineWidth: 0, singleQuote: true, aliasDuplicateObjects: false });
