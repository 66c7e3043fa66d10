/**
 * Redis' protocol (RESP 2) on a stream. Rules: an argument is a length and bytes, so nothing in one can be read as another command; what comes
 * back is bounded in size and depth, and what is not understood ends the connection.
 */
import type { Duplex } from "node:stream";

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
  DEEPEST = 8;
const EOL = Buffer.from("\r\n");
export const encode = (args: readonly string[]): Buffer =>
  Buffer.concat([Buffer.from(`*${args.length}\r\n`), ...args.flatMap((a) => [Buffer.from(`$${Buffer.byteLength(a)}\r\n`), Buffer.from(a), EOL])]);

type Read = { readonly reply: Reply; readonly next: number };
const count = (text: string): number => {
  const n = /^-?\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(n >= -1 && n <= MOST_BYTES)) throw new Error("not Redis");
  return n;
};
const bulk = (all: Buffer, from: number, length: number): Read | undefined => {
  if (length === -1) return { reply: null, next: from };
  if (all.length < from + length + 2) return undefined;
  if (all[from + length] !== 13 || all[from + length + 1] !== 10) throw new Error("not Redis");
  return { reply: all.toString("utf8", from, from + length), next: from + length + 2 };
};
const list = (all: Buffer, from: number, length: number, depth: number): Read | undefined => {
  if (length === -1) return { reply: null, next: from };
  const items: Reply[] = [];
  let next = from;
  for (let i = 0; i < length; i++) {
    const one = parse(all, next, depth + 1);
    if (one === undefined) return undefined;
    items.push(one.reply);
    next = one.next;
  }
  return { reply: items, next };
};
/** Undefined: not all of it is there yet. Throws where it is no RESP. */
export const parse = (all: Buffer, from = 0, depth = 0): Read | undefined => {
  const end = all.indexOf(EOL, from);
  if (depth > DEEPEST) throw new Error("not Redis");
  if (end < 0) return undefined;
  const text = all.toString("utf8", from + 1, end),
    next = end + 2;
  switch (String.fromCharCode(all[from] ?? 0)) {
    case "+":
      return { reply: text, next };
    case "-":
      return { reply: new RespError(text), next };
    case ":":
      if (/^-?\d{1,15}$/.test(text)) return { reply: Number(text), next };
      break;
    case "$":
      return bulk(all, next, count(text));
    case "*":
      return list(all, next, count(text), depth);
  }
  throw new Error("not Redis");
};

export type Resp = {
  /** All in one write; one reply each, errors of the server among them. Rejects when the connection is gone. */
  ask(...commands: readonly (readonly string[])[]): Promise<Reply[]>;
  end(): void;
};
type Waiting = { readonly resolve: (reply: Reply) => void; readonly reject: (e: Error) => void };

export const respOn = (stream: Duplex): Resp => {
  const waiting: Waiting[] = [];
  let kept = Buffer.alloc(0),
    gone: Error | undefined;
  const fail = (why: string): void => {
    gone ??= new Error(why);
    for (const w of waiting.splice(0)) w.reject(gone);
    stream.destroy();
  };
  const heard = (part: Buffer): void => {
    kept = Buffer.concat([kept, part]);
    if (kept.length > MOST_BYTES) return fail("it says more than was asked for");
    try {
      for (let one = parse(kept); one !== undefined; one = kept.length > 0 ? parse(kept) : undefined) {
        kept = kept.subarray(one.next);
        const next = waiting.shift();
        if (next === undefined) return fail("it said something nobody asked for");
        next.resolve(one.reply);
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
