/**
 * One chunk of a recording: AES-256-GCM, bound to its recording, its place and everything before it.
 * Rule: a chunk opens only where it was written; the AAD is recording ‖ chunk no ‖ previous hash.
 *
 * On disk: length u32 (of the body) · chunk no u32 · iv 12 · body · tag 16. hash(n) = SHA-256(hash(n-1) ‖ chunk n as on disk).
 */
import { createCipheriv, createDecipheriv, createHash, randomFillSync } from "node:crypto";
import type { KeyObject } from "node:crypto";

export const HEAD = 20, TAG = 16;
/** The largest body of a chunk, in bytes. */
export const CHUNK = 65_536;
const IV = 12;

/** Why a chunk was refused. `torn`: the file stops inside it. `altered`: bytes, key or recording are not those it was sealed with. */
export type Broken = "torn" | "out_of_order" | "altered";
export type Opened = { readonly ok: true; readonly body: Buffer; readonly hash: Buffer; readonly size: number } | { readonly ok: false; readonly why: Broken };

const idPart = (recording: string): Buffer => {
  const id = Buffer.from(recording), out = Buffer.alloc(2 + id.length);
  out.writeUInt16BE(id.length, 0);
  id.copy(out, 2);
  return out;
};

/** recording (length-prefixed) ‖ chunk no u64 ‖ previous hash. */
const aadOf = (id: Buffer, no: number, prev: Buffer): Buffer => {
  const place = Buffer.alloc(8);
  place.writeBigUInt64BE(BigInt(no));
  return Buffer.concat([id, place, prev]);
};

/** Sealing and writing are synchronous, so one warm buffer serves every recording of a process (fresh memory was the largest cost). */
const work = Buffer.allocUnsafeSlow(HEAD + CHUNK + TAG);

const link = (prev: Buffer, chunk: Buffer): Buffer => createHash("sha256").update(prev).update(chunk).digest();

/** The hash before the first chunk. */
export const genesis = (recording: string): Buffer => createHash("sha256").update("lockstep recording 1").update(idPart(recording)).digest();

const ivs = Buffer.allocUnsafeSlow(IV * 256);
let ivAt = ivs.length;
const freshIv = (): Buffer => {
  if (ivAt === ivs.length) { randomFillSync(ivs); ivAt = 0; }
  return ivs.subarray(ivAt, ivAt += IV);
};

/** Seals one body after another into a shared buffer: write it before sealing anything else. Random IVs: a recovered file is continued. */
export const sealer = (key: KeyObject, recording: string, no = 0, prev: Buffer = genesis(recording)) => {
  const id = idPart(recording);
  let hash = prev, next = no;
  const seal = (body: Buffer): Buffer => {
    const chunk = work.subarray(0, HEAD + body.length + TAG), iv = freshIv();
    chunk.writeUInt32BE(body.length, 0);
    chunk.writeUInt32BE(next, 4);
    iv.copy(chunk, 8);
    const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: TAG }).setAAD(aadOf(id, next, hash));
    cipher.update(body).copy(chunk, HEAD);
    cipher.final();
    cipher.getAuthTag().copy(chunk, HEAD + body.length);
    hash = link(hash, chunk);
    next += 1;
    return chunk;
  };
  return { seal, head: () => ({ chunks: next, hash }) };
};

/** Opens the chunk that starts at `from`, which must be number `no` after `prev`. */
export const openChunk = (key: KeyObject, recording: string, no: number, prev: Buffer, file: Buffer, from: number): Opened => {
  if (file.length - from < HEAD + TAG) return { ok: false, why: "torn" };
  const length = file.readUInt32BE(from), end = from + HEAD + length + TAG;
  if (length > CHUNK) return { ok: false, why: "altered" };
  if (file.readUInt32BE(from + 4) !== no) return { ok: false, why: "out_of_order" };
  if (end > file.length) return { ok: false, why: "torn" };
  const chunk = file.subarray(from, end), plain = createDecipheriv("aes-256-gcm", key, chunk.subarray(8, HEAD), { authTagLength: TAG });
  plain.setAAD(aadOf(idPart(recording), no, prev)).setAuthTag(chunk.subarray(-TAG));
  try {
    const body = Buffer.concat([plain.update(chunk.subarray(HEAD, -TAG)), plain.final()]);
    return { ok: true, body, hash: link(prev, chunk), size: chunk.length };
  } catch {
    return { ok: false, why: "altered" };
  }
};
