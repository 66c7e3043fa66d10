/** Backup and restore. Rule: a backup opens with the root key alone; a restore replays the journal, so nothing changed since is forgotten, and stays passive until taken over. */
import { KEY_BYTES, sha256Hex } from "../crypto/envelope.ts";
import { readHead, readSealed, writeSealed } from "../crypto/stream.ts";
import { Fault } from "../kernel/fault.ts";
import { may } from "../domain/may.ts";
import * as broker from "../store/broker.ts";
import { dump, load } from "../store/dump.ts";
import * as versions from "../store/versions.ts";
import * as accounts from "../store/accounts.ts";
import type { Line } from "../vault/journal.ts";
import type { Deps } from "./deps.ts";
import { actor, broker as by, record, type Caller } from "./record.ts";
import { openKeys, replayVersions } from "./startup.ts";
import { openVersion } from "./secrets.ts";

export type BackupResult = { readonly file: string; readonly rows: number; readonly journal: { readonly n: number; readonly hash: string } };

/** `caller` null: run on the server itself with the broker stopped. */
export const backup = async (deps: Deps, caller: Caller | null, file: string): Promise<BackupResult> => {
  if (caller && !may(caller.person, "broker.backup")) throw new Fault("forbidden", "Only admins make backups.");
  const key = deps.random.bytes(KEY_BYTES), id = deps.random.bytes(12).toString("hex"), journal = deps.journal.head;
  const head = { lockstep_backup: 1, id, kek: deps.keyring.kek.id, key: deps.keyring.kek.wrap(`backup/${id}`, key).toString("base64"), check: sha256Hex("check", key), at: deps.clock.now().toISOString(), journal, install: await broker.remembered(deps.db, "install"), epoch: deps.epoch.value };
  let rows = 0;
  try { await writeSealed(file, head, id, key, deps.random, async (write) => { rows = await dump(deps.db, write); }); } finally { key.fill(0); }
  await deps.db.transaction((tx) => record(deps, tx, { what: "backup.made", who: caller ? actor(caller) : by("operator"), about: {}, outcome: "ok", facts: { rows, journal: journal.n } }));
  return { file, rows, journal };
};

export type RestoreResult = { readonly rows: number; readonly cameBack: number; readonly opened: number; readonly epoch: number };
/** Into a fresh database, with the journal in place. The epoch rises; the fence token is not this database's until `--take-over`. */
export const restore = async (deps: Deps, file: string, journalLines: readonly Line[]): Promise<RestoreResult> => {
  const head = await readHead(file);
  if (head["lockstep_backup"] !== 1) throw new Fault("invalid", `${file} is not a Lockstep backup.`);
  if (head["kek"] !== deps.keyring.kek.id) throw new Fault("invalid", `This backup belongs to root key ${String(head["kek"])}; this broker holds ${deps.keyring.kek.id}. Put the right root key in place.`);
  const id = String(head["id"]), key = deps.keyring.kek.unwrap(`backup/${id}`, Buffer.from(String(head["key"]), "base64"));
  if (sha256Hex("check", key) !== head["check"]) throw new Fault("invalid", `The key of ${file} does not check.`);
  let rows;
  try { rows = await load(deps.db, readSealed(file, id, key)); } finally { key.fill(0); }
  const epoch = Number(head["epoch"] ?? 0) + 1;
  await deps.db.transaction(async (tx) => {
    await broker.remember(tx, "epoch", String(epoch));
    await record(deps, tx, { what: "restore.done", who: by("operator"), about: {}, outcome: "ok", facts: { rows, epoch, from: String(head["at"]) } });
  });
  deps.epoch.value = epoch;
  deps.passive.why = "this database was restored from a backup. Look at it, then run: lockstep restore --take-over";
  await openKeys(deps, journalLines);
  return { rows, cameBack: await replayVersions(deps, journalLines), opened: await openAll(deps), epoch };
};

/** Every version of every account opens: the proof that keys and rows belong together. */
const openAll = async (deps: Deps): Promise<number> => {
  let opened = 0;
  for (const a of await accounts.all(deps.db)) for (const v of await versions.of(deps.db, a.id)) { openVersion(deps, v).wipe(); opened += 1; }
  return opened;
};
