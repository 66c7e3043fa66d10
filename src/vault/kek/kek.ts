/** Where the root key lives. Rule: a provider wraps and unwraps; the key itself never leaves its file. */
import type { Random } from "../../kernel/clock.ts";
import { aad, asSealed, openBytes, sealBytes, sha256Hex } from "../../crypto/envelope.ts";

export interface Kek {
  /** Names the root key without telling it: part of the AAD, stored beside everything it wraps. */
  readonly id: string;
  wrap(purpose: string, key: Uint8Array): Buffer;
  unwrap(purpose: string, wrapped: Uint8Array): Buffer;
}

/** A root key held in this process's memory, from whichever provider. Takes its own copy. */
export const localKek = (root: Uint8Array, random: Random): Kek => {
  const key = Buffer.allocUnsafeSlow(root.length);
  key.set(root);
  const id = `kek_${sha256Hex("lockstep root key id", key).slice(0, 16)}`;
  return {
    id,
    wrap: (purpose, bytes) => sealBytes(key, aad("kek", id, purpose), bytes, random),
    unwrap: (purpose, wrapped) => openBytes(key, aad("kek", id, purpose), asSealed(wrapped)),
  };
};
