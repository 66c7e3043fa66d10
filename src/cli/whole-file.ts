/** A file that is whole and fsynced under its own name, or not there. Rule: it is written beside it first; a part that somebody else writes is left to them. */
import { linkSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import type { Writable } from "node:stream";
import { Fault } from "../kernel/fault.ts";

export const notNew = (file: string, cause: unknown): never => {
  throw new Fault("conflict", `${file} was not written: ${(cause as NodeJS.ErrnoException).code === "EEXIST" ? "it is there already. Name a new file, or remove it" : (cause as Error).message}.`, { cause });
};
/** `write` fills it, and throws where not all of it came. Throws Fault("conflict") where the name is taken. */
export const writeWhole = async (file: string, write: (to: Writable) => Promise<void>): Promise<void> => {
  const part = `${file}.part`, handle = await open(part, "wx", 0o600).catch((e: unknown) => notNew(part, e));
  try {
    await write(handle.createWriteStream({ flush: true }));
    try { linkSync(part, file); } catch (e) { notNew(file, e); }
  } finally { rmSync(part, { force: true }); }
};
