/**
 * A server that speaks TDS 7.4 as SQL Server does: pre-login, TLS inside it, login7, batches. Rule: written from MS-TDS and by nothing of ours, so
 * that a foreign client (FreeTDS' tsql, in the slow lane) can say whether it is one; what a batch means is somebody else's (test/lab/sql-server.ts).
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { createSecureContext, TLSSocket } from "node:tls";
import type { Certificate } from "./certificate.ts";

export type Value = string | number | boolean | null;
/** `columns`: how a null is typed. */
export type Table = { readonly columns: Readonly<Record<string, "text" | "int" | "bit">>; readonly rows: readonly Readonly<Record<string, Value>>[] };
export type Said = { readonly error: number; readonly says: string; readonly reason?: { readonly error: number; readonly says: string } };
export type Answers = {
  /** Null: let in. route: let in, and told to go to another server. */
  login(user: string, password: string): Said | { readonly route: { readonly host: string; readonly port: number } } | null;
  batch(user: string, sql: string): Table | Said | null;
};
const u16 = (n: number): Buffer => {
  const b = Buffer.alloc(2);
  b.writeUInt16LE(n);
  return b;
};
const u32 = (n: number): Buffer => {
  const b = Buffer.alloc(4);
  b.writeUInt32LE(n);
  return b;
};
const ucs = (s: string): Buffer => Buffer.from(s, "utf16le");
const short = (s: string): Buffer => Buffer.concat([Buffer.from([s.length]), ucs(s)]);
const long = (s: string): Buffer => Buffer.concat([u16(s.length), ucs(s)]);
const token = (type: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([type]), u16(body.length), body]);
const packets = (type: number, body: Buffer): Buffer =>
  Buffer.concat(
    Array.from({ length: Math.max(1, Math.ceil(body.length / 4_088)) }, (_, i) => {
      const part = body.subarray(i * 4_088, (i + 1) * 4_088),
        head = Buffer.from([type, (i + 1) * 4_088 >= body.length ? 1 : 0, 0, 0, 0, 0, (i + 1) & 255, 0]);
      head.writeUInt16BE(part.length + 8, 2);
      return Buffer.concat([head, part]);
    }),
  );
/** Whole messages out of bytes. */
const reader = (take: (type: number, body: Buffer) => void) => {
  let kept: Buffer = Buffer.alloc(0),
    body: Buffer[] = [];
  return (part: Buffer): void => {
    kept = Buffer.concat([kept, part]);
    while (kept.length >= 8 && kept.length >= kept.readUInt16BE(2)) {
      const size = kept.readUInt16BE(2),
        type = kept[0]!,
        last = kept[1]! & 1;
      body.push(kept.subarray(8, size));
      kept = kept.subarray(size);
      if (last) {
        const whole = Buffer.concat(body);
        body = [];
        take(type, whole);
      }
    }
  };
};
const done = (status: number, rows = 0): Buffer => Buffer.concat([Buffer.from([0xfd]), u16(status), u16(0), u32(rows), u32(0)]);
const error = (number: number, says: string): Buffer =>
  token(0xaa, Buffer.concat([u32(number), Buffer.from([1, 14]), long(says), short("LAB"), short(""), u32(1)]));
const failure = (s: Said): Buffer => Buffer.concat([...(s.reason ? [error(s.reason.error, s.reason.says)] : []), error(s.error, s.says), done(2)]);
const COLLATION = Buffer.from([0x09, 0x04, 0xd0, 0x00, 0x34]);
const TYPES = {
  text: Buffer.concat([Buffer.from([0xe7]), u16(8_000), COLLATION]),
  int: Buffer.from([0x26, 4]),
  bit: Buffer.from([0x68, 1]),
} as const;
const cell = (type: keyof typeof TYPES, v: Value): Buffer =>
  type === "text"
    ? v === null
      ? Buffer.from([0xff, 0xff])
      : Buffer.concat([u16(ucs(String(v)).length), ucs(String(v))])
    : v === null
      ? Buffer.from([0])
      : type === "int"
        ? Buffer.concat([Buffer.from([4]), u32(Number(v) >>> 0)])
        : Buffer.from([1, v ? 1 : 0]);
const table = ({ columns, rows }: Table): Buffer => {
  const list = Object.entries(columns);
  return Buffer.concat([
    Buffer.from([0x81]),
    u16(list.length),
    ...list.flatMap(([name, type]) => [u32(0), u16(9), TYPES[type], short(name)]),
    ...rows.flatMap((row) => [Buffer.from([0xd1]), ...list.map(([name, type]) => cell(type, row[name] ?? null))]),
    done(0x10, rows.length),
  ]);
};
const PRELOGIN = (encryption: number): Buffer => {
  const values: [number, Buffer][] = [
    [0, Buffer.from([16, 0, 3, 232, 0, 0])],
    [1, Buffer.from([encryption])],
    [2, Buffer.from([0])],
    [4, Buffer.from([0])],
  ];
  let at = values.length * 5 + 1;
  const list = values.map(([type, v]) => {
    const e = Buffer.from([type, 0, 0, 0, 0]);
    e.writeUInt16BE(at, 1);
    e.writeUInt16BE(v.length, 3);
    at += v.length;
    return e;
  });
  return Buffer.concat([...list, Buffer.from([0xff]), ...values.map(([, v]) => v)]);
};
/** Offset and length of its strings stand from byte 36 on, in pairs: host, user, password, … */
const loginOf = (body: Buffer): { user: string; password: string } => {
  const at = (i: number): Buffer => body.subarray(body.readUInt16LE(36 + i * 4), body.readUInt16LE(36 + i * 4) + 2 * body.readUInt16LE(38 + i * 4));
  const clear = Buffer.from(at(2)).map((b) => {
    const x = b ^ 0xa5;
    return ((x << 4) | (x >> 4)) & 255;
  });
  return { user: at(1).toString("utf16le"), password: Buffer.from(clear).toString("utf16le") };
};
const WELCOME = (): Buffer =>
  Buffer.concat([
    token(0xe3, Buffer.concat([Buffer.from([1]), short("master"), short("master")])),
    token(0xe3, Buffer.concat([Buffer.from([4]), short("4096"), short("4096")])),
    token(0xad, Buffer.concat([Buffer.from([1, 0x74, 0, 0, 4]), short("Microsoft SQL Server"), Buffer.from([16, 0, 3, 232])])),
    done(0),
  ]);

