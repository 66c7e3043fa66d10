/** One database, two engines. Rule: a write needs a Tx, only `transaction` hands one out, and no network I/O happens inside. */
import { drizzle as drizzlePg } from "drizzle-orm/node-postgres";
import { migrate as migratePg } from "drizzle-orm/node-postgres/migrator";
import { drizzle as drizzleLite } from "drizzle-orm/pglite";
import { migrate as migrateLite } from "drizzle-orm/pglite/migrator";
import { sql } from "drizzle-orm";
import type { PgDatabase, PgQueryResultHKT, PgTransactionConfig } from "drizzle-orm/pg-core";
import { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import { Away, Fault } from "../kernel/fault.ts";
import * as schema from "./schema.ts";

export type Query = PgDatabase<PgQueryResultHKT, typeof schema>;
declare const brand: unique symbol;
/** A read-only view: anybody may ask. */
export type Reader = { readonly q: Query };
/** Spent by `save` and `append`; `now` is the database's clock at the start of the transaction. What `onCommit` returns is awaited before the caller goes on. */
export type Tx = Reader & { readonly [brand]: true; readonly now: Date; onCommit(fn: () => void | Promise<void>): void };

export type Engine = "postgresql" | "pglite";
export type Db = Reader & {
  readonly engine: Engine;
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Everything read in one repeatable-read snapshot. */
  snapshot<T>(work: (db: Reader) => Promise<T>): Promise<T>;
  migrate(folder: string): Promise<void>;
  close(): Promise<void>;
};

/** A broker that was stopped in the middle of a transaction must not keep its rows from whoever takes over: nothing of ours waits inside one. */
const SET_UP = { max: 12, idleTimeoutMillis: 30_000, connectionTimeoutMillis: 5_000, idle_in_transaction_session_timeout: 15_000 };

/** No socket, a socket that broke, or a server that is starting or stopping. */
const GONE = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|57P0|25P03|08)/, BROKEN = /^Connection terminated|^timeout exceeded when trying|not queryable$/;
const gone = (e: unknown): string | null => {
  for (let x = e, i = 0; x instanceof Error && i < 5; x = x.cause, i++) {
    const code = String((x as { code?: unknown }).code);
    if (GONE.test(code) || BROKEN.test(x.message)) return GONE.test(code) ? code : "broken";
  }
  return null;
};

/** What of a driver's error may travel: its code and constraint. Never the query or its parameters. */
export const tidy = (e: unknown): unknown => {
  if (e instanceof Fault || e instanceof Away) return e;
  const why = gone(e);
  if (why !== null) return new Away(`database: the connection failed (${why})`, { cause: slimmed(e) });
  return slimmed(e);
};
const slimmed = (e: unknown): unknown => {
  const cause = pgError(e);
  if (cause) {
    const slim = new Error(`database: ${cause.code ?? "?"}${cause.constraint ? ` ${cause.constraint}` : ""} ${cause.code?.startsWith("LS") ? cause.message : ""}`.trim());
    return Object.assign(slim, { code: cause.code, constraint: cause.constraint });
  }
  if (e instanceof Error && /^Failed query/.test(e.message)) return new Error("database: query failed", { cause: tidy(e.cause) });
  return e;
};
type PgError = { code?: string; constraint?: string; message?: string };
const pgError = (e: unknown): PgError | null => {
  for (let x = e, i = 0; x instanceof Error && i < 4; x = x.cause, i++) if ("severity" in x || ("code" in x && /^[0-9A-Z]{5}$/.test(String(x.code)))) return x as PgError;
  return null;
};
/** The name of the violated constraint or index, if that is what went wrong. */
export const violated = (e: unknown): string | null => (pgError(e)?.constraint ?? null);

/** Readers ask outside a transaction; their errors carry no parameters either. The one place that reaches into a drizzle session. */
const tidied = (q: Query): Query => {
  const session = (q as unknown as { session: { prepareQuery(...a: unknown[]): { execute(...a: unknown[]): Promise<unknown> } } }).session, make = session.prepareQuery.bind(session);
  session.prepareQuery = (...a) => {
    const prepared = make(...a), execute = prepared.execute.bind(prepared);
    prepared.execute = (...b) => execute(...b).catch((e: unknown) => { throw tidy(e); });
    return prepared;
  };
  return q;
};

type Begin = <T>(work: (t: Query) => Promise<T>, config?: PgTransactionConfig) => Promise<T>;
type Parts = { readonly engine: Engine; readonly q: Query; readonly begin: Begin; migrate(folder: string): Promise<void>; close(): Promise<void> };
const wrap = ({ engine, q, begin, migrate, close }: Parts): Db => ({
  engine, q: tidied(q), close,
  migrate: (folder) => migrate(folder).catch((e: unknown) => { throw tidy(e); }),
  snapshot: (work) => begin((t) => work({ q: t }), { isolationLevel: "repeatable read" }).catch((e: unknown) => { throw tidy(e); }),
  async transaction(work) {
    const after: (() => void | Promise<void>)[] = [];
    let result;
    try {
      result = await begin(async (t) => {
        const rows = await t.execute(sql`select now() as now`) as unknown as { rows: { now: string | Date }[] };
        const tx = { q: t, now: new Date(rows.rows[0]!.now), onCommit: (fn: () => void | Promise<void>) => void after.push(fn) } as Tx;
        return work(tx);
      });
    } catch (e) { throw tidy(e); }
    for (const fn of after) await fn();
    return result;
  },
});

/**
 * A client of the pool for one transaction. drizzle, given the pool, never gives a client back whose BEGIN failed: twelve lost connections and
 * nobody gets one any more. So it is lent and given back here.
 */
const lending = (pool: pg.Pool): Begin => {
  const known = new WeakMap<pg.PoolClient, Query>();
  return async (work, config) => {
    const client = await pool.connect();
    try {
      const q = known.get(client) ?? drizzlePg(client, { schema }) as unknown as Query;
      known.set(client, q);
      return await q.transaction((t) => work(t as unknown as Query), config);
    } finally { client.release(); }
  };
};

export const openPostgres = (url: string, log: (message: string) => void = () => {}): Db => {
  const pool = new pg.Pool({ connectionString: url, ...SET_UP });
  // A client that is lent out has nobody listening between two queries: without this its loss would end the process.
  pool.on("connect", (client) => { client.on("error", () => {}); });
  pool.on("error", (e) => log(`database connection lost: ${e.message}`));
  const q = drizzlePg(pool, { schema });
  return wrap({ engine: "postgresql", q: q as unknown as Query, begin: lending(pool), migrate: (migrationsFolder) => migratePg(q, { migrationsFolder }), close: () => pool.end() });
};

/** `dir` undefined = in memory. The caller holds the directory's lock (lock.ts) before opening it. */
export const openEmbedded = async (dir?: string, from?: Blob): Promise<Db> => {
  const lite = await PGlite.create({ ...(dir === undefined ? {} : { dataDir: dir }), ...(from ? { loadDataDir: from } : {}) });
  const q = drizzleLite(lite, { schema });
  const begin: Begin = (work, config) => q.transaction((t) => work(t as unknown as Query), config);
  return wrap({ engine: "pglite", q: q as unknown as Query, begin, migrate: (migrationsFolder) => migrateLite(q, { migrationsFolder }), close: () => lite.close() });
};
export { PGlite };
