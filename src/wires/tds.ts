/**
 * One login at a SQL Server, by tedious. Rules: the only importer of tedious, which is loaded at use and need not be there; TLS is ours
 * (tds-tls.ts), on the Link's own stream; whatever leads elsewhere (a routing, a second try) is not followed. tedious' errors are not kept: a
 * statement may hold a password.
 */
import type { Duplex } from "node:stream";
import type { Connection } from "tedious";
import type { Link } from "../kernel/link.ts";
import { reveal } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";
import { times } from "../kernel/times.ts";
import { caged } from "./cage.ts";
import { lacking, loaded } from "./drivers.ts";
import { CUT } from "./numbered-failure.ts";
import { failureOf, refusedLogin, TdsFailure } from "./tds-failure.ts";
import { greeted, tdsTls, type Begun } from "./tds-tls.ts";
import type { Trust } from "./tls.ts";

export { TdsFailure, WRONG } from "./tds-failure.ts";

export type TdsSession = {
  /** What the server proved itself by. */
  readonly proof: string;
  rows<R>(statement: string): Promise<R[]>;
  run(statement: string): Promise<void>;
  end(): void;
};
type Tedious = Pick<typeof import("tedious"), "Connection" | "Request">;
export type LoadTedious = () => Promise<Tedious>;
export type TdsLogin = { readonly link: Link; readonly user: string; readonly secret: Secret; readonly trust: Trust; readonly signal: AbortSignal };
/** Why there is no way to log in from here; undefined: there is. */
export const tdsLacks = (): string | undefined => lacking("tedious");

const NO_ANSWER = "the server did not answer in time",
  ELSEWHERE = "the server leads to another one: name that one as the target";
const ours = async (): Promise<Tedious> => loaded("tedious", () => import("tedious"));

/** `hand`: the stream, once. */
const connectionOn = ({ Connection: C }: Tedious, o: TdsLogin, hand: () => Promise<Duplex>): Connection =>
  new C({
    server: o.link.address.host,
    authentication: { type: "default", options: { userName: o.user, password: reveal(o.secret) } },
    options: {
      connector: hand,
      port: o.link.address.port,
      encrypt: false,
      database: "master",
      appName: "lockstep",
      workstationId: "lockstep",
      tdsVersion: "7_4",
      connectTimeout: times().targetDial,
      requestTimeout: 0,
      cancelTimeout: times().cutoff,
      maxRetriesOnTransientErrors: 0,
      rowCollectionOnRequestCompletion: true,
    },
  });
type Heard = { number: number; message: string }[];
const welcomed = (c: Connection, heard: Heard, led: () => void): Promise<void> =>
  new Promise((resolve, reject) => {
    // One that is closed under way says "end" and nothing else.
    c.once("end", () => reject(refusedLogin(heard)));
    c.on("errorMessage", (e: { number: number; message: string }) => heard.push({ number: e.number, message: e.message })).on("rerouting", () => {
      led();
      c.close();
    });
    c.connect((e) => {
      if (e) reject(refusedLogin(heard));
      else resolve();
    });
  });

const session = ({ Request }: Tedious, c: Connection, proof: string, stream: Duplex): TdsSession => {
  const ask = <R>(statement: string): Promise<R[]> =>
    new Promise((resolve, reject) => {
      c.execSqlBatch(
        new Request(statement, (e, _count, rows) => {
          if (!e) return resolve(rows.map((row) => Object.fromEntries(row.map(({ metadata, value }) => [metadata.colName, value])) as R));
          reject(
            e.number === undefined
              ? new TdsFailure("closed", CUT)
              : new TdsFailure("said", e.message, e.number),
          );
        }),
      );
    });
  return {
    proof,
    rows: ask,
    run: async (statement) => {
      await ask(statement);
    },
    end: () => {
      c.close();
      stream.destroy();
    },
  };
};

/** Rejects with TdsFailure; the stream is destroyed then. Aborting ends it, now and later. */
export const connectTds = async (o: TdsLogin, load: LoadTedious = ours): Promise<TdsSession> => {
  const within = AbortSignal.any([o.signal, AbortSignal.timeout(times().targetDial)]);
  let raw: Duplex | undefined, c: Connection | undefined, begun: Begun | undefined, why: TdsFailure | undefined;
  const cut = (): void => {
    why ??= new TdsFailure("unreachable", NO_ANSWER);
    raw?.destroy();
    c?.close();
  };
  within.addEventListener("abort", cut, { once: true });
  try {
    const tedious = await load(),
      heard: Heard = [];
    raw = await o.link.connect(within);
    begun = await tdsTls(raw, o.trust, o.link.address.host, within);
    let handed = false;
    const once = caged(greeted(begun), { broke: () => (why ??= new TdsFailure("unreachable", "what it says is not SQL Server's protocol")) }),
      hand = (): Promise<Duplex> => {
        if (handed) return Promise.reject((why ??= new TdsFailure("unreachable", ELSEWHERE)));
        handed = true;
        return Promise.resolve(once);
      };
    c = connectionOn(tedious, o, hand);
    c.on("error", () => undefined);
    await welcomed(c, heard, () => {
      why ??= new TdsFailure("unreachable", ELSEWHERE);
    });
    if (within.aborted) throw new TdsFailure("unreachable", NO_ANSWER);
    const s = session(tedious, c, begun.fingerprint, raw),
      later = (): void => s.end();
    o.signal.addEventListener("abort", later, { once: true });
    c.once("end", () => o.signal.removeEventListener("abort", later));
    return s;
  } catch (e) {
    c?.close();
    raw?.destroy();
    throw why ?? failureOf(e);
  } finally {
    within.removeEventListener("abort", cut);
  }
};
/** Fetches the certificate, without a name or a password, and without the driver. */
export const tdsIdentity = async (link: Link, signal: AbortSignal): Promise<string> => {
  const raw = await link.connect(signal);
  try {
    return (await tdsTls(raw, "whoever", link.address.host, signal)).fingerprint;
  } catch (e) {
    throw failureOf(e);
  } finally {
    raw.destroy();
  }
};
