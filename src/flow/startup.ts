/** What a start must settle before anybody is served: keys, the journal's word, the fence token, what a crash left open. Rule: law passive-start: a copied or restored database touches nothing. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { newId, type AccountId, type EventId, type SessionId, type TargetId, type VersionId } from "../kernel/ids.ts";
import type { AuditEvent } from "../domain/audit.ts";
import * as accounts from "../store/accounts.ts";
import * as broker from "../store/broker.ts";
import type { Tx } from "../store/db.ts";
import * as events from "../store/events.ts";
import * as sessions from "../store/sessions.ts";
import * as targets from "../store/targets.ts";
import * as versions from "../store/versions.ts";
import { PURPOSES, type KeyRow } from "../vault/keyring.ts";
import type { EventLine, KeyLine, VersionLine } from "../vault/journal.ts";
import type { Deps } from "./deps.ts";
import { broker as by, record } from "./record.ts";
import { openRotation } from "./rotate.ts";
import { journalAllMissing } from "./secrets.ts";
import { sessionEnded } from "./session.ts";

/** Opens the keyring: rows, keys only the journal knows, and new ones where a purpose has none. Journal before the row. */
export const openKeys = async (deps: Pick<Deps, "db" | "keyring" | "journal" | "random" | "eventJournal" | "bus">): Promise<void> => {
  const rows = await broker.keys(deps.db), known = new Set(rows.map((r) => r.id as string));
  for (const row of rows) deps.keyring.add(row);
  for (const line of [...deps.journal.keys]) if (!known.has(line.id)) await keep(deps, fromLine(line));
  const have = new Set((await broker.keys(deps.db)).map((r) => r.purpose));
  for (const purpose of PURPOSES) {
    if (have.has(purpose)) continue;
    const row = deps.keyring.make(purpose, 1);
    await deps.journal.append({ kind: "key", id: row.id, purpose, no: row.no, wrapped: row.wrapped.toString("base64"), kek: row.kek, at: "" });
    await keep(deps, row);
  }
};
const fromLine = (l: KeyLine): KeyRow => ({ id: l.id as KeyRow["id"], purpose: l.purpose, no: l.no, wrapped: Buffer.from(l.wrapped, "base64"), kek: l.kek });
const keep = async (deps: Pick<Deps, "db" | "keyring" | "random" | "eventJournal" | "bus">, row: KeyRow): Promise<void> => {
  await deps.db.transaction(async (tx) => {
    if (await broker.addKey(tx, row)) await record(deps, tx, { what: "key.made", who: by("keyring"), about: { key: row.id }, outcome: "ok", facts: { purpose: row.purpose, no: row.no } });
  });
  deps.keyring.add(row);
};

type Token = { readonly install: string; readonly epoch: number; readonly inode: string };
const inodeOf = (file: string): string => { const s = statSync(file); return `${s.dev}:${s.ino}`; };
const readToken = (file: string): Token | null => {
  if (!existsSync(file)) return null;
  try { return JSON.parse(readFileSync(file, "utf8")) as Token; } catch { return null; }
};
const writeToken = (file: string, install: string, epoch: number): void => {
  writeFileSync(file, "", { mode: 0o600 });
  writeFileSync(file, JSON.stringify({ install, epoch, inode: inodeOf(file) }), { mode: 0o600 });
};

/** Compares the database's word with the token beside the journal. Sets `deps.passive` and `deps.epoch`. */
export const checkFence = async (deps: Deps, tokenFile: string): Promise<void> => {
  const install = await broker.remembered(deps.db, "install"), epoch = Number(await broker.remembered(deps.db, "epoch") ?? 0), token = readToken(tokenFile);
  deps.epoch.value = epoch;
  if (install === null) {
    if (token) { deps.epoch.value = token.epoch; deps.passive.why = "the journal belongs to another database than this empty one. Run: lockstep restore --take-over"; }
    else await begin(deps, tokenFile);
    return;
  }
  if (!token) deps.passive.why = "this database was copied or restored: the fence token beside the journal is missing. Run: lockstep restore --take-over";
  else if (token.install !== install || token.epoch !== epoch) deps.passive.why = "the fence token beside the journal belongs to another life of this database. Run: lockstep restore --take-over";
  else if (token.inode !== inodeOf(tokenFile)) deps.passive.why = "this data directory is a copy of another one. If the original is gone for good, run: lockstep restore --take-over";
  if (deps.passive.why) await tellPassive(deps, deps.passive.why);
};
const tellPassive = (deps: Deps, why: string): Promise<void> =>
  deps.db.transaction((tx) => record(deps, tx, { what: "vault.passive", who: by("startup"), about: {}, outcome: "refused", why }));
