/**
 * Purpose keys under the root key, and one random data key per secret under a purpose key.
 * Rule: law aad-binding: a box moved to another account, version or purpose does not open.
 */
import type { Random } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId, type KeyId, type RecordingId, type VersionId } from "../kernel/ids.ts";
import { revealBytes } from "../kernel/reveal.ts";
import { Secret } from "../kernel/secret.ts";
import { sealTo } from "../crypto/box.ts";
import { aad, asSealed, hmac, KEY_BYTES, openBytes, sealBytes, type Sealed } from "../crypto/envelope.ts";
import type { Kek } from "./kek/kek.ts";

export const PURPOSES = ["secrets", "recordings", "sessions", "backup"] as const;
export type Purpose = (typeof PURPOSES)[number];
export type KeyRow = { readonly id: KeyId; readonly purpose: string; readonly no: number; readonly wrapped: Buffer; readonly kek: string };
/** How one secret version lies in the database. */
export type Box = { readonly sealed: Buffer; readonly wrapped: Buffer; readonly keyId: string; readonly alg: string };
type Whose = { readonly account: AccountId; readonly version: VersionId };

const ALG = "aes-256-gcm/1";
const secretAad = (w: Whose): Buffer => aad("secret", w.account, w.version, ALG);
const wrapAad = (purpose: string, owner: string, keyId: string): Buffer => aad("data-key", purpose, owner, ALG, keyId);

export class Keyring {
  readonly kek: Kek;
  readonly #random: Random;
  readonly #keys = new Map<string, { purpose: string; no: number; bytes: Buffer }>();

  constructor(kek: Kek, random: Random) { this.kek = kek; this.#random = random; }

  /** A new purpose key, wrapped: keep the row (journal first) and then `add` it. */
  make(purpose: Purpose, no: number): KeyRow {
    const bytes = this.#random.bytes(KEY_BYTES), id = newId("key", this.#random);
    const row = { id, purpose, no, wrapped: this.kek.wrap(`${purpose}/${no}/${id}`, bytes), kek: this.kek.id };
    bytes.fill(0);
    return row;
  }
  add(row: KeyRow): void {
    if (row.kek !== this.kek.id) throw new Fault("unavailable", `Key ${row.id} was wrapped by root key ${row.kek}, but this broker holds ${this.kek.id}. Start it with the right root key.`);
    this.#keys.set(row.id, { purpose: row.purpose, no: row.no, bytes: this.kek.unwrap(`${row.purpose}/${row.no}/${row.id}`, row.wrapped) });
  }
  #newest(purpose: Purpose): { id: string; bytes: Buffer } {
    const found = [...this.#keys].filter(([, k]) => k.purpose === purpose).sort(([, a], [, b]) => b.no - a.no)[0];
    if (!found) throw new Fault("unavailable", `The keyring has no key for ${purpose}.`);
    return { id: found[0], bytes: found[1].bytes };
  }
  #byId(id: string): Buffer {
    const key = this.#keys.get(id);
    if (!key) throw new Fault("unavailable", `The keyring has no key ${id}; it may have been made after the backup this database came from.`);
    return key.bytes;
  }

  /** No control characters: what every target would read as the end of a record. Asked here because plaintext stays in this room. */
  sendable(secret: Secret): boolean {
    const bytes = revealBytes(secret);
    return bytes.length > 0 && !bytes.some((b) => b < 0x20 || b === 0x7f);
  }

