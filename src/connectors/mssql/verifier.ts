/**
 * What SQL Server 2012 to 2022 keeps of a password: 0x0200, four bytes of salt, SHA-512 of the password in UTF-16LE with the salt behind it. Rule:
 * nothing else is computed here; what another version keeps is unknown.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Random } from "../../kernel/clock.ts";

const HEAD = Buffer.from([0x02, 0x00]),
  SALT = 4,
  SIZE = HEAD.length + SALT + 64;
const of = (text: string, salt: Buffer): Buffer =>
  Buffer.concat([HEAD, salt, createHash("sha512").update(Buffer.from(text, "utf16le")).update(salt).digest()]);

/** As a statement takes it. */
export const verifier = (text: string, random: Random): string =>
  `0x${of(text, Buffer.from(random.bytes(SALT)))
    .toString("hex")
    .toUpperCase()}`;
/** `hash` as `0x…`. Null: not computed here. */
export const matcher = (hash: string): ((text: string) => boolean) | null => {
  const kept = Buffer.from(hash.replace(/^0x/i, ""), "hex");
  if (kept.length !== SIZE || !kept.subarray(0, HEAD.length).equals(HEAD)) return null;
  const salt = kept.subarray(HEAD.length, HEAD.length + SALT);
  return (text) => timingSafeEqual(of(text, salt), kept);
};
