/**
 * One login at an Oracle Database, by oracledb in thin mode. Rules: the only importer of oracledb, which is loaded at use and need not be there; the
 * driver dials nothing: its transport is handed the Link's stream, and TLS by wires/tls.ts, at the beginning and where a listener hands on to a
 * server process; whatever leads elsewhere (a redirect) is not followed.
 *
 * Two methods of the driver's transport are put in the place of its own (pinned exactly; a version without them is refused). Each login names an
 * address nobody has, by which the transport finds its way; it counts once.
 */
import type { Duplex } from "node:stream";
import type { Connection } from "oracledb";
import type { Random } from "../kernel/clock.ts";
import type { Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";
import { times } from "../kernel/times.ts";
import { caged } from "./cage.ts";
import { DriverMissing, lacking, loaded } from "./drivers.ts";
import { failureOf, OracleFailure } from "./oracle-failure.ts";
import { secure, type Trust } from "./tls.ts";

export { OracleFailure, WRONG } from "./oracle-failure.ts";

type Driver = {
  readonly oracledb: (typeof import("oracledb"))["default"];
  readonly transport: (typeof import("oracledb/lib/thin/sqlnet/ntTcp.js"))["default"];
};
export type LoadOracle = () => Promise<Driver>;
const ours: LoadOracle = () =>
  loaded("oracledb", async () => ({
    oracledb: (await import("oracledb")).default,
    transport: (await import("oracledb/lib/thin/sqlnet/ntTcp.js")).default,
  }));
export const oracleLacks = (): string | undefined => lacking("oracledb");

export type OracleLogin = {
  readonly link: Link;
  readonly service: string;
  readonly user: string;
  readonly secret: Secret;
  readonly trust: Trust;
  readonly random: Random;
  readonly signal: AbortSignal;
};
export type OracleSession = {
  /** What the server proved itself by. */
  readonly proof: string;
  rows<R>(sql: string, binds?: Readonly<Record<string, string>>): Promise<R[]>;
  run(sql: string): Promise<void>;
  /** By the protocol's own way, without a statement. */
  changeOwn(user: string, from: Secret, to: Secret): Promise<void>;
  end(): void;
};

/** A login under way: how its transport is made. */
type Way = { dial(): Promise<Duplex>; tls(raw: Duplex): Promise<Duplex> };
const unused = new Map<string, Way>(),
  ways = new WeakMap<object, Way>(),
  ready = new WeakSet<object>();
const ELSEWHERE = "the listener leads to another address: name that one as the target";

const prepared = ({ transport }: Driver): void => {
  if (ready.has(transport)) return;
  const p = transport.prototype;
  if ([p.ntConnect, p.tlsConnect, p.renegTLS].some((f) => typeof f !== "function"))
    throw new DriverMissing("this version of oracledb is another one than was tried");
  p.ntConnect = async function ({ host }) {
    const way = unused.get(host);
    if (way === undefined) throw new OracleFailure("closed", ELSEWHERE);
    unused.delete(host);
    ways.set(this, way);
    this.stream = await way.dial();
    this.connected = true;
  };
  p.tlsConnect = async function (_context, raw) {
    // An error of it that comes late is nobody's, and must not end the broker.
    this.stream.removeAllListeners().on("error", () => undefined);
    this.stream = await ways.get(this)!.tls(raw);
    this.connStream = raw;
  };
  // It would print what is sent.
  p.printPacket = () => undefined;
  ready.add(transport);
};
/** fd00::/8, at random: nobody's, and no name to look up. */
const nobodys = (random: Random): string => `fd00:${Buffer.from(random.bytes(14)).toString("hex").match(/.{4}/g)!.join(":")}`;
const descriptor = (host: string, service: string): string =>
  `(DESCRIPTION=(RETRY_COUNT=0)(ADDRESS=(PROTOCOL=TCPS)(HOST=${host})(PORT=1))(CONNECT_DATA=(SERVICE_NAME=${service})))`;

const session = (c: Connection, { oracledb }: Driver, proof: string, raw: Duplex): OracleSession => {
  const asked = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (e) {
      throw failureOf(e, false);
    }
  };
  const run = (sql: string, binds: Readonly<Record<string, string>>) =>
    asked(() => c.execute(sql, binds, { outFormat: oracledb.OUT_FORMAT_OBJECT, maxRows: 0, autoCommit: true }));
  return {
    proof,
    rows: async <R>(sql: string, binds = {}) => ((await run(sql, binds)).rows ?? []) as R[],
    run: async (sql) => {
      await run(sql, {});
    },
    changeOwn: (user, from, to) => asked(() => c.changePassword(user, reveal(from), reveal(to))),
    end: () => {
      void c
        .close()
        .catch(() => undefined)
        .finally(() => raw.destroy());
      setTimeout(() => raw.destroy(), times().cutoff).unref();
    },
  };
};

/** One that comes after its time is nobody's. */
const loggedIn = (driver: Driver, o: OracleLogin, host: string, within: AbortSignal): Promise<Connection> => {
  const login = driver.oracledb.getConnection({ user: o.user, password: reveal(o.secret), connectString: descriptor(host, o.service) });
  login.then(
    (c) => {
      if (within.aborted) void c.close().catch(() => undefined);
    },
    () => undefined,
  );
  return login;
};
/** Rejects with OracleFailure; the stream is destroyed then. Aborting ends it, now and later. */
export const connectOracle = async (o: OracleLogin, load: LoadOracle = ours): Promise<OracleSession> => {
  const within = AbortSignal.any([o.signal, AbortSignal.timeout(times().targetDial)]),
    host = nobodys(o.random),
    { promise: late, reject: tooLate } = Promise.withResolvers<never>();
  let raw: Duplex | undefined,
    proof = "",
    why: OracleFailure | undefined;
  const cut = (): void => {
    why ??= new OracleFailure("unreachable", "the server did not answer in time");
    raw?.destroy();
    tooLate(why);
  };
  const keep = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (e) {
      throw (why ??= failureOf(e, true));
    }
  };
  const inCage = <S extends Duplex>(stream: S): S => caged(stream, { broke: () => (why ??= new OracleFailure("unreachable", "what it says is not Oracle's protocol")) });
  late.catch(() => undefined);
  within.addEventListener("abort", cut, { once: true });
  unused.set(host, {
    dial: () => keep(async () => (raw = inCage(await o.link.connect(within)))),
    tls: (below) =>
      keep(async () => {
        const s = await secure(below, o.trust, o.link.address.host, within);
        proof = s.fingerprint;
        return inCage(s.stream);
      }),
  });
  try {
    const driver = await load();
    prepared(driver);
    const c = await Promise.race([loggedIn(driver, o, host, within), late]);
    const s = session(c, driver, proof, raw!),
      later = (): void => {
        raw!.destroy();
      };
    o.signal.addEventListener("abort", later, { once: true });
    raw!.once("close", () => o.signal.removeEventListener("abort", later));
    return s;
  } catch (e) {
    raw?.destroy();
    throw why ?? failureOf(e, true);
  } finally {
    unused.delete(host);
    within.removeEventListener("abort", cut);
  }
};
