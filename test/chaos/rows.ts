/** Reads what a judge needs straight from the tables. Rule: plain SQL over three drivers, ciphertext only; no broker code decides anything here. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { sql } from "drizzle-orm";
import pg from "pg";
import type { Reader } from "../../src/store/db.ts";
import { OPEN } from "../../src/domain/rotation.ts";
import type { Rows } from "./plan.ts";

type Row = Record<string, unknown>;
type Ask = (text: string) => Promise<Row[]>;

const OPEN_STATES = OPEN.map((s) => `'${s}'`).join(",");
const checked = (id: string): string => { if (!/^[a-z]{3}_[a-z0-9]{20}$/.test(id)) throw new Error("not an id"); return id; };

const rowsBy = async (ask: Ask, account: string): Promise<Rows> => {
  const id = checked(account);
  const [a] = await ask(`select credential, current_id as current, logins_spent as spent from accounts where id = '${id}'`);
  const [open] = await ask(`select state from rotations where account_id = '${id}' and state in (${OPEN_STATES})`);
  const versions = await ask(`select id, encode(sealed,'base64') as sealed, encode(wrapped,'base64') as wrapped, key_id as "keyId", alg from secret_versions where account_id = '${id}' order by no`);
  const keys = await ask("select id, purpose, no, encode(wrapped,'base64') as wrapped, kek from keyring");
  return { account: a, open: (open?.["state"] as string | undefined) ?? null, versions, keys } as unknown as Rows;
};

const byDrizzle = ({ q }: Reader): Ask => async (text) => ((await q.execute(sql.raw(text))) as unknown as { rows: Row[] }).rows;
export const readRows = (db: Reader, account: string): Promise<Rows> => rowsBy(byDrizzle(db), account);

/** "settled": in sync, nothing open, no closure check due soon; else what is still going on. */
export const settledState = async (db: Reader, account: string): Promise<string> => {
  const ask = byDrizzle(db), id = checked(account);
  const [a] = await ask(`select credential, block from accounts where id = '${id}'`);
  const [open] = await ask(`select state, facts->>'why' as why from rotations where account_id = '${id}' and state in (${OPEN_STATES})`);
  if (open || a?.["credential"] !== "in_sync") return `${String(a?.["credential"])} ${String(a?.["block"])}, rotation ${String(open?.["state"] ?? "none")}: ${String(open?.["why"] ?? "")}`;
  const [closing] = await ask(`select id from closures where account_id = '${id}' and done_at is null and due_at < now() + interval '10 seconds'`);
  return closing ? "closing" : "settled";
};

export const rowsOfPostgres = async (url: string, account: string): Promise<Rows> => {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try { return await rowsBy(async (text) => (await client.query(text)).rows as Row[], account); } finally { await client.end(); }
};

/** What a dead process left, as a copy: looking must not heal what the next start has to heal itself. */
export const rowsOfEmbedded = async (db: string, account: string, scratchIn: string): Promise<Rows> => {
  const copy = mkdtempSync(path.join(scratchIn, "look-"));
  try {
    cpSync(db, copy, { recursive: true });
    const lite = await PGlite.create({ dataDir: copy });
    try { return await rowsBy(async (text) => (await lite.query(text)).rows as Row[], account); } finally { await lite.close(); }
  } finally { rmSync(copy, { recursive: true, force: true }); }
};
