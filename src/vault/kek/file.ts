/** Root key in a file: made at first start, 0400, outside the database directory. Rule: refuse a file that others may read. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Random } from "../../kernel/clock.ts";
import { KEY_BYTES } from "../../crypto/envelope.ts";
import { Fault } from "../../kernel/fault.ts";
import { localKek, type Kek } from "./kek.ts";

export const fileKek = (file: string, random: Random, make: boolean): Kek => {
  if (!existsSync(file)) {
    if (!make) throw new Fault("unavailable", `The root key file ${file} is gone, but this database was encrypted with one. Put the file back from your backup.`);
    create(file, random);
  }
  const mode = statSync(file).mode & 0o777;
  if ((mode & 0o077) !== 0) throw new Fault("unavailable", `The root key file ${file} may be read by others (mode ${mode.toString(8)}). Run: chmod 400 ${file}`);
  const bytes = Buffer.from(readFileSync(file, "utf8").trim(), "base64");
  if (bytes.length !== KEY_BYTES) throw new Fault("unavailable", `The root key file ${file} does not hold a key (32 bytes in base64).`);
  const kek = localKek(bytes, random);
  bytes.fill(0);
  return kek;
};

const create = (file: string, random: Random): void => {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const fd = openSync(file, "wx", 0o400);
  try {
    writeFileSync(fd, `${random.bytes(KEY_BYTES).toString("base64")}\n`);
    fsyncSync(fd);
  } finally { closeSync(fd); }
  const dir = openSync(path.dirname(file), "r");
  try { fsyncSync(dir); } finally { closeSync(dir); }
};
