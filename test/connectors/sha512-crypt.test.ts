/** Our Unix hashes against two other implementations: openssl, and libcrypt through perl. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import type { Random } from "../../src/kernel/clock.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import { computable, matches as fits, sha512crypt as crypt } from "../../src/connectors/sha512-crypt.ts";

const sha512crypt = (password: string, random: Random): string => crypt(Buffer.from(password), random);
const matches = (password: string, hash: string): boolean => fits(Buffer.from(password), hash);
const LENGTHS = [1, 31, 32, 33, 63, 64, 65, 96, 127, 128, 129, 192, 255, 256, 511].map((n) => "q".repeat(n));
const PASSWORDS = [...LENGTHS, "a", "Str0ng: pass word", "pässwörd-€-😀", "x".repeat(300), "'\"`$(id)\\;&|", "0".repeat(64)];

const openssl = (kind: "-6" | "-5", password: string, salt: string): string =>
  spawnSync("openssl", ["passwd", kind, "-salt", salt, "-stdin"], { input: `${password}\n`, encoding: "utf8" }).stdout.trim();
const CRYPT = 'local $/ = "\\0"; chomp(my ($hash, $password) = <STDIN>); print crypt($password, $hash)';
const libcrypt = (password: string, hash: string): string => spawnSync("perl", ["-e", CRYPT], { input: `${hash}\0${password}\0`, encoding: "utf8" }).stdout;

test("every hash of ours is the one openssl and libcrypt compute", () => {
  for (const password of PASSWORDS) {
    const hash = sha512crypt(password, systemRandom), salt = hash.split("$")[2] ?? "";
    expect(salt).toMatch(/^[./0-9A-Za-z]{16}$/);
    if (password.length < 256) expect(openssl("-6", password, salt)).toBe(hash); // openssl cuts at 256
    expect(libcrypt(password, hash)).toBe(hash);
  }
});
test("hashes of openssl are recognised, SHA-512 and SHA-256, and nothing else fits them", () => {
  for (const kind of ["-6", "-5"] as const) {
    for (const password of PASSWORDS.filter((p) => p.length < 256)) {
      const hash = openssl(kind, password, "saltSALT./12");
      expect(computable(hash)).toBe(true);
      expect(matches(password, hash)).toBe(true);
      expect(matches(`${password}x`, hash)).toBe(false);
    }
  }
});
test("rounds are read as libcrypt reads them", () => {
  const hash = libcrypt("abc", "$6$rounds=1500$saltsalt");
  expect(hash).toMatch(/^\$6\$rounds=1500\$/);
  expect(computable(hash) && matches("abc", hash)).toBe(true);
});
test("law: what is not computed is not judged: yescrypt, MD5, DES, cut hashes, absurd rounds", () => {
  const whole = sha512crypt("abc", systemRandom);
  for (const hash of ["$y$j9T$abc$def", "$1$abc$def", "ab01FAX.bQRSU", "", "!", "*", whole.slice(0, -1), `${whole}x`, `!${whole}`,
    whole.replace("$6$", "$6$rounds=999999999$"), whole.replace("$6$", "$6$rounds=10$")]) expect(computable(hash), hash).toBe(false);
});
