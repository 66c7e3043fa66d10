/** What a client asks for, read out of one packet. Rule: pure; undefined is "not understood", and nothing is guessed. */
import type { FileAct } from "../../src/domain/files.ts";
import { BY_HANDLE, EXTENSIONS, Fields, PATHS, T, attributes, openAct, openMode } from "./packets.ts";

/** `handle`: of the open file it is about, in hex; `other`: where a copy goes. */
export type Ask = {
  readonly id: number; readonly op: string; readonly act: FileAct; readonly paths: readonly Buffer[]; readonly detail?: string;
  readonly handle?: string; readonly other?: string; readonly offset?: number;
};
const hex = (f: Fields): string => f.bytes().toString("hex");
const worded = (detail: string): { detail?: string } => (detail === "" ? {} : { detail });

const aboutPaths = (id: number, type: number, f: Fields): Ask | undefined => {
  const shape = PATHS[type];
  if (shape === undefined) return undefined;
  const [op, act, count] = shape, paths = Array.from({ length: count }, () => f.bytes());
  return { id, op, act, paths, ...worded(type === T.setstat || type === T.mkdir ? attributes(f) : "") };
};

const extended = (id: number, f: Fields): Ask => {
  const raw = f.bytes(), name = raw.toString("latin1"), byHandle = Object.hasOwn(BY_HANDLE, name) ? BY_HANDLE[name] : undefined, shape = Object.hasOwn(EXTENSIONS, name) ? EXTENSIONS[name] : undefined;
  if (byHandle !== undefined) {
    const handle = hex(f);
    if (name !== "copy-data") return { id, op: byHandle[0], act: byHandle[1], paths: [], handle };
    f.u64(); f.u64();
    return { id, op: byHandle[0], act: byHandle[1], paths: [], handle, other: hex(f) };
  }
  if (shape === undefined) return { id, op: "extension", act: "unknown", paths: [], detail: raw.subarray(0, 64).toString("latin1") };
  const paths = Array.from({ length: shape[2] }, () => f.bytes());
  return { id, op: shape[0], act: shape[1], paths, ...worded(name.startsWith("lsetstat") ? attributes(f) : "") };
};

const read = (type: number, f: Fields): Ask | undefined => {
  const id = f.u32();
  switch (type) {
    case T.open: { const path = f.bytes(), flags = f.u32(); return { id, op: "open", act: openAct(flags), paths: [path], detail: openMode(flags) }; }
    case T.close: return { id, op: "close", act: "handle", paths: [], handle: hex(f) };
    case T.read: { const handle = hex(f); return { id, op: "read", act: "handle", paths: [], handle, offset: f.u64() }; }
    case T.fstat: return { id, op: "fstat", act: "handle", paths: [], handle: hex(f) };
    case T.readdir: return { id, op: "readdir", act: "handle", paths: [], handle: hex(f) };
    case T.fsetstat: { const handle = hex(f); return { id, op: "setstat", act: "change", paths: [], handle, ...worded(attributes(f)) }; }
    case T.extended: return extended(id, f);
    default: return aboutPaths(id, type, f);
  }
};

export const readAsk = (type: number, body: Buffer): Ask | undefined => {
  try { return read(type, new Fields(body)); } catch (error) { if (error instanceof RangeError) return undefined; throw error; }
};
/** The head of a WRITE: id, handle, offset; its content follows. The splitter has checked its lengths. */
export const readWrite = (head: Buffer): Ask => {
  const f = new Fields(head), id = f.u32(), handle = hex(f);
  return { id, op: "write", act: "write", paths: [], handle, offset: f.u64() };
};
