/** Reading recordings back: for the player, for recovery. Rule: passwords the account ever had are masked at reading; every playback is an event. */
import { createSecretKey, type KeyObject } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { Fault } from "../kernel/fault.ts";
import type { AccountId, SessionId } from "../kernel/ids.ts";
import { may } from "../domain/may.ts";
import { toAsciicast } from "../recordings/asciicast.ts";
import { readFrames, recover, verifyRecording, type Verdict } from "../recordings/reader.ts";
import type { Frame } from "../recordings/frame.ts";
import * as sessions from "../store/sessions.ts";
import * as versions from "../store/versions.ts";
import { mask } from "../vault/mask.ts";
import type { Deps } from "./deps.ts";
import { actor, record, type Caller } from "./record.ts";
import { openVersion } from "./secrets.ts";

type Small = Pick<Deps, "db" | "keyring" | "random" | "eventJournal" | "bus">;
type Opened = { readonly file: string; readonly key: KeyObject; readonly id: string; readonly account: AccountId };

const openRecording = async (deps: Small, dir: string, id: SessionId): Promise<Opened> => {
  const s = await sessions.find(deps.db, id), row = s ? await sessions.recording(deps.db, s.recording) : null;
  if (!s || !row) throw new Fault("not_found", "No such session.");
  const file = path.join(dir, path.basename(row.file));
  if (!existsSync(file)) throw new Fault("not_found", "This session has no recording file: it ended before anything was recorded, or the file is gone.");
  const bytes = deps.keyring.openRecordingKey(row.id, row.wrapped, row.keyId), key = createSecretKey(bytes);
  bytes.fill(0);
  return { file, key, id: row.id, account: s.account };
};

/** After a crash: cut to the last good chunk, marked. Null: there was nothing to recover. */
export const recoverRecording = async (deps: Small, dir: string, id: SessionId): Promise<{ chunks: number; hash: string; bytes: number } | null> => {
  try {
    const r = await openRecording(deps, dir, id), v = recover(r.file, r.key, r.id);
    return { chunks: v.chunks, hash: v.hash, bytes: v.bytes };
  } catch { return null; }
};

export type Channel = { readonly no: number; readonly kind: string; readonly command: string | null };
export type Playback = { readonly verdict: Verdict; readonly channels: readonly Channel[]; readonly cast: string };

/** Asciicast v2 of one channel, masked. Reading is checked against the chain from end to end first. */
export const play = async (deps: Small, dir: string, caller: Caller, id: SessionId, channel?: number): Promise<Playback> => {
  if (!may(caller.person, "session.play")) throw new Fault("forbidden", "Recordings are for auditors.");
  const r = await openRecording(deps, dir, id), verdict = verifyRecording(r.file, r.key, r.id), channels = channelsOf(r);
  const secrets = (await versions.of(deps.db, r.account)).map((v) => openVersion(deps, v));
  try {
    const lines = [...toAsciicast(readFrames(r.file, r.key, r.id), channel ?? channels[0]?.no ?? 1)];
    await deps.db.transaction((tx) => record(deps, tx, { what: "session.played", who: actor(caller), about: { session: id, recording: r.id }, outcome: "ok", facts: { complete: verdict.complete } }));
    return { verdict, channels, cast: maskCast(lines, (texts) => mask(texts, secrets)) };
  } finally { for (const s of secrets) s.wipe(); }
};

const channelsOf = (r: Opened): Channel[] => {
  const out: Channel[] = [];
  for (const f of readFrames(r.file, r.key, r.id) as Iterable<Frame>) {
    if (f.type !== "opened") continue;
    const o = JSON.parse(f.data.toString("utf8")) as { kind: string; command?: string };
    out.push({ no: f.channel, kind: o.kind, command: o.command ?? null });
  }
  return out;
};

/** Each stream (output, input, marks) is masked by itself: a password never crosses them. The header's command line too. */
const maskCast = (lines: readonly string[], masked: (texts: string[]) => string[]): string => {
  const [head, ...rest] = lines, events = rest.map((l) => JSON.parse(l) as [number, string, string]);
  for (const code of new Set(events.map((e) => e[1]))) {
    const mine = events.filter((e) => e[1] === code), texts = masked(mine.map((e) => e[2]));
    mine.forEach((e, i) => { e[2] = texts[i]!; });
  }
  return `${[masked([head ?? "{}"])[0]!, ...events.map((e) => JSON.stringify(e))].join("\n")}\n`;
};
