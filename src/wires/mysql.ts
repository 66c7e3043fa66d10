/**
 * One login at a MySQL or MariaDB server, by mysql2. Rules: the only importer of mysql2; TLS is made by wires/tls.ts on the Link's own stream,
 * and what was said before it counts for nothing: neither a refusal, nor a welcome, nor the challenge a password is answered with.
 *
 * The greeting comes in the clear, so a man in the middle may change it. We therefore name an authentication nobody has (NOBODYS): the server
 * asks again under TLS, with its challenge in it, and a server that lets us in without having asked proves nothing.
 */
import type { Duplex } from "node:stream";
import mysql from "mysql2";
import type { AuthPlugin, Connection, ResultSetHeader } from "mysql2";
import type { Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";
import { times } from "../kernel/times.ts";
import type { Trust } from "./tls.ts";
import { caged } from "./cage.ts";
import { CUT } from "./numbered-failure.ts";
import { failureOf, MysqlFailure, saidOf, trusted, type Seen, type Told } from "./mysql-failure.ts";
import { secure } from "./tls.ts";
import { isLoopback, PLAIN_ELSEWHERE } from "./trust.ts";

export { MysqlFailure, REFUSED } from "./mysql-failure.ts";

export type MysqlServer = { readonly mariadb: boolean; readonly version: readonly [number, number, number] };
export type MysqlSession = {
  /** What the server proved itself by; null over a plain connection. */
  readonly proof: string | null;
  readonly server: MysqlServer;
  rows<R>(statement: string): Promise<R[]>;
  /** How many rows, or connections, it touched. */
  run(statement: string): Promise<number>;
  end(): void;
};
export type MysqlLogin = {
  readonly link: Link;
  readonly user: string;
  readonly secret: Secret;
  readonly trust: Trust | null;
  readonly signal: AbortSignal;
};

const NOBODYS = "lockstep_asks_first";
const UNASKED = "the server let us in without asking for a password, so a login proves nothing";
const ONLY_CHALLENGE = "over a plain connection a password answers a challenge and nothing else, and the server asked for the password itself";
/** caching_sha2_password: "I do not remember you, send it whole." */
const WHOLE = Buffer.from([4]);

const known =
  (build: AuthPlugin, seen: Seen, trust: Trust | null, plainToo: boolean): AuthPlugin =>
  (meta) => {
    const answer = build(meta);
    return (data) => {
      if (trust !== null && seen.proof === null) throw new Error("asked before TLS");
      if (trust === null && (!plainToo || WHOLE.equals(data))) {
        seen.failure ??= new MysqlFailure("identity", ONLY_CHALLENGE);
        throw new Error(ONLY_CHALLENGE);
      }
      seen.asked = true;
      return answer(data);
    };
  };
const plugins = (seen: Seen, trust: Trust | null): Record<string, AuthPlugin> => ({
  mysql_native_password: known(mysql.authPlugins.mysql_native_password({}), seen, trust, true),
  caching_sha2_password: known(mysql.authPlugins.caching_sha2_password({}), seen, trust, true),
  sha256_password: known(mysql.authPlugins.sha256_password({}), seen, trust, false),
});

/** Of mysql2's own: what is put in its place. A version that renames one of them fails every test of this kind. */
type Inside = Connection & {
  stream: Duplex;
  packetParser: { execute(part: Buffer): void };
  write(part: Buffer): void;
  startTLS(done: (error?: Error) => void): void;
  _handshakePacket: { serverVersion: string };
  _handleNetworkError(error: Error): void;
  _command: {
    handshake: { authPluginName: string };
    sendCredentials(on: unknown): void;
    canUseAuthMethodDirectly(): boolean;
    calculateAuthToken(): Buffer;
    initializeAuthPlugin(): void;
  };
};
/** mysql2 reads in `data` listeners, and catches only what a command throws: a packet that no command waits for ended the process. */
const inCage = (stream: Duplex, seen: Seen): Duplex =>
  caged(stream, { broke: () => (seen.failure ??= new MysqlFailure("unreachable", "what it says is not MySQL's protocol")) });
const askFirst = (inside: Inside): void => {
  const hello = inside._command,
    send = hello.sendCredentials.bind(hello);
  hello.canUseAuthMethodDirectly = () => true;
  hello.calculateAuthToken = () => Buffer.alloc(0);
  hello.initializeAuthPlugin = () => undefined;
  hello.sendCredentials = (on) => {
    hello.handshake.authPluginName = NOBODYS;
    send(on);
  };
};
const ourTls = (inside: Inside, trust: Trust, host: string, signal: AbortSignal, seen: Seen): void => {
  inside.startTLS = (done) => {
    const raw = inside.stream;
    raw.removeAllListeners("data");
    secure(raw, trust, host, signal).then(
      ({ stream, fingerprint }) => {
        seen.proof = fingerprint;
        inside.stream = stream;
        inCage(stream, seen)
          .on("data", (part: Buffer) => inside.packetParser.execute(part))
          .on("error", (e) => inside._handleNetworkError(e))
          .on("close", () => raw.destroy());
        done();
      },
      (e: unknown) => {
        seen.failure = failureOf(e);
        done(new Error("no TLS"));
      },
    );
  };
};

const clientOn = (stream: Duplex, o: MysqlLogin, within: AbortSignal, seen: Seen): Inside => {
  const inside = mysql.createConnection({
    user: o.user,
    password: reveal(o.secret),
    host: o.link.address.host,
    port: o.link.address.port,
    stream: () => inCage(stream, seen),
    charset: "utf8mb4",
    flags: ["-LOCAL_FILES"],
    authPlugins: plugins(seen, o.trust),
    connectTimeout: 0,
    multipleStatements: false,
    connectAttributes: { program_name: "lockstep" },
    supportBigNumbers: true,
    bigNumberStrings: true,
    ...(o.trust === null ? {} : { ssl: {} }),
  } as mysql.ConnectionOptions) as Inside;
  inside.on("error", () => undefined);
  askFirst(inside);
  if (o.trust !== null) ourTls(inside, o.trust, o.link.address.host, within, seen);
  return inside;
};
const welcomed = (inside: Inside): Promise<void> =>
  new Promise((resolve, reject) => {
    inside
      .once("connect", () => resolve())
      .once("error", (e) => reject(e))
      .once("end", () => reject(new Error("ended")));
  });
/** Longer than any. */
const VERSION = 128;
/** It comes in the greeting, before the server is known. */
export const versionOf = (said: string): MysqlServer => {
  const text = said.slice(0, VERSION);
  const [, a = "0", b = "0", c = "0"] = /(?:^5\.5\.5-)?(\d+)\.(\d+)\.(\d+)/.exec(text.replace(/^5\.5\.5-(?=\d)/, "")) ?? [];
  return { mariadb: /mariadb/i.test(text), version: [Number(a), Number(b), Number(c)] };
};

const session = (inside: Inside, seen: Seen, server: MysqlServer): MysqlSession => {
  const ask = (statement: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      inside.query(statement, (error, result) => {
        const e = error as Told | null;
        if (e === null) resolve(result);
        else reject(e.sqlMessage === undefined ? new MysqlFailure("closed", CUT) : saidOf(e, false));
      });
    });
  return {
    proof: seen.proof,
    server,
    rows: async <R>(statement: string) => (await ask(statement)) as R[],
    run: async (statement) => ((await ask(statement)) as ResultSetHeader).affectedRows,
    end: () => {
      inside.end(() => undefined);
      setTimeout(() => inside.destroy(), times().cutoff).unref();
    },
  };
};

