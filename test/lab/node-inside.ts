/**
 * Programs of ours inside a lab machine: this very Node and bundled files below /opt. Rule: they lie on the machine's own disk, so it does not
 * matter where the project's tree is; they go with it.
 */
import { constants } from "node:fs";
import { chmod, copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { scratch } from "./scratch.ts";

export const NODE = "/opt/node";
/** `files`: name below /opt -> where it is here. A directory for `dir` of a machine or host, which removes it with itself. */
export const diskWithNode = async (kind: string, files: Readonly<Record<string, string>>): Promise<string> => {
  const dir = await scratch(`host-${kind}`, true),
    opt = join(dir, "u/opt");
  await mkdir(opt, { recursive: true });
  for (const at of [join(dir, "u"), opt]) await chmod(at, 0o755);
  for (const [name, from] of Object.entries({ node: process.execPath, ...files })) await copyFile(from, join(opt, name), constants.COPYFILE_FICLONE);
  return dir;
};
