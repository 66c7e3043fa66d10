/**
 * The recording of a change shown by hand, by the recorder of sessions. Rules: a chunk is written and read back before the device is dialled; a line
 * stands in it before it leaves, with a word for each password, and what the device says before anybody reads it; a recording that fails
 * takes the line away.
 */
import { createSecretKey } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { lineText } from "../domain/command-set/index.ts";
import type { Demonstration } from "../domain/demonstration.ts";
import { Fault } from "../kernel/fault.ts";
import { newId, type RecordingId } from "../kernel/ids.ts";
import { atOnce } from "../kernel/rest.ts";
import { recovering } from "../recordings/reader.ts";
import { startRecording, type Head } from "../recordings/writer.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as people from "../store/people.ts";
import * as sessions from "../store/sessions.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import type { Tape } from "./hands.ts";

/** Its one channel. */
const CHANNEL = 1,
  COLS = 100,
  ROWS = 30;
const manifestOf = async (db: Reader, d: Demonstration, from: string, now: Date) => {
  const account = (await accounts.find(db, d.login))!,
    target = (await targets.find(db, d.target))!,
    person = (await people.find(db, d.by))!;
  return {
    session: d.id,
    person: person.name,
    account: account.name,
    target: target.name,
    address: from,
    protocol: "ssh" as const,
    started: now.toISOString(),
  };
};

/** `dead`: called once, when it can be kept no longer. */
export const openTape = async (deps: Deps, d: Demonstration, from: string, dead: () => void): Promise<Tape> => {
  const id = newId("recording", deps.random),
    file = `${id}.lsr`,
    made = deps.keyring.recordingKey(id),
    key = createSecretKey(made.key),
    manifest = await manifestOf(deps.db, d, from, deps.clock.now());
  made.key.fill(0);
  const r = startRecording({
    file: path.join(deps.recordings, file),
    directory: deps.recordings,
    recording: id,
    key,
    manifest,
    clock: deps.clock,
    onDead: dead,
  });
  let said = "";
  try {
    await deps.db.transaction((tx) => sessions.addRecording(tx, { id, session: d.id, file, wrapped: made.wrapped, keyId: made.keyId }));
  } catch (e) {
    await r.close("not begun");
    throw e;
  }
  const keep = (put: () => void): void => {
    put();
    r.flush();
    if (r.dead !== undefined) throw new Fault("unavailable", "The recording could not be kept, so the line was taken away.", { cause: r.dead });
  };
  keep(() => r.say("opened", CHANNEL, { kind: "shell", cols: COLS, rows: ROWS, term: "dumb" }));
  return {
    id,
    line: (parts) => keep(() => r.put("mark", CHANNEL, Buffer.from(`typed: ${lineText(parts)}`))),
    heard: (raw) => {
      const all = raw.map((p) => (p.by === "device" ? p.text : "")).join(""),
        fresh = all.slice(said.length);
      said = all;
      if (fresh !== "") keep(() => r.put("output", CHANNEL, Buffer.from(fresh)));
    },
    close: (why) => {
      r.say("closed", CHANNEL, { why });
      return r.close(why);
    },
  };
};

export type Kept = { readonly id: RecordingId; readonly head: Head; readonly complete: boolean };
/** What a broker that died left of it: cut to its last good chunk. Null: there is none. */
export const leftTape = async (deps: Pick<Deps, "db" | "keyring" | "recordings">, d: Demonstration): Promise<Kept | null> => {
  const row = await sessions.recordingOf(deps.db, d.id),
    file = row ? path.join(deps.recordings, path.basename(row.file)) : "";
  if (!row || row.state !== "open" || !existsSync(file)) return null;
  const key = deps.keyring.openRecordingKey(row.id, row.wrapped, row.keyId);
  try {
    const v = atOnce(recovering({ file, key: createSecretKey(key), id: row.id }));
    return { id: row.id as RecordingId, head: { chunks: v.chunks, hash: v.hash, bytes: v.bytes }, complete: false };
  } finally {
    key.fill(0);
  }
};
export const tapeKept = (tx: Tx, { id, head, complete }: Kept): Promise<void> =>
  sessions.markRecording(tx, id, { ...head, state: complete ? "closed" : "recovered" });
