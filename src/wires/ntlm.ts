/**
 * NTLMv2 as a client (MS-NLMP): three messages. Rule: nothing older than NTLMv2 is ever answered; the answer is bound to the server's certificate (channel binding)
 * and to all three messages (MIC), so it is of no use elsewhere. No session key is exchanged: what is carried is under TLS.
 */
import { createHash, createHmac } from "node:crypto";
import { md4 } from "./md4.ts";

const SIGNATURE = Buffer.from("NTLMSSP\0", "latin1");
/** Unicode, request target, NTLM, always sign, extended session security, target info, version, 128 and 56 bits. No key exchange: that would be RC4. */
const FLAGS = 0x0000_0001 | 0x0000_0004 | 0x0000_0200 | 0x0000_8000 | 0x0008_0000 | 0x0080_0000 | 0x0200_0000 | 0x2000_0000 | 0x8000_0000;
/** Windows 10's; the revision is NTLM's. */
const VERSION = Buffer.from("0a0063450000000f", "hex");
const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");
const hmac = (key: Buffer, ...parts: readonly Buffer[]): Buffer => createHmac("md5", key).update(Buffer.concat(parts)).digest();
/** Character by character, as Windows does: ß stays ß. */
const upper = (text: string): string => [...text].map((c) => { const u = c.toUpperCase(); return u.length === c.length ? u : c; }).join("");

export const negotiate = (): Buffer => {
  const out = Buffer.alloc(40);
  SIGNATURE.copy(out);
  out.writeUInt32LE(1, 8);
  out.writeUInt32LE(FLAGS >>> 0, 12);
  VERSION.copy(out, 32);
  return out;
};

/** `pairs`: the server's attributes by number. */
export type Challenge = { readonly raw: Buffer; readonly nonce: Buffer; readonly flags: number; readonly pairs: ReadonlyMap<number, Buffer> };
const AV = { computer: 1, domain: 2, flags: 6, time: 7, binding: 10, end: 0 } as const;
/** Undefined: it is none. */
export const challengeOf = (raw: Buffer): Challenge | undefined => {
  if (raw.length < 48 || !raw.subarray(0, 8).equals(SIGNATURE) || raw.readUInt32LE(8) !== 2) return undefined;
  const length = raw.readUInt16LE(40), from = raw.readUInt32LE(44), pairs = new Map<number, Buffer>();
  if (from + length > raw.length) return undefined;
  for (let at = from; at + 4 <= from + length;) {
    const id = raw.readUInt16LE(at), size = raw.readUInt16LE(at + 2);
    if (id === AV.end) break;
    if (at + 4 + size > from + length) return undefined;
    pairs.set(id, raw.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return { raw, nonce: raw.subarray(24, 32), flags: raw.readUInt32LE(20), pairs };
};
/** The machine's own name, as it says it itself. */
export const computerOf = (c: Challenge): string => c.pairs.get(AV.computer)?.toString("utf16le") ?? "";

const pairsFor = (c: Challenge, binding: Buffer | undefined): Buffer => {
  const all = new Map(c.pairs);
  // 2: a MIC is there.
  if (c.pairs.has(AV.time)) { const flags = Buffer.alloc(4); flags.writeUInt32LE(((c.pairs.get(AV.flags)?.readUInt32LE(0) ?? 0) | 2) >>> 0); all.set(AV.flags, flags); }
  if (binding) all.set(AV.binding, binding);
  const parts = [...all].map(([id, value]) => { const head = Buffer.alloc(4); head.writeUInt16LE(id); head.writeUInt16LE(value.length, 2); return Buffer.concat([head, value]); });
  return Buffer.concat([...parts, Buffer.alloc(4)]);
};
/** MD5 of the structure that binds to a certificate: `tls-server-end-point:` and its SHA-256. */
export const bindingTo = (sha256: Buffer): Buffer => {
  const data = Buffer.concat([Buffer.from("tls-server-end-point:", "latin1"), sha256]), head = Buffer.alloc(20);
  head.writeUInt32LE(data.length, 16);
  return createHash("md5").update(Buffer.concat([head, data])).digest();
};

export type NtlmLogin = { readonly user: string; readonly domain: string; readonly password: string };
/** The parts that have test vectors. `time`: as the server said it, or ours in 100 ns since 1601. */
export const ntlmv2 = (who: NtlmLogin, nonce: Buffer, client: Buffer, time: Buffer, pairs: Buffer): { readonly nt: Buffer; readonly lm: Buffer; readonly key: Buffer } => {
  const bytes = utf16(who.password), hash = md4(bytes), owner = hmac(hash, utf16(upper(who.user) + who.domain));
  bytes.fill(0); hash.fill(0);
  const temp = Buffer.concat([Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]), time, client, Buffer.alloc(4), pairs, Buffer.alloc(4)]), proof = hmac(owner, nonce, temp);
  return { nt: Buffer.concat([proof, temp]), lm: Buffer.concat([hmac(owner, nonce, client), client]), key: hmac(owner, proof) };
};

/** `client`: eight random bytes. `now`: for a server that tells no time. `certificate`: SHA-256 of the one it showed. */
export const authenticate = (who: NtlmLogin, c: Challenge, o: { readonly client: Buffer; readonly now: Date; readonly certificate?: Buffer }): Buffer => {
  const told = c.pairs.get(AV.time), ours = Buffer.alloc(8);
  ours.writeBigUInt64LE((BigInt(o.now.getTime()) + 11_644_473_600_000n) * 10_000n);
  const a = ntlmv2(who, c.nonce, o.client, told ?? ours, pairsFor(c, o.certificate && bindingTo(o.certificate)));
  // With a MIC the old answer is left out.
  const fields = [told ? Buffer.alloc(24) : a.lm, a.nt, utf16(who.domain), utf16(who.user), utf16("LOCKSTEP"), Buffer.alloc(0)], head = Buffer.alloc(88);
  SIGNATURE.copy(head);
  head.writeUInt32LE(3, 8);
  let at = head.length;
  for (const [i, f] of fields.entries()) {
    head.writeUInt16LE(f.length, 12 + 8 * i);
    head.writeUInt16LE(f.length, 14 + 8 * i);
    head.writeUInt32LE(at, 16 + 8 * i);
    at += f.length;
  }
  head.writeUInt32LE((FLAGS & c.flags) >>> 0, 60);
  VERSION.copy(head, 64);
  const whole = Buffer.concat([head, ...fields]);
  if (told) hmac(a.key, negotiate(), c.raw, whole).copy(whole, 72);
  return whole;
};