/** Rejects with MysqlFailure; the stream is destroyed then. Aborting ends it, now and later. */
export const connectMysql = async (o: MysqlLogin): Promise<MysqlSession> => {
  if (o.trust === null && !isLoopback(o.link.address)) throw new MysqlFailure("identity", PLAIN_ELSEWHERE);
  const within = AbortSignal.any([o.signal, AbortSignal.timeout(times().targetDial)]),
    seen: Seen = { asked: false, proof: null, failure: null };
  let inside: Inside | undefined, raw: Duplex | undefined;
  const cut = (): void => {
    seen.failure ??= new MysqlFailure("unreachable", "the server did not answer in time");
    inside?.stream.destroy(seen.failure);
    raw?.destroy();
  };
  try {
    raw = await o.link.connect(within);
    within.addEventListener("abort", cut, { once: true });
    inside = clientOn(raw, o, within, seen);
    await welcomed(inside);
    if (!seen.asked || (o.trust !== null && seen.proof === null)) throw new MysqlFailure("auth", UNASKED);
    if (o.signal.aborted) throw new MysqlFailure("unreachable", "the server did not answer in time");
    o.signal.addEventListener("abort", cut, { once: true });
    inside.once("end", () => o.signal.removeEventListener("abort", cut));
    return session(inside, seen, versionOf(inside._handshakePacket.serverVersion));
  } catch (e) {
    inside?.destroy();
    raw?.destroy();
    throw trusted(seen.failure ?? failureOf(e), o.trust, seen);
  } finally {
    within.removeEventListener("abort", cut);
  }
};
/** Fetches the certificate, without a name or a password; null: the server offers no TLS. */
export const mysqlIdentity = async (link: Link, signal: AbortSignal): Promise<string | null> => {
  const raw = await link.connect(signal),
    seen: Seen = { asked: false, proof: null, failure: null };
  const inside = mysql.createConnection({ user: "", host: link.address.host, stream: () => inCage(raw, seen), ssl: {}, connectTimeout: 0 }) as Inside;
  const cut = (): void => {
    raw.destroy();
  };
  signal.addEventListener("abort", cut, { once: true });
  inside.on("error", () => undefined);
  ourTls(inside, "whoever", link.address.host, signal, seen);
  inside._command.sendCredentials = () => {
    inside.destroy();
    inside.emit("end");
  };
  try {
    await welcomed(inside).catch((e: unknown) => {
      if ((e as Told).code === "HANDSHAKE_NO_SSL_SUPPORT") return;
      if (seen.proof === null) throw seen.failure ?? failureOf(e);
    });
    return seen.proof;
  } finally {
    signal.removeEventListener("abort", cut);
    inside.destroy();
    raw.destroy();
  }
};
