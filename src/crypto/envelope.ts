/**
 * Envelope encryption: root key wraps purpose keys, a purpose key wraps one random data key per secret, the data key seals it.
 * Rule: AES-256-GCM lives in this room only, always with a 16-byte tag and with AAD that names what the box is for.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Random } from "../kernel/clock.ts";

const ALG = "aes-256-gcm", IV = 12, TAG = 16;
export const KEY_BYTES = 32;

/** Ciphertext with its nonce and tag: iv(12) ‖ data ‖ tag(16). Never the same name as a plaintext. */
export type Sealed = Buffer & { readonly __sealed: true };
export const asSealed = (bytes: Uint8Array): Sealed => Buffer.from(bytes) as Sealed;

/** Length-prefixed, so that no two different lists give the same bytes. */
export const aad = (...parts: readonly (string | number)[]): Buffer => {
  const chunks: Buffer[] = [];
  for (const part of parts) {
    const bytes = Buffer.from(String(part), "utf8"), length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    chunks.push(length, bytes);
  }
  return Buffer.concat(chunks);
};

/** `key`: 32 bytes. A fresh nonce per call; keys here seal far fewer than 2³² boxes each. */
export const sealBytes = (key: Uint8Array, context: Uint8Array, plaintext: Uint8Array, random: Random): Sealed => {
  const iv = random.bytes(IV);
  const cipher = createCipheriv(ALG, key, iv, { authTagLength: TAG });
  cipher.setAAD(context);
  return Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]) as Sealed;
};

/** The plaintext, only after the tag was checked. Throws when key, context or any byte differs. */
export const openBytes = (key: Uint8Array, context: Uint8Array, box: Uint8Array): Buffer => {
  if (box.length < IV + TAG) throw new Error("sealed box is too short");
  const view = Buffer.from(box.buffer, box.byteOffset, box.length);
  const decipher = createDecipheriv(ALG, key, view.subarray(0, IV), { authTagLength: TAG });
  decipher.setAAD(context);
  decipher.setAuthTag(view.subarray(-TAG));
  const head = decipher.update(view.subarray(IV, -TAG));
  try {
    decipher.final();
  } catch {
    head.fill(0);
    throw new Error("sealed box does not open: wrong key, wrong place or altered");
  }
  return head;
};

export const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};
export const sha256Hex = (...parts: readonly (string | Uint8Array)[]): string => sha256(...parts).toString("hex");
export const hmac = (key: Uint8Array, ...parts: readonly (string | Uint8Array)[]): Buffer => {
  const mac = createHmac("sha256", key);
  for (const part of parts) mac.update(part);
  return mac.digest();
};
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);

/** OpenSSH's own fingerprint of a public key line, e.g. `SHA256:ohD8VZEXGWo6Ez8GSEJQ9WpafgLFsOfLOtGGQCQo6Og`. */
export const fingerprintOf = (line: string): string => `SHA256:${sha256(Buffer.from(line.trim().split(/\s+/)[1] ?? "", "base64")).toString("base64").replace(/=+$/, "")}`;
