/** An OpenSSH certificate, taken apart (PROTOCOL.certkeys). Rule: pure and total; parsed is not trusted: the caller's rules say that. */
import { field, Fields } from "./ssh-blob.ts";
import { provesSsh } from "./ssh-signature.ts";

const SUFFIX = "-cert-v01@openssh.com";
/** How many fields a key of this kind has after its name. */
const KEY_FIELDS: Readonly<Record<string, number>> = { "ssh-ed25519": 1, "ssh-rsa": 2, "ecdsa-sha2-nistp256": 2, "ecdsa-sha2-nistp384": 2,
  "ecdsa-sha2-nistp521": 2 };

export type Certificate = {
  /** The plain public key that the certificate is about, as a blob. */
  readonly key: Buffer;
  readonly serial: bigint; readonly kind: "user" | "host"; readonly id: string; readonly principals: readonly string[];
  /** Seconds since 1970; `before` is the first second at which it is over. */
  readonly after: bigint; readonly before: bigint;
  readonly critical: ReadonlyMap<string, Buffer>;
  /** The authority's plain public key blob. */
  readonly authority: Buffer;
  readonly signed: Buffer; readonly signature: Buffer;
};

/** Of a name such as ssh-ed25519-cert-v01@openssh.com, or of the algorithms rsa-sha2-*-cert-v01@openssh.com. */
export const isCertificateType = (algorithm: string): boolean => algorithm.endsWith(SUFFIX);

const optionsIn = (bytes: Buffer): Map<string, Buffer> | undefined => {
  const out = new Map<string, Buffer>();
  for (const f = new Fields(bytes); !f.done;) {
    const name = f.text(), data = f.bytes();
    if (name === undefined || data === undefined || out.has(name)) return undefined;
    out.set(name, data);
  }
  return out;
};

const keyIn = (f: Fields, type: string): Buffer | undefined => {
  const parts = [field(type)];
  for (let i = 0; i < (KEY_FIELDS[type] ?? 0); i++) {
    const part = f.bytes();
    if (part === undefined) return undefined;
    parts.push(field(part));
  }
  return parts.length > 1 ? Buffer.concat(parts) : undefined;
};

const KINDS: Readonly<Record<number, Certificate["kind"]>> = { 1: "user", 2: "host" };

/** undefined: not a certificate of a kind we know, or not whole. */
export const parseCertificate = (blob: Uint8Array): Certificate | undefined => {
  const f = new Fields(blob), type = f.text();
  if (type === undefined || !isCertificateType(type) || f.bytes() === undefined) return undefined;
  const key = keyIn(f, type.slice(0, -SUFFIX.length)), serial = f.u64(), kind = KINDS[f.u32() ?? 0], id = f.text(), principals = f.texts();
  const after = f.u64(), before = f.u64(), options = f.bytes();
  f.bytes();
  f.bytes();
  const authority = f.bytes(), signed = Buffer.from(f.read), signature = f.bytes(), critical = options && optionsIn(options);
  if (key === undefined || serial === undefined || kind === undefined || id === undefined || principals === undefined || after === undefined
    || before === undefined || critical === undefined || authority === undefined || signature === undefined || !f.done) return undefined;
  return { key, serial, kind, id, principals, after, before, critical, authority, signed, signature };
};

/** The authority named inside really signed these bytes. Whether it is one of ours is another question. */
export const isSigned = (c: Certificate): boolean => provesSsh(c.authority, c.signed, c.signature);
