/** What RabbitMQ keeps instead of a password: four bytes of salt before SHA-256 of salt and password, in base 64. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Random } from "../../kernel/clock.ts";

const SALT = 4;
const salted = (salt: Buffer, text: string): Buffer => Buffer.concat([salt, createHash("sha256").update(salt).update(text).digest()]);
export const rabbitHash = (text: string, random: Random): string => salted(Buffer.from(random.bytes(SALT)), text).toString("base64");
/** Null: no verifier of this kind. */
export const rabbitMatcher = (kept: unknown): ((text: string) => boolean) | null => {
  const bytes = typeof kept === "string" ? Buffer.from(kept, "base64") : Buffer.alloc(0);
  return bytes.length === SALT + 32 ? (text) => timingSafeEqual(bytes, salted(bytes.subarray(0, SALT), text)) : null;
};
