/**
 * A name that lasts: after a rename its folder goes to the disk. Rule: where a system flushes no folders (Windows: EPERM, EISDIR), the file itself is
 * flushed once it has its name, which takes the file system's journal along; by documents of NTFS, and not shown here.
 */
import { closeSync, fsyncSync, openSync } from "node:fs";

const NO_FOLDERS = ["EPERM", "EISDIR"];
type Sync = (path: string, mode: "r" | "r+") => void;
const onDisk: Sync = (path, mode) => {
  const fd = openSync(path, mode);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};
/** `file`: what was renamed in it; absent: something was taken away. */
export const flush = (dir: string, file?: string, sync: Sync = onDisk): void => {
  try {
    sync(dir, "r");
  } catch (e) {
    if (!NO_FOLDERS.includes(String((e as { code?: unknown }).code))) throw e;
    if (file !== undefined) sync(file, "r+");
  }
};
