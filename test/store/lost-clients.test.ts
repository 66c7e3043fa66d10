/** A database that dies again and again under a busy pool. Rule: no client stays lent out, so the broker that lives through it works on, and ends when told. */
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { openPostgres } from "../../src/store/db.ts";
import { postgresCluster } from "../lab/postgres.ts";

const within = async <T>(ms: number, what: string, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new Error(`not in ${ms} ms: ${what}`)), ms); });
  try { return await Promise.race([work, late]); } finally { clearTimeout(timer); }
};

test("killed three times under twelve busy writers, the database is usable again, and the pool closes", { timeout: 120_000 }, async () => {
  await using cluster = await postgresCluster({ fsync: true });
  const db = openPostgres(await cluster.database("busy"));
  let going = true, failed = 0;
  const writers = Array.from({ length: 12 }, async () => { while (going) await db.transaction((tx) => tx.q.execute(sql`select 1`)).catch(() => { failed += 1; return new Promise((r) => { setTimeout(r, 5); }); }); });
  for (let i = 0; i < 3; i++) {
    await new Promise((r) => { setTimeout(r, 150); });
    await cluster.crash();
    await cluster.start();
  }
  going = false;
  await within(30_000, "the writers end", Promise.all(writers));
  expect(failed, "the kills were felt").toBeGreaterThan(12);
  await within(10_000, "twelve at once", Promise.all(Array.from({ length: 12 }, () => db.transaction((tx) => tx.q.execute(sql`select 1`)))));
  await within(10_000, "the pool closes", db.close());
});
