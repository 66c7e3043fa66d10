/**
 * What a PostgreSQL server may say, message by message (protocol 3.0). Rule: a message is passed on whole and only where every field of it ends within it:
 * pg-protocol reads on past the end of a short one, and where an error has no end it reads for ever.
 */
import { framer } from "./cage.ts";

export class NotPostgres extends Error {
  override readonly name = "NotPostgres";
  constructor() { super("it does not answer as PostgreSQL does"); }
}
/** One row of a list of roles, or an error with its statement, is far from it. */
const MOST = 1_048_576, HEAD = 5;
const must = (fits: boolean): void => { if (!fits) throw new NotPostgres(); };

/** Reads a body from its beginning; whatever is not there is no PostgreSQL. */
type Cursor = { take(n: number): Buffer; int16(): number; int32(): number; text(): string; left(): number };
const cursor = (body: Buffer): Cursor => {
  let at = 0;
  const take = (n: number): Buffer => {
    must(n >= 0 && at + n <= body.length);
    at += n;
    return body.subarray(at - n, at);
  };
  const text = (): string => {
    const end = body.indexOf(0, at);
    must(end >= 0);
    const found = take(end - at).toString("latin1");
    take(1);
    return found;
  };
  return { take, text, int16: () => take(2).readInt16BE(0), int32: () => take(4).readInt32BE(0), left: () => body.length - at };
};

type Check = (c: Cursor) => void;
const nothing: Check = () => undefined;
/** As many as it says itself. */
const counted = (one: Check): Check => (c) => {
  const n = c.int16();
  must(n >= 0);
  for (let i = 0; i < n; i++) one(c);
};
/** A letter and a text each, and a zero. */
const told: Check = (c) => { while (c.take(1)[0] !== 0) c.text(); };
const value: Check = (c) => {
  const size = c.int32();
  if (size !== -1) c.take(size);
};
/** Ways of asking for a password that there are; the others no driver here knows. */
const OK = 0, CLEAR = 3, MD5 = 5, SASL = 10, SASL_MORE = 11, SASL_END = 12;
const asked: Check = (c) => {
  const how = c.int32();
  must([OK, CLEAR, MD5, SASL, SASL_MORE, SASL_END].includes(how));
  if (how === MD5) c.take(4);
  if (how === SASL) while (c.text() !== "") { /* names, and an empty one at the end */ }
  if (how === SASL_MORE || how === SASL_END) c.take(c.left());
};
/** By the letter of the message. Copies and replication are asked for by nobody here. */
const CHECKS: Readonly<Record<string, Check>> = {
  R: asked, E: told, N: told, S: (c) => { c.text(); c.text(); }, K: (c) => { c.take(8); c.take(c.left()); }, Z: (c) => { c.take(1); }, C: (c) => { c.text(); },
  T: counted((c) => { c.text(); c.take(18); }), D: counted(value), t: counted((c) => { c.take(4); }), A: (c) => { c.take(4); c.text(); c.text(); },
  "1": nothing, "2": nothing, "3": nothing, I: nothing, n: nothing, s: nothing,
};
const checkOf = (message: Buffer): Check => {
  const check = CHECKS[String.fromCharCode(message[0]!)];
  if (check === undefined) throw new NotPostgres();
  return check;
};
const sizeOf = (bytes: Buffer): number | undefined => {
  checkOf(bytes);
  if (bytes.length < HEAD) return undefined;
  const size = 1 + bytes.readUInt32BE(1);
  must(size >= HEAD && size <= MOST);
  return size;
};

/** Throws NotPostgres. */
export const pgFrames = (): ((part: Buffer) => readonly Buffer[]) => {
  const whole = framer(sizeOf);
  return (part) => whole(part).map((message) => {
    const c = cursor(message.subarray(HEAD));
    checkOf(message)(c);
    must(c.left() === 0);
    return message;
  });
};
