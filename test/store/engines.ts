/** The two databases the broker runs on, migrated, for tests. Rule: a suite runs on both; only what needs several connections runs on PostgreSQL alone. */
import { existsSync, openAsBlob } from "node:fs";
import { join } from "node:path";
import { openEmbedded, openPostgres, type Db } from "../../src/store/db.ts";
import { migrated } from "./migrated.ts";
import { binaries, postgresCluster, prepare, type PostgresCluster } from "../lab/postgres.ts";
import { must } from "../lab/run.ts";

export const DRIZZLE = join(import.meta.dirname, "../../drizzle");

export const embedded = async (): Promise<Db> => openEmbedded(undefined, await openAsBlob(await migrated()));

export type Cluster = AsyncDisposable & { /** URL of a fresh migrated database; open as many Dbs on it as there are connections wanted. */ fresh(): Promise<string>; readonly lab: PostgresCluster; destroy(): Promise<void> };
const TEMPLATE = "migrated";
/** A cluster with one migrated database, made once per set of migrations. */
const prepared = async (): Promise<string> => {
  const to = `${(await migrated()).slice(0, -".tar".length)}-${(await must(join(binaries(), "postgres"), ["--version"])).replace(/[^0-9.]+/g, "-")}postgresql`;
  if (!existsSync(to)) await prepare(to, async (lab) => {
    const db = openPostgres(await lab.database(TEMPLATE));
    try { await db.migrate(DRIZZLE); } finally { await db.close(); }
  });
  return to;
};
/** A private cluster with one migrated template; copies of it cost some 50 ms. */
export const cluster = async (): Promise<Cluster> => {
  const lab = await postgresCluster({ from: await prepared() });
  return { lab, fresh: () => lab.database(undefined, TEMPLATE), destroy: () => lab.destroy(), [Symbol.asyncDispose]: () => lab.destroy() };
};

export type Opened = { readonly db: Db; close(): Promise<void> };
/** For `describe.each(ENGINES)`. */
export const ENGINES = [
  { engine: "pglite", open: async (): Promise<Opened> => { const db = await embedded(); return { db, close: () => db.close() }; } },
  { engine: "postgresql", open: async (): Promise<Opened> => {
    const c = await cluster(), db = openPostgres(await c.fresh());
    return { db, close: async () => { await db.close(); await c.destroy(); } };
  } },
] as const;
