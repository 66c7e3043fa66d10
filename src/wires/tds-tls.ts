/**
 * The beginning of a connection to SQL Server (MS-TDS): the pre-login, and TLS whose handshake travels in pre-login packets. Rules: TLS is ours
 * (wires/tls.ts) and comes before everything else; a server that offers none gets nothing. A driver is handed a stream on which all that is done:
 * its own pre-login is answered here, as by a server that knows no encryption, so it never speaks of a password but inside our TLS.
 */
import { Duplex } from "node:stream";
import { secure, TlsFailure, type Secured, type Trust } from "./tls.ts";

const PRELOGIN = 0x12,
  REPLY = 0x04,
  HEADER = 8,
  LAST = 1,
  MOST = 4_096,
  BODY = MOST - HEADER;
const ENCRYPTION = 1,
  END = 0xff,
  ON = 1,
  NOT_SUPPORTED = 2,
  REQUIRED = 3;

const packet = (type: number, body: Buffer, last: boolean): Buffer => {
  const head = Buffer.from([type, last ? LAST : 0, 0, 0, 0, 0, 1, 0]);
  head.writeUInt16BE(HEADER + body.length, 2);
  return Buffer.concat([head, body]);
};
const message = (type: number, body: Buffer): Buffer =>
  Buffer.concat(
    Array.from({ length: Math.max(1, Math.ceil(body.length / BODY)) }, (_, i) =>
      packet(type, body.subarray(i * BODY, (i + 1) * BODY), (i + 1) * BODY >= body.length),
    ),
  );

/** Version, encryption, instance, thread, no MARS; offsets count from the start of the body. */
const hello = (): Buffer => {
  const values = [Buffer.from([0, 0, 0, 0, 0, 0]), Buffer.from([ON]), Buffer.from([0]), Buffer.alloc(4), Buffer.from([0])];
  let at = values.length * 5 + 1;
  const list = values.map((v, i) => {
    const entry = Buffer.alloc(5);
    entry.writeUInt8(i, 0);
    entry.writeUInt16BE(at, 1);
    entry.writeUInt16BE(v.length, 3);
    at += v.length;
    return entry;
  });
  return Buffer.concat([...list, Buffer.from([END]), ...values]);
};
/** Where in a pre-login's body its word on encryption stands; undefined: it says none. */
const encryptionAt = (body: Buffer): number | undefined => {
  for (let i = 0; i + 5 <= body.length && body[i] !== END; i += 5) {
    const at = body.readUInt16BE(i + 1);
    if (body[i] === ENCRYPTION) return body.readUInt16BE(i + 3) === 1 && at < body.length ? at : undefined;
  }
  return undefined;
};

/** What stands in packets, out of a stream of bytes; null as long as the first one is not whole. */
type Taken = { readonly type: number; readonly last: boolean; readonly body: Buffer; readonly rest: Buffer };
const taken = (bytes: Buffer): Taken | null => {
  const size = bytes.length < HEADER ? 0 : bytes.readUInt16BE(2);
  if (bytes.length >= HEADER && size < HEADER) throw new TlsFailure("closed", "what answers there speaks another protocol than SQL Server's");
  return size === 0 || bytes.length < size
    ? null
    : { type: bytes[0]!, last: (bytes[1]! & LAST) !== 0, body: bytes.subarray(HEADER, size), rest: bytes.subarray(size) };
};

/** The rest of a stream, once its beginning was read and written by ourselves. */
abstract class Over extends Duplex {
  protected readonly below: Duplex;
  constructor(below: Duplex) {
    super();
    this.below = below;
    below
      .on("data", (part: Buffer) => {
        this.heard(part);
      })
      .once("end", () => this.push(null))
      .once("close", () => this.destroy())
      .on("error", (e) => this.destroy(e));
  }
  protected abstract heard(part: Buffer): void;
  protected give(part: Buffer): void {
    if (part.length > 0 && !this.push(part)) this.below.pause();
  }
  override _read(): void {
    this.below.resume();
  }
  override _final(done: () => void): void {
    this.below.end(done);
  }
  override _destroy(e: Error | null, done: (e: Error | null) => void): void {
    this.below.destroy();
    done(e);
  }
  /** Of a socket, what drivers ask for. */
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
}

