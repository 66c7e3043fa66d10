/** Every row out and in again, engine-independent. Rule: out in one snapshot; in as one transaction into an empty database, laws and all. */
import { getTableColumns, getTableName, sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import { Fault } from "../kernel/fault.ts";
import type { Db, Tx } from "./db.ts";
import * as s from "./schema.ts";

/** In the order in which rows may refer to one another. Logins and remembered replies are not kept: nobody should be logged in by a restore. */
const TABLES: readonly PgTable[] = [s.meta, s.keyring, s.people, s.groups, s.groupMembers, s.sshKeys, s.tokens, s.targets, s.accounts, s.versions, s.policies, s.changes, s.requests, s.votes, s.sessions, s.recordings, s.rotations, s.adminUses, s.closures, s.exposures, s.events];
const GUARDED = ["requests", "sessions", "rotations", "accounts", "events"];
const PAGE = 500;

type Plain = Record<string, unknown>;
const out = (v: unknown): unknown => (v instanceof Date ? { $date: v.toISOString() } : Buffer.isBuffer(v) || v instanceof Uint8Array ? { $bytes: Buffer.from(v).toString("base64") } : v);
const back = (v: unknown): unknown => {
  if (v === null || typeof v !== "object") return v;
  if ("$date" in v) return new Date(String(v.$date));
  return "$bytes" in v ? Buffer.from(String(v.$bytes), "base64") : v;
};

/** Lines of JSON: `["table", {column: value}]`. One repeatable-read snapshot. */
export const dump = (db: Db, write: (line: string) => Promise<void>): Promise<number> => db.snapshot(async ({ q }) => {
  let rows = 0;
  for (const table of TABLES) {
    const first = Object.values(getTableColumns(table))[0]!;
    for (let offset = 0; ; offset += PAGE) {
      const page = await q.select().from(table).orderBy(first).limit(PAGE).offset(offset) as Plain[];
      for (const row of page) await write(JSON.stringify([getTableName(table), Object.fromEntries(Object.entries(row).map(([k, v]) => [k, out(v)]))]));
      rows += page.length;
      if (page.length < PAGE) break;
    }
  }
  return rows;
});

/** Refuses a database that holds anything. `lines` in the order of `dump`. */
export const load = (db: Db, lines: AsyncIterable<string>): Promise<number> => db.transaction(async (tx) => {
  if ((await tx.q.select().from(s.people).limit(1)).length > 0) throw new Fault("conflict", "This database is not empty. Restore into a fresh one: another DATABASE_URL, or another LOCKSTEP_DATA.");
  await tx.q.execute(sql`set constraints all deferred`);
  for (const name of GUARDED) await tx.q.execute(sql.raw(`alter table ${name} disable trigger user`));
  // What this short life of the empty database has told already is told again, after the restored log.
  const own = await tx.q.select().from(s.events).orderBy(s.events.row);
  for (const table of [s.keyring, s.meta, s.events]) await tx.q.delete(table);
  let count = 0;
  for await (const line of lines) { await insert(tx, line); count += 1; }
  await tx.q.execute(sql`select setval(pg_get_serial_sequence('events','row_no'), greatest((select coalesce(max(row_no), 0) from events), 1))`);
  await tx.q.execute(sql`set constraints all immediate`);
  for (const name of GUARDED) await tx.q.execute(sql.raw(`alter table ${name} enable trigger user`));
  for (const { row: _row, index: _index, prevHash: _prev, hash: _hash, ...event } of own) await tx.q.insert(s.events).values(event);
  return count;
});

const insert = async (tx: Tx, line: string): Promise<void> => {
  const [name, row] = JSON.parse(line) as [string, Plain], table = TABLES.find((t) => getTableName(t) === name);
  if (!table) throw new Fault("invalid", `The backup holds a table this version does not know: ${name}.`);
  await tx.q.insert(table).overridingSystemValue().values(Object.fromEntries(Object.entries(row).map(([k, v]) => [k, back(v)])));
};
