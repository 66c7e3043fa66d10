/**
 * Private keys as an account's secret. Rule: whether a secret is a key or a password is told by its form alone, here; a password can never have that
 * form, because it holds no line break, and a key is never offered where a password is asked for.
 */
import { createPrivateKey, createPublicKey } from "node:crypto";
import type { Random } from "../kernel/clock.ts";
import { reveal } from "../kernel/reveal.ts";
import { Secret } from "../kernel/secret.ts";
import type { SshAuth } from "./ssh-client.ts";
import { ssh2 } from "./ssh-tuned.ts";

const FORM = /^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----\r?\n/;
/** Has it the form of a private key, readable or not? */
export const isPrivateKey = (secret: Secret): boolean => FORM.test(reveal(secret));
/** How an account with this secret logs in. */
export const authOf = (secret: Secret): SshAuth => isPrivateKey(secret) ? { privateKey: secret } : { password: secret };

/** Type and base64 as they stand in authorized_keys; undefined where it is no private key that opens without a passphrase. */
export const publicPart = (secret: Secret): { readonly type: string; readonly blob: string } | undefined => {
  if (!isPrivateKey(secret)) return undefined;
  const key = ssh2.utils.parseKey(reveal(secret));
  if (key instanceof Error || Array.isArray(key) || !key.isPrivateKey()) return undefined;
  return { type: key.type, blob: key.getPublicSSH().toString("base64") };
};

/** What is before a seed in PKCS #8 (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex"), TYPE = "ssh-ed25519", BLOCK = 8;
const counted = (...parts: readonly (Buffer | string)[]): Buffer => Buffer.concat(parts.flatMap((p) => {
  const bytes = Buffer.from(p as never), length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return [length, bytes];
}));
const publicOfSeed = (seed: Buffer): Buffer => {
  const der = Buffer.concat([PKCS8, seed]);
  try { return createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" })).export({ type: "spki", format: "der" }).subarray(-32); } finally { der.fill(0); }
};
/** openssh-key-v1 without a passphrase: what ssh-keygen writes. */
const written = (seed: Buffer, check: Buffer): string => {
  const shown = publicOfSeed(seed), one = Buffer.alloc(4);
  one.writeUInt32BE(1);
  const inner = Buffer.concat([check, check, counted(TYPE, shown, Buffer.concat([seed, shown]), "")]);
  const padding = Buffer.from(Array.from({ length: (BLOCK - inner.length % BLOCK) % BLOCK }, (_, i) => i + 1));
  const whole = Buffer.concat([Buffer.from("openssh-key-v1\0"), counted("none", "none", ""), one, counted(counted(TYPE, shown), Buffer.concat([inner, padding]))]);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${whole.toString("base64").match(/.{1,70}/g)!.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`;
};
/** A fresh Ed25519 key, read back before it is used. */
export const newPrivateKey = (random: Random): Secret => {
  for (;;) {
    const seed = random.bytes(32), secret = Secret.of(written(seed, random.bytes(4)));
    seed.fill(0);
    if (publicPart(secret) !== undefined) return secret;
  }
};

/** A text signed by a private key in OpenSSH's form, as base64. */
export const signText = (key: Secret, text: string): string => {
  const parsed = ssh2.utils.parseKey(reveal(key));
  if (parsed instanceof Error || Array.isArray(parsed)) throw new Error("a private key cannot be read");
  const signature = parsed.sign(Buffer.from(text)) as Buffer | Error;
  if (signature instanceof Error) throw new Error("a private key did not sign", { cause: signature });
  return signature.toString("base64");
};
/** Was this text signed by the owner of the OpenSSH public line? */
export const provesLine = (line: string, text: string, signature: string): boolean => {
  const parsed = ssh2.utils.parseKey(line);
  return !(parsed instanceof Error) && !Array.isArray(parsed) && parsed.type === "ssh-ed25519" && parsed.verify(Buffer.from(text), Buffer.from(signature, "base64")) === true;
};
