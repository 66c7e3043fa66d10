/** Where the lab keeps files. Rule: a directory names its owner, so the next lab removes what a killed one left and nothing else. */
import { chmod, mkdtemp, readdir, rm, stat, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alive, pidNamespace } from "./processes.ts";

const OVERLAY_FS = 0x794c7630;
const PREFIX = "lockstep-lab-";

/** Part of the name, because two containers may share one /tmp and each sees the other's pids as dead. */
const here = (): string => (pidNamespace("self") ?? "").replace(/\D/g, "");

const isDir = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isDirectory() ?? false;

/** An overlay cannot be the upper layer of another one: in a container /tmp often is one, /dev/shm never. */
export const canBeUpper = async (path: string): Promise<boolean> => (await isDir(path)) && (await statfs(path)).type !== OVERLAY_FS;

const upperBase = async (): Promise<string> => {
  for (const base of [tmpdir(), "/dev/shm", "/var/tmp", "/run"]) if (await canBeUpper(base)) return base;
  throw new Error("A lab host needs one directory that is not on an overlay file system; set TMPDIR to a mounted volume or tmpfs.");
};

const sweep = async (base: string): Promise<void> => {
  const mine = `${PREFIX}${here()}-`;
  for (const entry of await readdir(base)) {
    if (!entry.startsWith(mine) || alive(Number(entry.slice(mine.length).split("-")[0]))) continue;
    await rm(join(base, entry), { recursive: true, force: true }).catch(() => undefined);
  }
};

const swept = new Map<string, Promise<void>>();
const sweepOnce = (base: string): Promise<void> => {
  const first = swept.get(base) ?? sweep(base);
  swept.set(base, first);
  return first;
};

/** A fresh directory, mode 0711: passable for a server's own user, not listable. `upper` says an overlay will be laid over it. */
export const scratch = async (kind: string, upper: boolean): Promise<string> => {
  const base = upper ? await upperBase() : tmpdir();
  await sweepOnce(base);
  const dir = await mkdtemp(join(base, `${PREFIX}${here()}-${String(process.pid)}-${kind}-`));
  await chmod(dir, 0o711);
  return dir;
};
