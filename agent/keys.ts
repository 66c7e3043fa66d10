/**
 * SSH keys on a machine that is a Unix: its own server's, and those that let its people in. Rule: of a user's own files only what is a key's line is
 * looked at, whatever the file may be.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { fingerprintOf } from "../src/crypto/envelope.ts";

const MOST_KEYS = 1 << 20,
  KEY = /(?:^|\s)((?:ssh-|ecdsa-|sk-)[A-Za-z0-9@.-]+ AAAA[A-Za-z0-9+/]+={0,2})(?:\s|$)/;
/**
 * A plain file alone, and no link: what its owner put in a key file's place is none of ours. Undefined: there is something, and it cannot be read.
 */
const plainFile = (file: string): string | null | undefined => {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (e) {
    return ["ENOENT", "ENOTDIR"].includes(String((e as { code?: unknown }).code)) ? null : undefined;
  }
  try {
    const { size } = fstatSync(fd);
    if (!fstatSync(fd).isFile() || size > MOST_KEYS) return undefined;
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, readSync(fd, bytes, 0, size, 0)).toString("utf8");
  } finally {
    closeSync(fd);
  }
};
/** Fingerprints; undefined: not known. */
export const keysOf = (home: string): readonly string[] | undefined => {
  const files = ["authorized_keys", "authorized_keys2"].map((f) => plainFile(join(home, ".ssh", f)));
  if (files.includes(undefined)) return undefined;
  const lines = files
    .flatMap((f) => (f ?? "").split("\n"))
    .filter((l) => !l.trimStart().startsWith("#"))
    .map((l) => KEY.exec(l)?.[1])
    .filter((l) => l !== undefined);
  return [...new Set(lines.map(fingerprintOf))].sort().slice(0, 256);
};

export const keyWords = (keys: readonly string[] | undefined): string[] =>
  keys === undefined ? ["its SSH keys could not be read"] : keys.length > 0 ? [`${keys.length} SSH key${keys.length === 1 ? "" : "s"}`] : [];

const ofServer = (folder: string, kind: string): string[] => {
  try {
    return [readFileSync(join(folder, `ssh_host_${kind}_key.pub`), "utf8").trim().split(/\s+/).slice(0, 2).join(" ")];
  } catch {
    return [];
  }
};
/** `folder`: where the SSH server keeps its own. */
export const serverKeys = (folder: string): string[] => ["ed25519", "ecdsa", "rsa"].flatMap((kind) => ofServer(folder, kind));
