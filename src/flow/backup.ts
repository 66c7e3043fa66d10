/** Backup and restore. Rule: a backup opens with the root key alone; a restore replays the journal, so nothing changed since is forgotten, and stays passive until taken over. */
import { createHash } from "node:crypto";
import { open, unlink, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { KEY_BYTES, sha256Hex } from "../crypto/envelope.ts";
import { readHead, readSealed, writeSealed, type Sink } from "../crypto/stream.ts";
import { Fault } from "../kernel/fault.ts";
import { may } from "../domain/may.ts";
import * as broker from "../store/broker.ts";
import { dump, load } from "../store/dump.ts";
import * as events from "../store/events.ts";
import * as versions from "../store/versions.ts";
import * as accounts from "../store/accounts.ts";
import type { Deps } from "./deps.ts";
import { askerOf, broker as operatorOf, record, type Asker } from "./record.ts";
import { nextEpoch, openKeys, replayVersions, type Replayed } from "./startup.ts";
import { openVersion } from "./secrets.ts";

export type Made = { readonly id: string; readonly rows: number; readonly journal: { readonly n: number; readonly hash: string } };
export type BackupResult = Omit<Made, "id"> & { readonly file: string };

/** One at a time: on the embedded database everybody waits for the copy. */
const making = new WeakSet<Deps["db"]>();

/**
 * The journal's head is read before the snapshot: what is journalled in between is in both, and a replay leaves out what is there. The event is
 * committed before the copy is handed to anybody.
 */
const copy = async (deps: Deps, by: Asker, to: Sink): Promise<Made> => {
  if (!may(by === "operator" ? by : by.person, "broker.backup")) throw new Fault("forbidden", "Only admins make backups.");
  if (making.has(deps.db)) throw new Fault("conflict", "A backup is being made right now. Wait for it, then ask again.");
  making.add(deps.db);
  const key = deps.random.bytes(KEY_BYTES), id = deps.random.bytes(12).toString("hex"), journal = deps.journal.head, { kek } = deps.keyring;
  const head = {
    lockstep_backup: 1, id, kek: kek.id, key: kek.wrap(`backup/${id}`, key).toString("base64"), check: sha256Hex("check", key),
    at: deps.clock.now().toISOString(), journal, install: await broker.remembered(deps.db, "install"), epoch: deps.epoch.value,
  };
  let rows = 0;
  try {
    await writeSealed(to, head, id, key, deps.random, async (write) => { rows = await dump(deps.db, write); });
  } finally { key.fill(0); making.delete(deps.db); }
  const facts = { backup: id, rows, journal: journal.n };
  await deps.db.transaction((tx) => record(deps, tx, { what: "backup.made", who: askerOf(by), about: {}, outcome: "ok", facts }));
  return { id, rows, journal };
};

const noRoom = (where: string) => (e: unknown): never => {
  const { code } = e as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") throw new Fault("unavailable", `There is no room for the backup in ${where}. Nothing was written.`, { cause: e });
  if (code === "EEXIST") throw new Fault("conflict", `${where} is there already. Name a new file.`, { cause: e });
  throw e;
};

/** All of it or an error: `write` may take a part on a disk that is nearly full, and says so by a number alone. */
const writeAll = (handle: FileHandle, bytes: Buffer): Promise<void> => handle.writeFile(bytes);

/** Into a new file on this machine, for a broker that does not run; whole and fsynced, or not there. */
export const backup = async (deps: Deps, file: string): Promise<BackupResult> => {
  const handle = await open(file, "wx", 0o600).catch(noRoom(file));
  try {
    const { rows, journal } = await copy(deps, "operator", (bytes) => writeAll(handle, bytes));
    await handle.sync();
    return { file, rows, journal };
  } catch (e) {
    await unlink(file);
    return noRoom(path.dirname(file))(e);
  } finally { await handle.close(); }
};

/** `digest`: SHA-256 of the bytes, base64. */
export type Spooled = Made & { readonly size: number; readonly digest: string; readonly body: ReadableStream<Uint8Array> };
/**
 * From a broker that runs. The copy is finished, sealed, in a nameless file under `dir` before its first byte leaves: a slow reader holds no
 * transaction, and on the embedded database nobody waits for the network.
 */
export const spool = async (deps: Deps, by: Asker, dir: string): Promise<Spooled> => {
  const file = path.join(dir, `backup-${deps.random.bytes(8).toString("hex")}.tmp`), hash = createHash("sha256");
  const handle = await open(file, "wx+", 0o600).catch(noRoom(dir));
  let size = 0;
  try {
    await unlink(file);
    const made = await copy(deps, by, async (bytes) => { hash.update(bytes); size += bytes.length; await writeAll(handle, bytes); });
    const body = Readable.toWeb(handle.createReadStream({ start: 0 })) as ReadableStream<Uint8Array>;
    return { ...made, size, digest: hash.digest("base64"), body };
  } catch (e) {
    await handle.close();
    return noRoom(dir)(e);
  }
};

/**
 * `accounts` and `alone`: see `Replayed`. `since`: how often what happened between the backup and now, as far as the embedded database's event
 * journal knows it; the log has these events again, the tables do not have what they tell of. Null: nobody knows.
 */
export type RestoreResult = Omit<Replayed, "back"> & {
  readonly rows: number; readonly at: string; readonly cameBack: number; readonly opened: number; readonly epoch: number; readonly since: Readonly<Record<string, number>> | null;
};
/** Into a fresh database, with the journal in place. The epoch rises in the transaction that brings the rows: at no moment does the fence token fit them before `--take-over`. */
export const restore = async (deps: Deps, file: string): Promise<RestoreResult> => {
  const head = await readHead(file);
  if (head["lockstep_backup"] !== 1) throw new Fault("invalid", `${file} is not a Lockstep backup.`);
  if (head["kek"] !== deps.keyring.kek.id) throw new Fault("invalid", `This backup belongs to root key ${String(head["kek"])}; this broker holds ${deps.keyring.kek.id}. Put the right root key in place.`);
  const id = String(head["id"]), key = deps.keyring.kek.unwrap(`backup/${id}`, Buffer.from(String(head["key"]), "base64"));
  if (sha256Hex("check", key) !== head["check"]) throw new Fault("invalid", `The key of ${file} does not check.`);
  const epoch = nextEpoch(deps, Number(head["epoch"] ?? 0));
  let rows;
  try {
    rows = await load(deps.db, readSealed(file, id, key), async (tx, count) => {
      await broker.remember(tx, "epoch", String(epoch));
      await record(deps, tx, { what: "restore.done", who: operatorOf("operator"), about: {}, outcome: "ok", facts: { rows: count, epoch, from: String(head["at"]) } });
    });
  } finally { key.fill(0); }
  deps.epoch.value = epoch;
  deps.passive.why = "this database was restored from a backup. Look at it, then run: lockstep restore --take-over";
  await openKeys(deps);
  const at = String(head["at"]), since = deps.eventJournal ? await events.countSince(deps.db, new Date(at), OWN_EVENTS) : null;
  const { back, ...replayed } = await replayVersions(deps);
  return { rows, at, cameBack: back, ...replayed, opened: await openAll(deps), epoch, since };
};

/** What backup and restore write themselves. */
const OWN_EVENTS = ["backup.made", "restore.done", "vault.passive", "key.made", "broker.started"] as const;

/** Every version of every account opens: the proof that keys and rows belong together. */
const openAll = async (deps: Deps): Promise<number> => {
  let opened = 0;
  for (const a of await accounts.all(deps.db)) for (const v of await versions.of(deps.db, a.id)) { openVersion(deps, v).wipe(); opened += 1; }
  return opened;
};
