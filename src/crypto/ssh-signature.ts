/** Is this an SSH signature by that SSH key? Rule: the one door to node:crypto for it; SHA-1, DSA and short RSA keys prove nothing. */
import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { Fields } from "./ssh-blob.ts";

const CURVES: Readonly<Record<string, { readonly crv: string; readonly hash: string; readonly size: number }>> = {
  nistp256: { crv: "P-256", hash: "sha256", size: 32 }, nistp384: { crv: "P-384", hash: "sha384", size: 48 },
    nistp521: { crv: "P-521", hash: "sha512", size: 66 },
};
const RSA: Readonly<Record<string, string>> = { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" };
const RSA_BITS = 2_048, UNCOMPRESSED = 4, ED25519 = 32;

const url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
/** An mpint without its sign byte. */
const positive = (bytes: Buffer): Buffer => (bytes[0] === 0 ? bytes.subarray(1) : bytes);

type Key = { readonly key: KeyObject; readonly kind: string };
const keyOf = (blob: Uint8Array): Key | undefined => {
  const f = new Fields(blob), type = f.text();
  if (type === "ssh-ed25519") {
    const x = f.bytes();
    return x?.length === ED25519 && f.done ? { kind: type, key: createPublicKey({ format: "jwk",
      key: { kty: "OKP", crv: "Ed25519", x: url(x) } }) } : undefined;
  }
  if (type === "ssh-rsa") {
    const e = f.bytes(), n = f.bytes();
    if (e === undefined || n === undefined || !f.done) return undefined;
    const key = createPublicKey({ format: "jwk", key: { kty: "RSA", e: url(positive(e)), n: url(positive(n)) } });
    return (key.asymmetricKeyDetails?.modulusLength ?? 0) >= RSA_BITS ? { kind: type, key } : undefined;
  }
  const name = /^ecdsa-sha2-(nistp\d+)$/.exec(type ?? "")?.[1], curve = CURVES[name ?? ""], said = f.text(), point = f.bytes();
  if (type === undefined || curve === undefined || said !== name || point?.length !== 1 + 2 * curve.size || point[0] !== UNCOMPRESSED
    || !f.done) return undefined;
  const x = url(point.subarray(1, 1 + curve.size)), y = url(point.subarray(1 + curve.size));
  return { kind: type, key: createPublicKey({ format: "jwk", key: { kty: "EC", crv: curve.crv, x, y } }) };
};

/** Two mpints -> the fixed-width form node:crypto takes as ieee-p1363. */
const p1363 = (raw: Buffer, size: number): Buffer | undefined => {
  const f = new Fields(raw), r = f.bytes(), s = f.bytes();
  if (r === undefined || s === undefined || !f.done) return undefined;
  const [a, b] = [positive(r), positive(s)];
  return a.length > size || b.length > size ? undefined : Buffer.concat([Buffer.alloc(size - a.length), a, Buffer.alloc(size - b.length), b]);
};

const check = ({ key, kind }: Key, data: Uint8Array, algorithm: string, raw: Buffer): boolean => {
  if (kind === "ssh-ed25519") return algorithm === kind && verify(null, data, key, raw);
  if (kind === "ssh-rsa") { const hash = RSA[algorithm]; return hash !== undefined && verify(hash, data, key, raw); }
  const curve = CURVES[kind.slice("ecdsa-sha2-".length)], signature = curve && algorithm === kind ? p1363(raw, curve.size) : undefined;
  return curve !== undefined && signature !== undefined && verify(curve.hash, data, { key, dsaEncoding: "ieee-p1363" }, signature);
};

/** `key`: a plain public key blob. `signature`: SSH's own form, the algorithm's name first. */
export const provesSsh = (key: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean => {
  try {
    const f = new Fields(signature), algorithm = f.text(), raw = f.bytes(), found = keyOf(key);
    return found !== undefined && algorithm !== undefined && raw !== undefined && f.done && check(found, data, algorithm, raw);
  } catch { return false; }
};
