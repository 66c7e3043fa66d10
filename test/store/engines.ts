/** The two databases the broker runs on, migrated, for tests. Rule: a suite runs on both; only what needs several connections runs on PostgreSQL alone. */
import { randomBytes } from "node:crypto";
import { openAsBlob } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import { openEmbedded, openPostgres, type Db } from "../../src/store/db.ts";
import { postgresCluster, type PostgresCluster } from "../lab/postgres.ts";

export const DRIZZLE = join(import.meta.dirname, "../../drizzle");

export const embedded = async (): Promise<Db> => openEmbedded(undefined, await openAsBlob(inject("migrated")));

export type Cluster = AsyncDisposable & { /** URL of a fresh migrated database; open as many Dbs on it as there are connections wanted. */ fresh(): Promise<string>; readonly lab: PostgresCluster; destroy(): Promise<void> };
/** A private cluster with one migrated template; copies of it cost some 50 ms. */
export const cluster = async (): Promise<Cluster> => {
  const lab = await postgresCluster(), template = `template_${randomBytes(4).toString("hex")}`;
  const db = openPostgres(await lab.database(template));
  try { await db.migrate(DRIZZLE); } finally { await db.close(); }
  return { lab, fresh: () => lab.database(undefined, template), destroy: () => lab.destroy(), [Symbol.asyncDispose]: () => lab.destroy() };
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
