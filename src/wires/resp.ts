/**
 * Redis' protocol (RESP 2) on a stream. Rules: an argument is a length and bytes, so nothing in one can be read as another command; what comes
 * back is bounded in size and depth, and what is not understood ends the connection.
 */
import type { Duplex } from "node:stream";
import { framer } from "./cage.ts";

export class RespError extends Error {
  override readonly name = "RespError";
  /** The first word: WRONGPASS, NOPERM, ERR … */
  readonly code: string;
  constructor(text: string) {
    super(text);
    this.code = /^[A-Z]+/.exec(text)?.[0] ?? "ERR";
  }
}
export type Reply = string | number | null | RespError | readonly Reply[];

const MOST_BYTES = 16 * 1024 * 1024,
  /** Of one reply, in all its lists: more users than anybody has. */
  MOST_ITEMS = 100_000,
  /** Of a line: what a server says in words, or a number. */
  MOST_LINE = 65_536,
  /** Of one connection. */
  MOST_ALL = 4 * MOST_BYTES,
  DEEPEST = 8;
const EOL = Buffer.from("\r\n");
export const encode = (args: readonly string[]): Buffer =>
  Buffer.concat([Buffer.from(`*${args.length}\r\n`), ...args.flatMap((a) => [Buffer.from(`$${Buffer.byteLength(a)}\r\n`), Buffer.from(a), EOL])]);

const strange = (): Error => new Error("not Redis");
const count = (text: string, most: number): number => {
  const n = /^-?\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(n >= -1 && n <= most)) throw strange();
  return n;
};
const BULK = "$".charCodeAt(0);
/** A line, and the bytes behind one that says how many; undefined: the line goes on. */
const sizeOf = (bytes: Buffer): number | undefined => {
  const end = bytes.subarray(0, MOST_LINE).indexOf(EOL);
  if (end < 0 && bytes.length >= MOST_LINE) throw strange();
  if (end < 0) return undefined;
  const length = bytes[0] === BULK ? count(bytes.toString("latin1", 1, end), MOST_BYTES) : -1;
  return end + 2 + (length < 0 ? 0 : length + 2);
};
/** What one piece says; a number: a list of as many begins. */
type One = { readonly reply: Reply } | { readonly list: number };
const read = (bytes: Buffer): One => {
  const end = bytes.indexOf(EOL),
    text = bytes.toString("utf8", 1, end);
  switch (String.fromCharCode(bytes[0]!)) {
    case "+":
      return { reply: text };
    case "-":
      return { reply: new RespError(text) };
    case ":":
      if (/^-?\d{1,15}$/.test(text)) return { reply: Number(text) };
      break;
    case "$":
      if (text === "-1") return { reply: null };
      if (bytes.subarray(-2).equals(EOL)) return { reply: bytes.toString("utf8", end + 2, bytes.length - 2) };
      break;
    case "*": {
      const list = count(text, MOST_ITEMS);
      return list === -1 ? { reply: null } : { list };
    }
  }
  throw strange();
};

/** Bytes as they come, whole replies out. Every byte is looked at once, however they are cut. Throws where it is no RESP. */
export const respReader = (): ((part: Buffer) => Reply[]) => {
  const pieces = framer(sizeOf);
  let open: { readonly items: Reply[]; readonly length: number }[] = [],
    items = 0;
  /** Into the innermost list; a list that is full is an item of the one around it. Undefined: the reply goes on. */
  const placed = (given: Reply): Reply | undefined => {
    let reply = given;
    for (let list = open.at(-1); list !== undefined; list = open.at(-1)) {
      list.items.push(reply);
      if (list.items.length < list.length) return undefined;
      open.pop();
      reply = list.items;
    }
    return reply;
  };
  const taken = (one: One): Reply | undefined => {
    if ((items += 1) > MOST_ITEMS) throw strange();
    if ("reply" in one) return placed(one.reply);
    if (one.list === 0) return placed([]);
    if (open.length >= DEEPEST) throw strange();
    open.push({ items: [], length: one.list });
    return undefined;
  };
  return (part) => {
    const whole: Reply[] = [];
    for (const bytes of pieces(part)) {
      const reply = taken(read(bytes));
      if (reply === undefined) continue;
      whole.push(reply);
      open = [];
      items = 0;
    }
    return whole;
  };
};

export type Resp = {
  /** All in one write; one reply each, errors of the server among them. Rejects when the connection is gone. */
  ask(...commands: readonly (readonly string[])[]): Promise<Reply[]>;
  end(): void;
};
type Waiting = { readonly resolve: (reply: Reply) => void; readonly reject: (e: Error) => void };

export const respOn = (stream: Duplex): Resp => {
  const waiting: Waiting[] = [],
    replies = respReader();
  let gone: Error | undefined,
    size = 0;
  const fail = (why: string): void => {
    gone ??= new Error(why);
    for (const w of waiting.splice(0)) w.reject(gone);
    stream.destroy();
  };
  const heard = (part: Buffer): void => {
    if ((size += part.length) > MOST_ALL) return fail("it says more than was asked for");
    try {
      for (const reply of replies(part)) {
        const next = waiting.shift();
        if (next === undefined) return fail("it said something nobody asked for");
        next.resolve(reply);
      }
    } catch {
      fail("it does not answer as Redis does");
    }
  };
  stream
    .on("data", heard)
    .on("error", () => fail("the connection was cut"))
    .on("close", () => fail("the connection was cut"));
  const ask = async (...commands: readonly (readonly string[])[]): Promise<Reply[]> => {
    if (gone) throw gone;
    const replies = commands.map(() => new Promise<Reply>((resolve, reject) => waiting.push({ resolve, reject })));
    stream.write(Buffer.concat(commands.map(encode)));
    return Promise.all(replies);
  };
  return {
    ask,
    end: () => {
      stream.end();
      stream.destroy();
    },
  };
};
