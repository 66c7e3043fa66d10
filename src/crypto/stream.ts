/** A file of lines in sealed pieces of whole lines, each bound to its place and to being the last or not. Rule: a missing, moved or added piece does not open. */
import { createReadStream } from "node:fs";
import type { Random } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { aad, asSealed, openBytes, sealBytes } from "./envelope.ts";

const PIECE = 1 << 18;
const context = (id: string, n: number, last: boolean): Buffer => aad("stream", id, n, last ? "last" : "more");

/** Where the bytes go, in order. */
export type Sink = (bytes: Buffer) => Promise<void>;

/** The first line is `head` in clear (JSON); the pieces follow as u32 length and box. Fsync is the caller's. */
export const writeSealed = async (to: Sink, head: object, id: string, key: Uint8Array, random: Random, produce: (write: (line: string) => Promise<void>) => Promise<void>): Promise<void> => {
  let held: Buffer[] = [], size = 0, n = 0;
  const flush = async (last: boolean) => {
    const box = sealBytes(key, context(id, n++, last), Buffer.concat(held), random), length = Buffer.alloc(4);
    length.writeUInt32BE(box.length);
    await to(Buffer.concat([length, box]));
    held = []; size = 0;
  };
  await to(Buffer.from(`${JSON.stringify(head)}\n`));
  await produce(async (line) => {
    const bytes = Buffer.from(`${line}\n`);
    held.push(bytes); size += bytes.length;
    if (size >= PIECE) await flush(false);
  });
  await flush(true);
};

const broken = (file: string, cause?: unknown) => new Fault("invalid", `${file} does not open: it is not whole, was altered, or belongs to another root key.`, { cause });

export const readHead = async (file: string): Promise<Record<string, unknown>> => {
  for await (const chunk of createReadStream(file, { end: 65_535 })) {
    const text = (chunk as Buffer).toString("utf8"), end = text.indexOf("\n");
    try { return JSON.parse(text.slice(0, end)) as Record<string, unknown>; } catch (cause) { throw broken(file, cause); }
  }
  throw broken(file);
};

/** The lines that went in. Throws at the first piece that does not open, and at an end that is not one. */
export async function* readSealed(file: string, id: string, key: Uint8Array): AsyncGenerator<string> {
  let buffer: Buffer = Buffer.alloc(0), headed = false, n = 0, ended = false, rest = "";
  for await (const chunk of createReadStream(file)) {
    buffer = Buffer.concat([buffer, chunk as Buffer]);
    if (!headed) { const at = buffer.indexOf(0x0a); if (at < 0) continue; buffer = buffer.subarray(at + 1); headed = true; }
    while (buffer.length >= 4 && buffer.length >= 4 + buffer.readUInt32BE(0)) {
      const end = 4 + buffer.readUInt32BE(0), piece = openPiece(file, id, key, n++, buffer.subarray(4, end));
      if (ended) throw broken(file);
      ended = piece.last;
      buffer = buffer.subarray(end);
      const lines = (rest + piece.text).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
  }
  if (!ended || buffer.length > 0 || rest !== "") throw broken(file);
}

const openPiece = (file: string, id: string, key: Uint8Array, n: number, box: Buffer): { text: string; last: boolean } => {
  for (const last of [false, true]) {
    try { return { text: openBytes(key, context(id, n, last), asSealed(box)).toString("utf8"), last }; } catch { /* the other kind, or broken */ }
  }
  throw broken(file);
};