/** ENVCHANGE 20: protocol TCP, port, server. */
const routed = ({ host, port }: { host: string; port: number }): Buffer => {
  const to = Buffer.concat([Buffer.from([0]), u16(port), long(host)]);
  return token(0xe3, Buffer.concat([Buffer.from([20]), u16(to.length), to, u16(0)]));
};
/** TLS whose bytes are the bodies of pre-login packets until `bare`. */
class Wrapped extends Duplex {
  bare = false;
  readonly #socket: Socket;
  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.once("close", () => this.destroy());
  }
  give(part: Buffer): void {
    this.push(part);
  }
  override _read(): void {
    /* pushed as it comes */
  }
  override _write(part: Buffer, _: string, next: () => void): void {
    this.#socket.write(this.bare ? part : packets(0x12, part));
    next();
  }
  override _writev(parts: { chunk: Buffer }[], next: () => void): void {
    this._write(Buffer.concat(parts.map((p) => p.chunk)), "", next);
  }
  override _destroy(e: Error | null, next: (e: Error | null) => void): void {
    this.#socket.destroySoon();
    next(e);
  }
}
export type TdsOptions = {
  readonly certificate: Certificate;
  readonly answers: Answers;
  /** What it says of encryption. */ readonly encryption?: number;
  readonly heard?: (type: number, body: Buffer) => void;
  /** In the place of every answer under TLS: these bytes as they are, and it hangs up. Undefined: it answers as it does. */
  readonly instead?: (type: number) => readonly Buffer[] | undefined;
};
export type TdsServer = { readonly host: string; readonly port: number; start(): Promise<void>; stop(): Promise<void> };

const serve = (socket: Socket, o: TdsOptions): void => {
  const { answers } = o,
    way = new Wrapped(socket),
    encryption = o.encryption ?? 1;
  let user: string | null = null,
    secure: TLSSocket | null = null,
    shaken = false;
  const say = (body: Buffer): void => {
    secure!.write(packets(0x04, body));
  };
  const take = (type: number, body: Buffer): void => {
    o.heard?.(type, body);
    const instead = o.instead?.(type);
    if (instead !== undefined) {
      for (const part of instead) secure!.write(part);
      secure!.end();
      return;
    }
    if (type === 0x10) {
      const l = loginOf(body),
        no = answers.login(l.user, l.password);
      if (no !== null && "error" in no) {
        say(failure(no));
        secure!.end();
        return;
      }
      user = l.user;
      return say(no === null ? WELCOME() : Buffer.concat([routed(no.route), WELCOME()]));
    }
    if (type !== 0x01 || user === null) return type === 0x06 ? say(done(0x20)) : void socket.destroy();
    const sql = body.subarray(body.readUInt32LE(0)).toString("utf16le"),
      r = /^\s*set /i.test(sql) ? null : answers.batch(user, sql);
    say(r === null ? done(0) : "error" in r ? failure(r) : table(r));
  };
  const clear = reader((type, body) => {
    if (type !== 0x12 || secure !== null) return way.give(body);
    o.heard?.(type, body);
    socket.write(packets(0x04, PRELOGIN(encryption)));
    if (encryption !== 1 && encryption !== 3) return;
    secure = new TLSSocket(way, {
      isServer: true,
      secureContext: createSecureContext({ cert: o.certificate.crt, key: o.certificate.key, maxVersion: "TLSv1.2" }),
    });
    secure
      .on("error", () => undefined)
      .on("data", reader(take))
      .once("secure", () => {
        shaken = true;
      })
      // Not before what was said last has left: a refusal would be lost.
      .once("close", () => socket.destroySoon());
  });
  way.on("error", () => undefined);
  // The last flight of the handshake is the server's, and still in a packet; what comes after it is bare.
  socket
    .on("error", () => undefined)
    .on("data", (part: Buffer) => {
      way.bare ||= shaken;
      if (way.bare) way.give(part);
      else clear(part);
    });
};
export const tdsServer = async (o: TdsOptions): Promise<TdsServer> => {
  const open = new Set<Socket>(),
    server = createServer((s) => {
      open.add(s);
      s.once("close", () => open.delete(s));
      serve(s, o);
    });
  let port = 0;
  const start = (): Promise<void> =>
    new Promise((up) => {
      server.listen(port, "127.0.0.1", () => {
        ({ port } = server.address() as AddressInfo);
        up();
      });
    });
  const stop = (): Promise<void> =>
    new Promise((down) => {
      for (const s of open) s.destroy();
      server.close(() => down());
    });
  await start();
  return {
    host: "127.0.0.1",
    get port() {
      return port;
    },
    start,
    stop,
  };
};
