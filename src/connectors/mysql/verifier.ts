/** What MySQL and MariaDB keep instead of a password. Rule: an account keeps the kind of verifier it has; what is not computed here is said. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Random } from "../../kernel/clock.ts";
import { sha256Sum } from "../sha512-crypt.ts";

export const NATIVE = "mysql_native_password";
/** Logs in without a password of its own: the operating system or a directory vouches. */
const PASSWORDLESS = new Set([
  "unix_socket",
  "auth_socket",
  "pam",
  "auth_pam",
  "auth_pam_compat",
  "gssapi",
  "authentication_windows",
  "authentication_ldap_sasl",
  "authentication_ldap_simple",
  "authentication_kerberos",
  "authentication_webauthn",
  "authentication_fido",
  "mysql_no_login",
  "no_login",
  "named_pipe",
]);

/** Computed here: may be set and compared. none: nothing to set. foreign: neither. */
export type Kept =
  | { readonly how: "native" | "sha2" | "sha256"; readonly hash: string }
  | { readonly how: "none" }
  | { readonly how: "foreign"; readonly plugin: string };
export const keptBy = (plugin: string, hash: string): Kept =>
  plugin === "" || plugin === NATIVE
    ? hash === "" || hash === "invalid" || /^\*[0-9A-F]{40}$/i.test(hash)
      ? { how: "native", hash }
      : { how: "foreign", plugin: "an old kind of hash" }
    : plugin === "caching_sha2_password"
      ? { how: "sha2", hash }
      : plugin === "sha256_password"
        ? { how: "sha256", hash }
        : PASSWORDLESS.has(plugin)
          ? { how: "none" }
          : { how: "foreign", plugin };

const LETTERS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SALT = 20,
  ROUNDS = 5_000,
  MOST_ROUNDS = 100_000;
/** Printable, so that the verifier can stand in a statement. 120 bits. */
const saltOf = (random: Random): string => Array.from(random.bytes(SALT), (b) => LETTERS[b & 63]).join("");
const sha1 = (data: string | Buffer): Buffer => createHash("sha1").update(data).digest();
export const native = (text: string): string =>
  `*${sha1(sha1(Buffer.from(text)))
    .toString("hex")
    .toUpperCase()}`;

/** The rounds stand in it in thousands, as three hexadecimal digits. */
const sha2 = (text: string, salt: string, thousands: number): string =>
  `$A$${thousands.toString(16).toUpperCase().padStart(3, "0")}$${salt}${sha256Sum(Buffer.from(text), Buffer.from(salt, "latin1"), thousands * 1_000)}`;
const sha256 = (text: string, salt: string): string => `$5$${salt}$${sha256Sum(Buffer.from(text), Buffer.from(salt, "latin1"), ROUNDS)}`;

export const verifier = (how: "native" | "sha2" | "sha256", text: string, random: Random): string =>
  how === "native" ? native(text) : how === "sha2" ? sha2(text, saltOf(random), ROUNDS / 1_000) : sha256(text, saltOf(random));

const same = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a, "latin1"), Buffer.from(b, "latin1"));
/** Null: not computed here. A server's own salt may hold any character but NUL and $. */
export const matcher = (kept: Kept): ((text: string) => boolean) | null => {
  if (kept.how === "native") return (text) => text !== "" && same(kept.hash.toUpperCase(), native(text));
  if (kept.how === "sha2") {
    // eslint-disable-next-line no-control-regex
    const [, thousands = "", salt = ""] = /^\$A\$([0-9A-Fa-f]{3})\$([\x01-\x7f]{20})[./0-9A-Za-z]{43}$/s.exec(kept.hash) ?? [],
      n = parseInt(thousands, 16);
    return salt === "" || n < 1 || n * 1_000 > MOST_ROUNDS ? null : (text) => same(kept.hash, sha2(text, salt, n));
  }
  if (kept.how !== "sha256") return null;
  // eslint-disable-next-line no-control-regex
  const [, salt = ""] = /^\$5\$([\x01-\x7f]{20})\$[./0-9A-Za-z]{43}$/s.exec(kept.hash) ?? [];
  return salt === "" ? null : (text) => same(kept.hash, sha256(text, salt));
};
