/**
 * Unix password hashes, SHA-512 (`$6$`) and SHA-256 (`$5$`) crypt, after Drepper's specification. Rule: what we compute equals libcrypt
 * and `openssl passwd`; what we cannot compute is said, never guessed. (The unixcrypt package is wrong for passwords of 64 or 128
 * bytes, an account set that way opens with nothing, so this is our own; the test shows both.)
 */
import { createHash, hash, timingSafeEqual } from "node:crypto";
import type { Random } from "../kernel/clock.ts";

const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** More rounds would hold the event loop too long (100,000 are about a fifth of a second). */
const MOST_ROUNDS = 100_000, LEAST_ROUNDS = 1_000, ROUNDS = 5_000;
/** libxcrypt takes at most this many bytes; a longer password could be set as a hash and never be typed. */
export const LONGEST = 511;

type Kind = { readonly name: "sha256" | "sha512"; readonly size: 32 | 64; readonly first: readonly [number, number, number]; readonly shift: number };
const KINDS: Readonly<Record<string, Kind>> = {
  "5": { name: "sha256", size: 32, first: [0, 10, 20], shift: 2 },
  "6": { name: "sha512", size: 64, first: [0, 21, 42], shift: 1 },
};

const digest = (kind: Kind, parts: readonly Buffer[]): Buffer => {
  const h = createHash(kind.name);
  for (const part of parts) h.update(part);
  return h.digest();
};
/** `block` over and over, cut at `length`. */
const repeat = (block: Buffer, length: number): Buffer => Buffer.alloc(length, block);

/** Steps 1–12: the first digest, which mixes in a second one bit by bit of the length. */
const begin = (kind: Kind, password: Buffer, salt: Buffer): Buffer => {
  const b = digest(kind, [password, salt, password]), parts = [password, salt, repeat(b, password.length)];
  for (let n = password.length; n > 0; n >>= 1) parts.push(n & 1 ? b : password);
  return digest(kind, parts);
};

/** Steps 13–21: the rounds. */
const stretch = (kind: Kind, password: Buffer, salt: Buffer, rounds: number): Buffer => {
  let c = begin(kind, password, salt);
  const p = repeat(digest(kind, Array<Buffer>(password.length).fill(password)), password.length);
  const s = repeat(digest(kind, Array<Buffer>(16 + (c[0] ?? 0)).fill(salt)), salt.length);
  // One buffer and one call a round: half the time of a hash that is fed piece by piece.
  const text = Buffer.alloc(kind.size + s.length + 2 * p.length);
  for (let i = 0; i < rounds; i++) {
    let end = (i & 1 ? p : c).copy(text);
    if (i % 3 !== 0) end += s.copy(text, end);
    if (i % 7 !== 0) end += p.copy(text, end);
    end += (i & 1 ? c : p).copy(text, end);
    c = hash(kind.name, text.subarray(0, end), "buffer");
  }
  p.fill(0);
  text.fill(0);
  return c;
};

const letters = (value: number, n: number): string => {
  let out = "";
  for (let i = 0; i < n; i++) out += ALPHABET[(value >> (6 * i)) & 63];
  return out;
};

/** The odd base 64 of crypt: three bytes a group, the groups' positions rotate by one third each time. */
const encode = (kind: Kind, c: Buffer): string => {
  const at = (i: number): number => c[i] ?? 0;
  let out = "", [x, y, z] = kind.first;
  for (let group = 0; group < Math.floor(kind.size / 3); group++) {
    out += letters((at(x) << 16) | (at(y) << 8) | at(z), 4);
    [x, y, z] = kind.shift === 1 ? [y + 1, z + 1, x + 1] : [z + 1, x + 1, y + 1];
  }
  return out + (kind.size === 64 ? letters(at(63), 2) : letters((at(31) << 8) | at(30), 3));
};

/** `$6$` with 96 bits of salt and the default 5,000 rounds. An empty password is not hashed. */
export const sha512crypt = (password: Buffer, random: Random): string => {
  if (password.length === 0) throw new RangeError("an empty password is not hashed");
  let salt = "";
  for (const byte of random.bytes(16)) salt += ALPHABET[byte & 63];
  return `$6$${salt}$${encode(KINDS["6"] as Kind, stretch(KINDS["6"] as Kind, password, Buffer.from(salt), ROUNDS))}`;
};

/** The sum of SHA-256 crypt alone, for whoever keeps salt and rounds elsewhere (MySQL's have 20 bytes of salt). */
export const sha256Sum = (password: Buffer, salt: Buffer, rounds: number): string => encode(KINDS["5"] as Kind, stretch(KINDS["5"] as Kind, password, salt, rounds));

const SHAPE = /^\$([56])\$(?:rounds=([1-9]\d{2,8})\$)?([./0-9A-Za-z]{1,16})\$([./0-9A-Za-z]{43}|[./0-9A-Za-z]{86})$/;
type Parsed = { readonly kind: Kind; readonly rounds: number; readonly salt: Buffer; readonly sum: string };

const parse = (hash: string): Parsed | undefined => {
  const [, id = "", rounds = String(ROUNDS), salt = "", sum = ""] = SHAPE.exec(hash) ?? [], kind = KINDS[id];
  if (kind === undefined || sum.length !== (kind.size === 64 ? 86 : 43) || +rounds < LEAST_ROUNDS || +rounds > MOST_ROUNDS) return undefined;
  return { kind, rounds: +rounds, salt: Buffer.from(salt), sum };
};

/** SHA-256 or SHA-512 crypt, whole, with rounds every implementation agrees on. */
export const computable = (hash: string): boolean => parse(hash) !== undefined;

/** Does `password` fit? Throws for a hash that is not `computable`. */
export const matches = (password: Buffer, hash: string): boolean => {
  const found = parse(hash);
  if (found === undefined) throw new RangeError("this hash is not computed here");
  return timingSafeEqual(Buffer.from(encode(found.kind, stretch(found.kind, password, found.salt, found.rounds))), Buffer.from(found.sum));
};
