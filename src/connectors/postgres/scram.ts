/**
 * What PostgreSQL keeps instead of a password. Rule: a verifier is made from the one form every client makes of a password; a password
 * that clients read differently is not set, and one that is kept so is compared in each of its forms.
 */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import type { Random } from "../../kernel/clock.ts";

/** As many as PostgreSQL makes by itself; and as many as are computed for a server that names a number. */
const USUAL = 4_096, MOST = 100_000;
const stretch = promisify(pbkdf2);

const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
const NOTHING = new RegExp("[\u00ad\u034f\u1806\u180b-\u180d\u200c\u200d\u2060\ufe00-\ufe0f\ufeff]", "gu");
/** SASLprep without its prohibitions, as drivers do it; libpq takes a password with something prohibited in it as it is. */
const prepared = (text: string): string => text.replace(SPACES, " ").replace(NOTHING, "").normalize("NFKC");
/** Every client makes the same bytes of it, whichever rules it follows. */
export const sameForAll = (text: string): boolean => prepared(text) === text;
const forms = (text: string): string[] => [...new Set([text, prepared(text)])];

const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
type Keys = { readonly stored: Buffer; readonly server: Buffer };
const keysOf = async (text: string, salt: Buffer, iterations: number): Promise<Keys> => {
  const salted = await stretch(text, salt, iterations, 32, "sha256");
  return { stored: createHash("sha256").update(hmac(salted, "Client Key")).digest(), server: hmac(salted, "Server Key") };
};

/** `iterations`: the server's own setting. 128 bits of salt. */
export const verifier = async (text: string, iterations: number, random: Random): Promise<string> => {
  const salt = Buffer.from(random.bytes(16)), n = Math.min(Math.max(iterations, USUAL), MOST), { stored, server } = await keysOf(text, salt, n);
  return `SCRAM-SHA-256$${n}:${salt.toString("base64")}$${stored.toString("base64")}:${server.toString("base64")}`;
};

const SHAPE = /^SCRAM-SHA-256\$(\d{1,7}):([A-Za-z0-9+/]{4,200}={0,2})\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/;
const md5 = (text: string): Buffer => Buffer.from(createHash("md5").update(text).digest("hex"));

/** Null: a kind of verifier that is not computed here, or one that would keep us computing for long. */
const matcher = (name: string, kept: string): ((text: string) => Promise<boolean>) | null => {
  const [, count = "", salt = "", stored = ""] = SHAPE.exec(kept) ?? [], iterations = Number(count);
  if (count !== "" && iterations >= 1 && iterations <= MOST) {
    return async (text) => timingSafeEqual((await keysOf(text, Buffer.from(salt, "base64"), iterations)).stored, Buffer.from(stored, "base64"));
  }
  if (/^md5[0-9a-f]{32}$/.test(kept)) return (text) => Promise.resolve(timingSafeEqual(md5(text + name), Buffer.from(kept.slice(3))));
  return null;
};

/** Index of the first password that fits what is kept for `name`; -1: none; null: not computed here. */
export const firstMatch = async (name: string, kept: string, passwords: readonly string[]): Promise<number | null> => {
  const fits = matcher(name, kept);
  if (fits === null) return null;
  for (const [i, password] of passwords.entries()) for (const form of forms(password)) if (await fits(form)) return i;
  return -1;
};