/** A handshake inside packets; plain bytes after `bare()`. */
class Packed extends Over {
  #bare = false;
  #kept: Buffer = Buffer.alloc(0);
  bare(): void {
    this.#bare = true;
    const rest = this.#kept;
    this.#kept = Buffer.alloc(0);
    this.give(rest);
  }
  protected heard(part: Buffer): void {
    if (this.#bare) return this.give(part);
    this.#kept = Buffer.concat([this.#kept, part]);
    try {
      for (let t = taken(this.#kept); t !== null; t = taken(this.#kept)) {
        this.#kept = t.rest;
        this.give(t.body);
      }
    } catch (e) {
      this.destroy(e as Error);
    }
  }
  override _write(part: Buffer, _: string, done: (e?: Error | null) => void): void {
    this.below.write(this.#bare ? part : message(PRELOGIN, part), done);
  }
  /** One flight is one message. */
  override _writev(parts: { chunk: Buffer }[], done: (e?: Error | null) => void): void {
    this._write(Buffer.concat(parts.map((p) => p.chunk)), "", done);
  }
}

/** Answers the driver's own pre-login; everything after it passes. */
class Greeted extends Over {
  readonly #answer: Buffer;
  #asked: Buffer | null = Buffer.alloc(0);
  constructor(below: Duplex, answer: Buffer) {
    super(below);
    this.#answer = answer;
  }
  protected heard(part: Buffer): void {
    this.give(part);
  }
  override _write(part: Buffer, _: string, done: (e?: Error | null) => void): void {
    if (this.#asked === null) {
      this.below.write(part, done);
      return;
    }
    this.#asked = Buffer.concat([this.#asked, part]);
    for (let t = taken(this.#asked); t !== null; t = taken(this.#asked)) {
      this.#asked = t.rest;
      if (!t.last) continue;
      const { rest } = t;
      this.#asked = null;
      this.push(message(REPLY, this.#answer));
      if (rest.length > 0) {
        this.below.write(rest, done);
        return;
      }
      break;
    }
    done();
  }
}

/** The server's pre-login, whole; at most one packet's worth. */
const answerOf = (raw: Duplex, signal: AbortSignal): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    let all: Buffer = Buffer.alloc(0);
    const body: Buffer[] = [];
    const done = (): void => {
      raw.off("data", heard).off("close", closed).off("end", closed).off("error", closed).pause();
      signal.removeEventListener("abort", late);
    };
    const fail = (why: string): void => {
      done();
      raw.destroy();
      reject(new TlsFailure("closed", why));
    };
    const closed = (): void => fail("the connection ended before the server answered");
    const late = (): void => fail("the server did not answer in time");
    const heard = (part: Buffer): void => {
      all = Buffer.concat([all, part]);
      if (all.length > MOST) return fail("what answers there speaks another protocol than SQL Server's");
      try {
        for (let t = taken(all); t !== null; t = taken(all)) {
          all = t.rest;
          body.push(t.body);
          if (!t.last) continue;
          done();
          return t.type === REPLY ? resolve(Buffer.concat(body)) : fail("what answers there speaks another protocol than SQL Server's");
        }
      } catch (e) {
        fail((e as TlsFailure).why);
      }
    };
    if (signal.aborted) return late();
    signal.addEventListener("abort", late, { once: true });
    raw.on("data", heard).once("close", closed).once("end", closed).on("error", closed);
  });

/** `answer`: what the server said, as a driver may hear it. */
export type Begun = Secured & { readonly answer: Buffer };
/** Rejects with TlsFailure; the stream below is destroyed then. Aborting ends it. */
export const tdsTls = async (raw: Duplex, trust: Trust, host: string, signal: AbortSignal): Promise<Begun> => {
  raw.on("error", () => undefined).write(message(PRELOGIN, hello()));
  const answer = Buffer.from(await answerOf(raw, signal)),
    at = encryptionAt(answer),
    says = at === undefined ? undefined : answer[at];
  if (at === undefined || (says !== ON && says !== REQUIRED)) {
    raw.destroy();
    throw new TlsFailure("identity", "the server offers no encryption, and without it no password leaves");
  }
  answer[at] = NOT_SUPPORTED;
  const packed = new Packed(raw);
  packed.on("error", () => undefined);
  // In the older way of TDS, which all versions speak, the handshake's end is known to both sides up to TLS 1.2 alone.
  const secured = await secure(packed, trust, host, signal, "TLSv1.2");
  packed.bare();
  return { ...secured, answer };
};
export const greeted = ({ stream, answer }: Begun): Duplex => new Greeted(stream, answer);