const begin = async (deps: Deps, tokenFile: string): Promise<void> => {
  const install = newId("key", deps.random).slice(4);
  writeToken(tokenFile, install, 1);
  await deps.db.transaction(async (tx) => { await broker.remember(tx, "install", install); await broker.remember(tx, "epoch", "1"); });
  deps.epoch.value = 1;
};

/** Above every life that left anything here: the one that is asked of, the token beside the journal (`checkFence` read it), the journal's lines. */
export const nextEpoch = (deps: Pick<Deps, "epoch" | "journal">, of: number): number => Math.max(of, deps.epoch.value, deps.journal.epoch) + 1;
/** `lockstep restore --take-over`: this database is the one now. The epoch rises, older tokens and fences are void. */
export const takeOver = async (deps: Deps, tokenFile: string): Promise<number> => {
  const install = await broker.remembered(deps.db, "install") ?? newId("key", deps.random).slice(4), epoch = nextEpoch(deps, readToken(tokenFile)?.epoch ?? 0);
  await deps.db.transaction(async (tx) => {
    await broker.remember(tx, "install", install);
    await broker.remember(tx, "epoch", String(epoch));
    await record(deps, tx, { what: "vault.take_over", who: by("operator"), about: {}, outcome: "ok", facts: { epoch } });
  });
  writeToken(tokenFile, install, epoch);
  deps.epoch.value = epoch;
  deps.passive.why = null;
  return epoch;
};

/**
 * Database and journal, before anything depends on either. A version's row is committed before its line is written (secrets.ts), and PostgreSQL does
 * not forget a commit: a line of this very life without its row was left by no crash, but by a dump, a point in time or a standby that was behind, and
 * a person must look first. Lines of an earlier life are what a take-over has accepted: they come back. On the embedded database a power cut may cost
 * acknowledged rows: they come back too. What the journal lacks is written there.
 */
export const settleVersions = async (deps: Deps): Promise<void> => {
  if (deps.passive.why) return;
  const forgotten = deps.db.engine === "postgresql" ? await forgottenOf(deps) : 0;
  if (forgotten > 0) {
    deps.passive.why = `the journal knows ${forgotten} password version(s) of this database's own life that it has forgotten: it was restored from an older state. Look at it, then run: lockstep restore --take-over`;
    return tellPassive(deps, deps.passive.why);
  }
  const { back } = await replayVersions(deps), written = await journalAllMissing(deps);
  if (back > 0) deps.log("warn", `${back} password version(s) were missing in the database and came back from the journal; their accounts are being settled`);
  if (written > 0) deps.log("warn", `${written} password version(s) were not in the journal yet and are now`);
};
/** `>=`: a dump of an earlier life under a token that was lost. */
const forgottenOf = async (deps: Pick<Deps, "db" | "epoch" | "journal">): Promise<number> => {
  let forgotten = 0;
  for (const line of deps.journal.versionsBut(await known(deps))) if (line.epoch >= deps.epoch.value) forgotten += 1;
  return forgotten;
};
const known = async (deps: Pick<Deps, "db">): Promise<ReadonlySet<string>> => new Set<string>(await versions.ids(deps.db));

