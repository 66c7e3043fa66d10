/**
 * Secret versions between vault, store and journal. Rule: law journal-before-effect: a version is on disk in the journal, read back and opened, before
 * anything depends on it. Its row is committed before its line is written, always: so a line without a row says that the database is older than the
 * journal, and never that somebody died between the two.
 */
import { newId, type AccountId, type PersonId, type VersionId } from "../kernel/ids.ts";
import { Fault } from "../kernel/fault.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Account } from "../domain/account.ts";
import type { VersionStatus } from "../domain/rotation-facts.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import * as targets from "../store/targets.ts";
import * as versions from "../store/versions.ts";
import type { SecretRow } from "../store/versions.ts";
import type { Deps } from "./deps.ts";

export const openVersion = (deps: Pick<Deps, "keyring">, row: SecretRow): Secret => deps.keyring.open(row, { account: row.account, version: row.id });

type Kept = { readonly account: Account; readonly secret: Secret; readonly status: VersionStatus; readonly origin: string; readonly by: PersonId | null };
/** The row, in the caller's transaction. Call `journalled` after its commit and before using it. */
export const keepVersion = async (deps: Pick<Deps, "keyring" | "random">, tx: Tx, k: Kept): Promise<SecretRow> => {
  const id = newId("version", deps.random) as VersionId;
  const box = deps.keyring.seal(k.secret, { account: k.account.id, version: id });
  const row: SecretRow = {
    id, account: k.account.id, no: await versions.nextNo(tx, k.account.id), status: k.status, origin: k.origin, identityNo: k.account.identityNo, ...box, by: k.by, createdAt: tx.now, provenAt: null,
  };
  await versions.add(tx, row);
  return row;
};

/** One password for many accounts whose rows the caller has locked: each has its own version, sealed for itself. */
export const keepForAll = async (deps: Pick<Deps, "keyring" | "random">, tx: Tx, list: readonly Account[], k: Pick<Kept, "secret" | "status" | "origin" | "by">): Promise<ReadonlyMap<AccountId, VersionId>> => {
  const nos = await versions.nextNos(tx, list.map((a) => a.id)), rows = list.map((a): SecretRow => {
    const id = newId("version", deps.random) as VersionId;
    return { id, account: a.id, no: nos.get(a.id)!, status: k.status, origin: k.origin, identityNo: a.identityNo, ...deps.keyring.seal(k.secret, { account: a.id, version: id }), by: k.by, createdAt: tx.now, provenAt: null };
  });
  await versions.addAll(tx, rows);
  return new Map(rows.map((r) => [r.account, r.id]));
};

/** On disk, read back, opened. Idempotent: a resumed rotation finds its line there. Throws when the journal cannot be trusted. */
export const journalled = async (deps: Pick<Deps, "keyring" | "journal" | "epoch">, row: SecretRow, account: Account, target: Target, fence: number): Promise<void> => {
  const whose = { account: row.account, version: row.id };
  if (!deps.journal.hasVersion(row.id)) {
    await deps.journal.append({
      kind: "version", account: account.id, accountName: account.name, target: target.id, version: row.id, no: row.no, origin: row.origin, identityNo: row.identityNo, identityHash: target.identityHash,
      fence, epoch: deps.epoch.value, sealed: row.sealed.toString("base64"), rootWrapped: deps.keyring.rootWrap(row, whose).toString("base64"), kek: deps.keyring.kek.id, by: row.by, at: row.createdAt.toISOString(),
    });
  }
  const line = deps.journal.readBack(row.id);
  try {
    deps.keyring.openRootWrapped(Buffer.from(line.sealed, "base64"), Buffer.from(line.rootWrapped, "base64"), whose).wipe();
  } catch (cause) {
    throw new Fault("unavailable", `The journal's copy of version ${row.id} does not open again. Nothing was changed.`, { cause });
  }
};

type Journalling = Pick<Deps, "db" | "keyring" | "journal" | "epoch">;
const journalMissing = async (deps: Journalling, row: SecretRow): Promise<void> => {
  const account = (await accounts.find(deps.db, row.account))!;
  await journalled(deps, row, account, (await targets.find(deps.db, account.target))!, 0);
};
/** Opened to be sent to a target, outside any transaction. What the journal lacks is written there first; where it cannot be, it is not used. */
export const openForUse = async (deps: Journalling, row: SecretRow): Promise<Secret> => {
  if (!deps.journal.hasVersion(row.id)) await journalMissing(deps, row);
  return openVersion(deps, row);
};
/** At a start: whose broker died between row and line, or whose journal was full. The number written; what cannot be is told, and not used. */
export const journalAllMissing = async (deps: Journalling & Pick<Deps, "log">): Promise<number> => {
  const missing = (await versions.ids(deps.db)).filter((id) => !deps.journal.hasVersion(id));
  let written = 0;
  for (const id of missing) {
    try { await journalMissing(deps, (await versions.find(deps.db, id))!); written += 1; } catch (e) {
      deps.log("error", `version ${id} is not in the journal, and is used for nothing until it is: ${e instanceof Error ? e.message : String(e)}`);
      if (deps.journal.dead !== null) break;
    }
  }
  return written;
};
