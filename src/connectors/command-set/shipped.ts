/** The command sets that come with Lockstep, read from `command-sets/`. Rule: one that cannot be read stops the start; a set is not left out in silence. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { mistakeText, parseCommandSet, type CommandSet } from "../../domain/command-set/index.ts";

const FOLDER = "command-sets";
/** Up from here, which is src/ or dist/src/. */
const folder = (): string => {
  for (let at = path.dirname(fileURLToPath(import.meta.url)); ; at = path.dirname(at)) {
    if (existsSync(path.join(at, FOLDER))) return path.join(at, FOLDER);
    if (at === path.dirname(at)) throw new Error(`the folder ${FOLDER}/ of this installation is gone`);
  }
};

export type Text = { readonly set: CommandSet; readonly text: string };
/** Every `*.yaml` of a folder, by name. */
export const readSets = (dir: string): Text[] => readdirSync(dir).filter((f) => f.endsWith(".yaml")).toSorted().map((file) => {
  const text = readFileSync(path.join(dir, file), "utf8"), read = parseCommandSet(text);
  if ("mistakes" in read) throw new Error(`${file}: ${read.mistakes.map(mistakeText).join("; ")}`);
  if (`${read.set.set}.yaml` !== file) throw new Error(`${file} holds the set ${read.set.set}`);
  return { set: read.set, text };
});
let kept: readonly Text[] | undefined;
export const shippedSets = (): readonly Text[] => (kept ??= readSets(folder()));