  seal(secret: Secret, whose: Whose): Box {
    const data = this.#random.bytes(KEY_BYTES), key = this.#newest("secrets");
    const sealed = sealBytes(data, secretAad(whose), revealBytes(secret), this.#random);
    const wrapped = sealBytes(key.bytes, wrapAad("secrets", whose.version, key.id), data, this.#random);
    data.fill(0);
    return { sealed, wrapped, keyId: key.id, alg: ALG };
  }
  open(box: Box, whose: Whose): Secret {
    const data = openBytes(this.#byId(box.keyId), wrapAad("secrets", whose.version, box.keyId), asSealed(box.wrapped));
    try { return openWith(data, box.sealed, whose); } finally { data.fill(0); }
  }

  /** The same data key wrapped directly by the root key: what makes a journal line self-contained. */
  rootWrap(box: Box, whose: Whose): Buffer {
    const data = openBytes(this.#byId(box.keyId), wrapAad("secrets", whose.version, box.keyId), asSealed(box.wrapped));
    try { return this.kek.wrap(`journal/${whose.version}`, data); } finally { data.fill(0); }
  }
  openRootWrapped(sealed: Buffer, rootWrapped: Buffer, whose: Whose): Secret {
    const data = this.kek.unwrap(`journal/${whose.version}`, rootWrapped);
    try { return openWith(data, sealed, whose); } finally { data.fill(0); }
  }
  /** From a journal line back to a row under today's purpose key. */
  adopt(sealed: Buffer, rootWrapped: Buffer, whose: Whose): Box {
    const data = this.kek.unwrap(`journal/${whose.version}`, rootWrapped), key = this.#newest("secrets");
    const wrapped = sealBytes(key.bytes, wrapAad("secrets", whose.version, key.id), data, this.#random);
    data.fill(0);
    return { sealed, wrapped, keyId: key.id, alg: ALG };
  }

  /** A recording's own key: plain for the session process, wrapped for the row. The caller wipes `key`. */
  recordingKey(id: RecordingId): { key: Buffer; wrapped: Sealed; keyId: string } {
    const key = this.#random.bytes(KEY_BYTES), under = this.#newest("recordings");
    return { key, wrapped: sealBytes(under.bytes, wrapAad("recordings", id, under.id), key, this.#random), keyId: under.id };
  }
  openRecordingKey(id: string, wrapped: Buffer, keyId: string): Buffer {
    return openBytes(this.#byId(keyId), wrapAad("recordings", id, keyId), asSealed(wrapped));
  }

  /** Keyed hash of one word of a transcript, in letters only: equal words are found, and the database holds none of them. By the oldest key, so that it stays. */
  wordHasher(): (word: string) => string {
    const [, oldest] = [...this.#keys].filter(([, k]) => k.purpose === "recordings").sort(([, a], [, b]) => a.no - b.no)[0] ?? [];
    if (!oldest) throw new Fault("unavailable", "The keyring has no key for recordings.");
    const key = hmac(oldest.bytes, "transcript-words/1"), known = new Map<string, string>();
    return (word) => {
      const hash = known.get(word) ?? [...hmac(key, word).subarray(0, 8)].map((b) => String.fromCharCode(97 + (b >> 4), 97 + (b & 15))).join("");
      if (known.size < 50_000) known.set(word, hash);
      return hash;
    };
  }

  /** For one session process alone: opens with its private key and the same context. */
  handOver(secret: Secret, publicKey: string, context: string): string { return sealTo(publicKey, context, revealBytes(secret)); }

  handOverKey(key: Buffer, publicKey: string, context: string): string { return sealTo(publicKey, context, key); }

  /** Small secrets of the broker's own (TOTP keys). The key's id travels in front, length-prefixed. */
  sealFor(purpose: "sessions" | "backup", context: string, plaintext: Secret): Buffer {
    const key = this.#newest(purpose), id = Buffer.from(key.id);
    return Buffer.concat([Buffer.from([id.length]), id, sealBytes(key.bytes, aad(purpose, context, key.id), revealBytes(plaintext), this.#random)]);
  }
  openFor(purpose: "sessions" | "backup", context: string, box: Buffer): Secret {
    const end = 1 + box[0]!, id = box.subarray(1, end).toString();
    const bytes = openBytes(this.#byId(id), aad(purpose, context, id), asSealed(box.subarray(end)));
    try { return Secret.ofBytes(bytes); } finally { bytes.fill(0); }
  }
}

const openWith = (data: Buffer, sealed: Buffer, whose: Whose): Secret => {
  const bytes = openBytes(data, secretAad(whose), asSealed(sealed));
  try { return Secret.ofBytes(bytes); } finally { bytes.fill(0); }
};
