/**
 * Sealed boxes between two of our own processes: X25519, HKDF-SHA256, AES-256-GCM.
 * Rule: a box opens only with the private key it was sealed to and the context (`aad`) it was sealed for.
 */
import { createCipheriv, createDecipheriv, createPrivateKey, createPublicKey, createSecretKey, diffieHellman, generateKeyPairSync, hkdfSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { Fault } from "../kernel/fault.ts";
import { Secret } from "../kernel/secret.ts";

export type Box = string & { readonly __box: "Box" };
export type BoxKey = { readonly publicKey: string; readonly privateKey: KeyObject };

const RAW = 32, TAG = 16;
const LABEL = "lockstep box 1";
/** The fixed DER head of an X25519 public key; the 32 raw bytes follow. */
const SPKI = Buffer.from("302a300506032b656e032100", "hex");

const rawOf = (key: KeyObject): Buffer => key.export({ type: "spki", format: "der" }).subarray(-RAW);
const fromRaw = (raw: Buffer): KeyObject => {
  if (raw.length !== RAW) throw new Fault("invalid", "not a box key");
  return createPublicKey({ key: Buffer.concat([SPKI, raw]), format: "der", type: "spki" });
};

/** A key that lives as long as its process; the private half never leaves it. */
export const newBoxKey = (): BoxKey => {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  return { publicKey: rawOf(publicKey).toString("base64url"), privateKey };
};

/** The private half as a text to keep, and back: for a process that must be found by the same key after a restart. */
export const pemOf = (key: BoxKey): string => key.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
export const boxKeyOf = (pem: string): BoxKey => {
  const privateKey = createPrivateKey(pem);
  return { publicKey: rawOf(createPublicKey(privateKey)).toString("base64url"), privateKey };
};

/** Key and IV of one box. The sender's key is used once, so the pair never repeats. */
const derive = (mine: KeyObject, theirs: KeyObject, sender: Buffer, receiver: Buffer): { key: Buffer; iv: Buffer } => {
  const shared = diffieHellman({ privateKey: mine, publicKey: theirs });
  const out = Buffer.from(hkdfSync("sha256", shared, Buffer.concat([sender, receiver]), LABEL, 44));
  shared.fill(0);
  return { key: out.subarray(0, 32), iv: out.subarray(32) };
};

/** `publicKey` as `newBoxKey` gives it. The caller wipes `plaintext`. Throws Fault("invalid") on a malformed key. */
export const sealTo = (publicKey: string, aad: string, plaintext: Uint8Array): Box => {
  const receiver = Buffer.from(publicKey, "base64url"), one = generateKeyPairSync("x25519");
  const sender = rawOf(one.publicKey), { key, iv } = derive(one.privateKey, fromRaw(receiver), sender, receiver);
  const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: TAG }).setAAD(Buffer.from(aad));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  key.fill(0);
  return Buffer.concat([sender, body, cipher.getAuthTag()]).toString("base64url") as Box;
};

const open = (privateKey: KeyObject, aad: string, box: string): Buffer => {
  const bytes = Buffer.from(box, "base64url");
  try {
    if (bytes.length < RAW + TAG) throw new RangeError("short box");
    const sender = bytes.subarray(0, RAW), { key, iv } = derive(privateKey, fromRaw(sender), sender, rawOf(createPublicKey(privateKey)));
    const plain = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: TAG }).setAAD(Buffer.from(aad)).setAuthTag(bytes.subarray(-TAG));
    const out = Buffer.concat([plain.update(bytes.subarray(RAW, -TAG)), plain.final()]);
    key.fill(0);
    return out;
  } catch (cause) {
    throw new Fault("internal", "a sealed box did not open", { cause });
  }
};

/** Throws Fault("internal") for a foreign, altered or otherwise meant box; the caller wipes the Secret. */
export const openBox = (privateKey: KeyObject, aad: string, box: string): Secret => {
  const bytes = open(privateKey, aad, box), secret = Secret.ofBytes(bytes);
  bytes.fill(0);
  return secret;
};

/** The same for a 256-bit key, which stays a KeyObject and so can be used but not printed. */
export const openKeyBox = (privateKey: KeyObject, aad: string, box: string): KeyObject => {
  const bytes = open(privateKey, aad, box);
  if (bytes.length !== 32) throw new Fault("internal", "a sealed box did not hold a key");
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
};