/** `accounts`: added under their old ids. `alone`: whose versions stay in the journal, because their target is not in this database. */
export type Replayed = { readonly back: number; readonly accounts: readonly string[]; readonly alone: readonly string[] };
/** Versions the database lacks come back as candidates; their accounts become unverified and the healer asks the target. */
export const replayVersions = async (deps: Deps): Promise<Replayed> => {
  const added = new Set<string>(), alone = new Set<string>();
  let back = 0;
  for (const line of deps.journal.versionsBut(await known(deps))) {
    const name = await accountOf(deps, line);
    if (name === null) { alone.add(`${line.accountName} on ${line.target}`); continue; }
    if (name !== "") added.add(name);
    await deps.db.transaction((tx) => bringBack(deps, tx, line));
    back += 1;
  }
  return { back, accounts: [...added], alone: [...alone] };
};
/**
 * An account added after the backup comes back under its old id, unmanaged, so that its passwords have somewhere to be: its name then. "": it was
 * there. Null: its target is gone too, and the journal alone has its passwords.
 */
const accountOf = async (deps: Deps, line: VersionLine): Promise<string | null> => {
  if (await accounts.find(deps.db, line.account as AccountId)) return "";
  const target = await targets.find(deps.db, line.target as TargetId);
  if (!target) { deps.log("error", `version ${line.version} of ${line.accountName} stays in the journal alone: its target is not in this database`); return null; }
  const name = `${line.accountName}@${target.name}`;
  await deps.db.transaction(async (tx) => {
    await accounts.add(tx, { id: line.account as AccountId, target: target.id, name: line.accountName, identityNo: target.identityNo, passwordPolicy: null });
    await record(deps, tx, { what: "account.added", who: by("journal"), about: { account: line.account, target: target.id }, outcome: "ok", why: "the journal knows an account this database had forgotten", facts: { name } });
  });
  return name;
};
const bringBack = async (deps: Deps, tx: Tx, line: VersionLine): Promise<void> => {
  const account = await accounts.lock(tx, line.account as AccountId), whose = { account: account.id, version: line.version as VersionId };
  const box = deps.keyring.adopt(Buffer.from(line.sealed, "base64"), Buffer.from(line.rootWrapped, "base64"), whose);
  const taken = (await versions.of(tx, account.id)).some((v) => v.no === line.no), no = taken ? await versions.nextNo(tx, account.id) : line.no;
  await versions.add(tx, { id: whose.version, account: account.id, no, status: "candidate", origin: line.origin, identityNo: line.identityNo, ...box, by: line.by as never, createdAt: tx.now, provenAt: null });
  if (account.credential === "in_sync") {
    await accounts.credit(tx, account.id, { credential: "unverified" });
    await openRotation(deps, tx, { ...account, credential: "unverified" }, { trigger: "heal", reason: "the journal knows a version this database had forgotten", by: null });
  }
  await record(deps, tx, { what: "restore.done", who: by("journal"), about: { account: account.id, version: whose.version }, outcome: "ok", why: "a version came back from the journal" });
};

/** On the embedded database a power cut may lose acknowledged rows: events come back from their journal. */
export const replayEvents = (deps: Pick<Deps, "db">, lines: readonly EventLine[]): Promise<number> => deps.db.transaction(async (tx) => {
  let back = 0;
  for (const line of lines) {
    const { id, at, ...event } = line.row as { id: EventId; at: string } & AuditEvent;
    if (await events.bringBack(tx, id, new Date(at), event)) back += 1;
  }
  return back;
});

/** The embedded database has one owner: sessions that are not over belong to a process that is. */
export const closeLeftovers = async (deps: Deps, recovered: (session: SessionId) => Promise<{ chunks: number; hash: string; bytes: number } | null>): Promise<number> => {
  const open = deps.db.engine === "pglite" ? await sessions.openWhere(deps.db, {}) : await sessions.openWhere(deps.db, { node: deps.node });
  for (const s of open) await lose(deps, s.id, await recovered(s.id));
  return open.length;
};
export const lose = (deps: Deps, id: SessionId, recording: { chunks: number; hash: string; bytes: number } | null): Promise<void> =>
  sessionEnded(deps, id, { why: "broker_lost", detail: "the process that carried it is gone", bytes: recording?.bytes ?? 0, identityChanged: false, facts: { recording_recovered: recording !== null }, ...(recording ? { recording: { ...recording, complete: false } } : {}) });
