/** Every row out and in again, engine-independent. Rule: out in one snapshot; in as one transaction into an empty database, laws and all. */
import { getTableColumns, getTableName, gt, sql } from "drizzle-orm";
import { getTableConfig, type PgTable } from "drizzle-orm/pg-core";
import { Fault } from "../kernel/fault.ts";
import type { Db, Reader, Tx } from "./db.ts";
import * as s from "./schema.ts";
import * as a from "./schema-agents.ts";
import * as c from "./schema-command-sets.ts";
import * as e from "./schema-dependents.ts";
import * as d from "./schema-discovery.ts";

/** In the order in which rows may refer to one another. Logins and remembered replies are not kept: nobody should be logged in by a restore.
 *  Nor who had borrowed an administrative account: that life is over. */
const TABLES: readonly PgTable[] = [
  s.meta, s.keyring, s.people, s.groups, s.groupMembers, s.sshKeys, s.tokens, s.passwordPolicies, s.platformPolicies, s.targets, a.enrolments, a.agents, s.accounts, s.versions, s.policies, s.changes, s.requests,
  s.votes, s.sessions, s.recordings, s.rotations, s.closures, s.exposures, s.exposureRuns, s.exposureRunAccounts, s.collections, s.collectionMembers, s.schedules, s.bulks, s.bulkItems, s.locks, s.auditChecks, s.events,
  s.webhooks, s.noticeRules, s.noticeChoices, c.commandSets, c.platformTests, c.demonstrations, d.adoptionRules, d.discoveries, d.foundAccounts, e.dependents, e.dependentRuns, a.brokerKeys,
];
const PAGE = 500;

type Plain = Record<string, unknown>;
const out = (v: unknown): unknown => (v instanceof Date ? { $date: v.toISOString() } : Buffer.isBuffer(v) || v instanceof Uint8Array ? { $bytes: Buffer.from(v).toString("base64") } : v);
const back = (v: unknown): unknown => {
  if (v === null || typeof v !== "object") return v;
  if ("$date" in v) return new Date(String(v.$date));
  return "$bytes" in v ? Buffer.from(String(v.$bytes), "base64") : v;
};

/** By name, for the test that holds the catalogue against them: a new table is dumped, or left out on purpose. */
export const DUMPED = TABLES.map((t) => getTableName(t));
/** `transcript_lines` is derived: every recording is indexed again. Notices and their deliveries are old news in a restored broker: nobody is mailed twice. */
export const LEFT_OUT = [
  "logins", "terminals", "tickets", "admin_uses", "idempotent_replies", "transcript_lines", "notices", "deliveries", "delivery_transition", "request_transition", "session_transition", "rotation_transition", "credential_transition", "bulk_transition", "bulk_item_transition", "schedule_transition", "discovery_transition", "dependent_run_transition", "demonstration_transition", "agent_transition", "order_transition", "broker_key_transition",
];

/** A page after the last row seen: by its key where one column is it, else (small tables) by its number in the key's order. */
const page = (q: Reader["q"], table: PgTable, last: Plain | undefined, offset: number): Promise<Plain[]> => {
  const [name, first] = Object.entries(getTableColumns(table))[0]!, rows = q.select().from(table);
  if (!first.primary) return rows.orderBy(...getTableConfig(table).primaryKeys[0]!.columns).limit(PAGE).offset(offset);
  return rows.where(last ? gt(first, last[name]) : undefined).orderBy(first).limit(PAGE);
};

/** Lines of JSON: `["table", {column: value}]`. One repeatable-read snapshot. */
export const dump = (db: Db, write: (line: string) => Promise<void>): Promise<number> => db.snapshot(async ({ q }) => {
  let rows = 0;
  for (const table of TABLES) {
    for (let seen = 0, got: Plain[] = []; ; seen += got.length) {
      got = await page(q, table, got.at(-1), seen);
      for (const row of got) await write(JSON.stringify([getTableName(table), Object.fromEntries(Object.entries(row).map(([k, v]) => [k, out(v)]))]));
      rows += got.length;
      if (got.length < PAGE) break;
    }
  }
  return rows;
});

/**
 * Refuses a database that holds anything. `lines` in the order of `dump`. `last` is in the same transaction: law passive-start, the rows of another
 * life are not there for a moment without what tells this one from it.
 */
export const load = (db: Db, lines: AsyncIterable<string>, last: (tx: Tx, rows: number) => Promise<void>): Promise<number> => db.transaction(async (tx) => {
  if ((await tx.q.select().from(s.people).limit(1)).length > 0) throw new Fault("conflict", "This database is not empty. Restore into a fresh one: another DATABASE_URL, or another LOCKSTEP_DATA.");
  await tx.q.execute(sql`set constraints all deferred`);
  for (const name of DUMPED) await tx.q.execute(sql.raw(`alter table ${name} disable trigger user`));
  // What this short life of the empty database has told already, the event journal's lines with it, is told again after the restored log.
  const own = await tx.q.select().from(s.events).orderBy(s.events.row);
  for (const table of [s.keyring, s.meta, s.events]) await tx.q.delete(table);
  let count = 0;
  for await (const line of lines) { await insert(tx, line); count += 1; }
  await tx.q.execute(sql`select setval(pg_get_serial_sequence('events','row_no'), greatest((select coalesce(max(row_no), 0) from events), 1))`);
  // Transcript lines are derived and not in the backup: every recording is indexed again.
  await tx.q.update(s.recordings).set({ indexState: "pending", indexedAt: null });
  await tx.q.execute(sql`set constraints all immediate`);
  for (const name of DUMPED) await tx.q.execute(sql.raw(`alter table ${name} enable trigger user`));
  for (const { row: _row, index: _index, prevHash: _prev, hash: _hash, ...event } of own) await tx.q.insert(s.events).values(event).onConflictDoNothing({ target: s.events.id });
  await last(tx, count);
  return count;
});

const insert = async (tx: Tx, line: string): Promise<void> => {
  const [name, row] = JSON.parse(line) as [string, Plain];
  if (name === getTableName(s.adminUses)) return; // kept by older versions
  const table = TABLES.find((t) => getTableName(t) === name);
  if (!table) throw new Fault("invalid", `The backup holds a table this version does not know: ${name}.`);
  await tx.q.insert(table).overridingSystemValue().values(Object.fromEntries(Object.entries(row).map(([k, v]) => [k, back(v)])));
};
