/**
 * What a directory may say, message by message (RFC 4511). Rule: ldapts gets messages whole and one by one, as it calls itself for each message of a part
 * and joins a long one anew with each part of it; and no result without its number, which it would read as success.
 */
import { framer } from "./cage.ts";

export class NotLdap extends Error {
  override readonly name = "NotLdap";
  constructor() { super("it does not answer as a directory does"); }
}
/** One entry, with the attributes that are asked for. */
const MOST = 8 * 1024 * 1024;
const SEQUENCE = 0x30, INTEGER = 0x02, ENUMERATED = 0x0a;
/** Answers that are a result: bind, end of a search, modify, add, delete, rename, compare, extended. */
const RESULTS = new Set([0x61, 0x65, 0x67, 0x69, 0x6b, 0x6d, 0x6f, 0x78]);

/** Of the whole element that these bytes begin; undefined: its head is not there yet; infinite: its length is none. Active Directory writes every one in four bytes. */
export const lengthOf = (b: Buffer): number | undefined => {
  if (b.length < 2) return undefined;
  if (b[1]! < 0x80) return b[1]! + 2;
  const bytes = b[1]! & 0x7f;
  // 0 is BER's "length to be seen at the end", which LDAP does not allow (RFC 4511 5.1).
  return bytes < 1 || bytes > 4 ? Infinity : b.length < 2 + bytes ? undefined : b.readUIntBE(2, bytes) + 2 + bytes;
};
/** What stands in an element, and behind it; undefined: it is not whole. */
const inside = (b: Buffer): { readonly body: Buffer; readonly rest: Buffer } | undefined => {
  const size = lengthOf(b);
  return size === undefined || size > b.length ? undefined : { body: b.subarray(b[1]! < 0x80 ? 2 : 2 + (b[1]! & 0x7f), size), rest: b.subarray(size) };
};
const fits = (message: Buffer): boolean => {
  const id = inside(message)?.body, op = id?.[0] === INTEGER ? inside(id)?.rest : undefined, said = op && inside(op)?.body;
  return said !== undefined && (!RESULTS.has(op![0]!) || (said[0] === ENUMERATED && said[1] === 1 && said.length > 2));
};
const sizeOf = (bytes: Buffer): number | undefined => {
  const size = bytes[0] === SEQUENCE ? lengthOf(bytes) : Infinity;
  if (size !== undefined && size > MOST) throw new NotLdap();
  return size;
};
/** Throws NotLdap. */
export const ldapFrames = (): ((part: Buffer) => readonly Buffer[]) => {
  const whole = framer(sizeOf);
  return (part) => whole(part).map((message) => { if (!fits(message)) throw new NotLdap(); return message; });
};
