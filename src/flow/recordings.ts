/** Recordings opened: for readers, for the index, for recovery. Rule: text leaves here masked with every password its account ever had, typed text only as far as it was echoed. */
import { createSecretKey, type KeyObject } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { Fault } from "../kernel/fault.ts";
import { atOnce, gathering, restfully, type Work } from "../kernel/rest.ts";
import { isId, type AccountId, type DemonstrationId, type RecordingId, type SessionId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import { may, type Act } from "../domain/may.ts";
import { castOf } from "../recordings/asciicast.ts";
import { collector, type Channel, type Piece, type Told } from "../recordings/channels.ts";
import { hiding } from "../recordings/echo.ts";
import type { Frame } from "../recordings/frame.ts";
import { reading, recovering, type Verdict } from "../recordings/reader.ts";
import { kindOf } from "../recordings/whole.ts";
import { KINDS, transcribe, type Kind, type Row } from "../recordings/transcript.ts";
import * as accounts from "../store/accounts.ts";
import * as demonstrations from "../store/demonstrations.ts";
import * as sessions from "../store/sessions.ts";
import type { SecretRow } from "../store/versions.ts";
import { mask, masking, maskingBytes } from "../vault/mask.ts";
import type { Deps } from "./deps.ts";
import { withPasswordsOf } from "./masked.ts";
import { actor, record, type Caller } from "./record.ts";

export { KINDS, type Kind };
export type Small = Pick<Deps, "db" | "keyring" | "random" | "clock" | "eventJournal" | "bus">;
export type Opened = { readonly file: string; readonly key: KeyObject; readonly id: RecordingId; readonly account: AccountId; readonly session: SessionId };
/** What has a recording: a session, or a change shown by hand. `accounts`: whose passwords may stand in it. */
export type Recorded = SessionId | DemonstrationId;
type Whose = { readonly row: sessions.RecordingRow | null; readonly accounts: readonly AccountId[] };
const whoseIs = async (deps: Small, id: Recorded): Promise<Whose | null> => {
  if (isId("demonstration", id)) { const d = await demonstrations.find(deps.db, id); return d && { row: await sessions.recordingOf(deps.db, id), accounts: [...new Set([d.account, d.login])] }; }
  const s = await sessions.find(deps.db, id);
  return s && { row: await sessions.recording(deps.db, s.recording), accounts: [s.account] };
};

const opened = async (deps: Small, dir: string, id: Recorded): Promise<{ file: string; key: KeyObject; id: RecordingId; accounts: readonly AccountId[] }> => {
  const whose = await whoseIs(deps, id), row = whose?.row;
  if (!whose || !row) throw new Fault("not_found", isId("demonstration", id) ? "There is no recording of this change." : "No such session.");
  const file = path.join(dir, path.basename(row.file));
  if (!existsSync(file)) throw new Fault("not_found", "This session has no recording file: it ended before anything was recorded, or the file is gone.");
  const bytes = deps.keyring.openRecordingKey(row.id, row.wrapped, row.keyId), key = createSecretKey(bytes);
  bytes.fill(0);
  return { file, key, id: row.id as RecordingId, accounts: whose.accounts };
};
export const openRecording = async (deps: Small, dir: string, id: SessionId): Promise<Opened> => {
  // Its readers mask one account alone.
  if (isId("demonstration", id)) throw new Fault("not_found", "No such session.");
  const { accounts: [account], ...o } = await opened(deps, dir, id);
  return { ...o, account: account!, session: id };
};

/** After a crash: cut to the last good chunk, marked. Null: there was nothing to recover. */
export const recoverRecording = async (deps: Small, dir: string, id: SessionId): Promise<{ chunks: number; hash: string; bytes: number } | null> => {
  try {
    const v = await restfully(deps.clock, recovering(await openRecording(deps, dir, id)));
    return { chunks: v.chunks, hash: v.hash, bytes: v.bytes };
  } catch { return null; }
};

function* maskWhere(pieces: Piece[], mine: (p: Piece) => boolean, secrets: readonly Secret[]): Work<void> {
  const at = [...pieces.keys()].filter((i) => mine(pieces[i]!)), texts = yield* masking(at.map((i) => pieces[i]!.text), secrets);
  at.forEach((i, k) => { pieces[i] = { ...pieces[i]!, text: texts[k]! }; });
}
/**
 * What a program read on its standard input is nobody's typing and is not shown; it stays in the recording. Of a desktop nobody knows what was echoed: keys
 * are there where the policy asked for them, and all are shown but the account's passwords.
 */
export function* maskingChannel(c: Channel, secrets: readonly Secret[]): Work<Channel> {
  const pieces = c.terminal ? yield* hiding(c.pieces) : c.opened.kind === "desktop" ? [...c.pieces] : c.pieces.filter((p) => p.code !== "i");
  // Each stream by itself, and both output streams as the terminal mixed them.
  for (const mine of [(p: Piece) => p.code === "o", (p: Piece) => p.code === "o" && !p.err, (p: Piece) => p.err === true, (p: Piece) => p.code === "i", (p: Piece) => p.code === "m"]) yield* maskWhere(pieces, mine, secrets);
  const command = c.opened.command === undefined ? {} : { command: mask([c.opened.command], secrets)[0]! };
  return { ...c, opened: { ...c.opened, ...command }, pieces };
}
export const maskChannel = (c: Channel, secrets: readonly Secret[]): Channel => atOnce(maskingChannel(c, secrets));
function* maskingAll(channels: readonly Channel[], secrets: readonly Secret[]): Work<Channel[]> {
  const out: Channel[] = [];
  for (const c of channels) out.push(yield* maskingChannel(c, secrets));
  return out;
}

export type ChannelInfo = { readonly no: number; readonly kind: string; readonly command: string | null };
const infoOf = (c: Channel): ChannelInfo => ({ no: c.no, kind: c.opened.kind, command: c.opened.command ?? null });
type Read = { readonly recording: RecordingId; readonly verdict: Verdict; readonly manifest: Told["manifest"]; readonly channels: readonly Channel[] };
const read = async (deps: Small, dir: string, id: Recorded): Promise<Read> => {
  const r = await opened(deps, dir, id), into = collector(), verdict = await restfully(deps.clock, reading(r, into.add)), told = into.told();
  let channels = told.channels;
  for (const account of r.accounts) { const all = channels; channels = await withPasswordsOf(deps, deps.db, account, (secrets) => restfully(deps.clock, maskingAll(all, secrets))); }
  return { recording: r.id, verdict, manifest: told.manifest, channels };
};
/** As the log names it. */
const aboutOf = (id: Recorded, recording: RecordingId) => (isId("demonstration", id) ? { demonstration: id, recording } : { session: id, recording });
const allow = (caller: Caller, act: Act): void => { if (!may(caller.person, act)) throw new Fault("forbidden", "Recordings are for auditors."); };

export type Playback = { readonly verdict: Verdict; readonly channels: readonly ChannelInfo[]; readonly cast: string };
/** Asciicast v2 of one channel, masked. Reading is checked against the chain from end to end first. */
export const play = async (deps: Small, dir: string, caller: Caller, id: Recorded, channel?: number): Promise<Playback> => {
  allow(caller, "session.play");
  const { recording, verdict, manifest, channels } = await read(deps, dir, id);
  if (channels.some((c) => c.opened.kind === "desktop")) throw new Fault("conflict", "This is a recording of a desktop: it is played in the portal, on the session's own page.");
  const chosen = channel === undefined ? channels[0] : channels.find((c) => c.no === channel);
  if (channel !== undefined && !chosen) throw new Fault("not_found", `This session has no channel ${channel}.`);
  await deps.db.transaction((tx) => record(deps, tx, { what: "session.played", who: actor(caller), about: aboutOf(id, recording), outcome: "ok", facts: { complete: verdict.complete, channel: chosen?.no ?? 0 } }));
  const lines = chosen ? await restfully(deps.clock, gathering(castOf(manifest, chosen))) : [];
  return { verdict, channels: channels.map(infoOf), cast: lines.map((l) => `${l}\n`).join("") };
};

export type Transcript = { readonly verdict: Verdict; readonly channels: readonly ChannelInfo[]; readonly rows: readonly Row[]; readonly shortened: boolean };
/** Everything that was said, as text, masked. */
export const readTranscript = async (deps: Small, dir: string, caller: Caller, id: Recorded): Promise<Transcript> => {
  allow(caller, "session.play");
  const { recording, verdict, channels } = await read(deps, dir, id), rows = await restfully(deps.clock, transcribe(channels));
  await deps.db.transaction((tx) => record(deps, tx, { what: "session.read", who: actor(caller), about: aboutOf(id, recording), outcome: "ok", facts: { complete: verdict.complete } }));
  return { verdict, channels: channels.map(infoOf), rows, shortened: channels.some((c) => c.shortened) };
};

/** More of a recording is not held in memory at once. */
export const RAW = 128 * 1024 * 1024;
/** Of a desktop each key is an instruction of its own, in which no password is found: what was typed there stays in the file. */
const readable = (frames: readonly Frame[]): Buffer[] => {
  const desktops = new Set(frames.filter((f) => f.type === "opened" && kindOf(f) === "desktop").map((f) => f.channel));
  return frames.map((f) => (f.type === "input" && desktops.has(f.channel) ? Buffer.alloc(0) : f.data));
};
/** The frames themselves as JSON lines, data in base64. Passwords no longer in force stand in it; those that still open something are asterisks. */
export const rawRecording = async (deps: Small, dir: string, caller: Caller, id: SessionId, reason: string): Promise<string[]> => {
  if (!may(caller.person, "session.raw")) throw new Fault("forbidden", "Raw recordings are for auditors.");
  if (reason === "") throw new Fault("invalid", "Say why the raw recording is needed; the reason is in the audit log.");
  const r = await openRecording(deps, dir, id), frames: Frame[] = [];
  let size = 0;
  await restfully(deps.clock, reading(r, (f) => {
    if ((size += f.data.length) > RAW) throw new Fault("conflict", "This recording is too large to be taken out raw in one piece.");
    frames.push(f);
  }));
  await deps.db.transaction((tx) => record(deps, tx, { what: "session.raw", who: actor(caller), about: { session: id, recording: r.id }, outcome: "ok", why: reason }));
  // Where it is not settled which password is in force, none is known to be over.
  const settled = (await accounts.find(deps.db, r.account))?.credential === "in_sync", data = readable(frames);
  const inForce = (v: SecretRow): boolean => !settled || !["previous", "older", "rejected"].includes(v.status);
  await withPasswordsOf(deps, deps.db, r.account, async (secrets) => {
    for (const stream of new Set(frames.map((f) => `${f.channel} ${f.type}`))) {
      const at = [...frames.keys()].filter((i) => `${frames[i]!.channel} ${frames[i]!.type}` === stream);
      (await restfully(deps.clock, maskingBytes(at.map((i) => data[i]!), secrets))).forEach((d, k) => { data[at[k]!] = d; });
    }
  }, inForce);
  const lines = function* (): Generator<string> { for (const [i, f] of frames.entries()) yield JSON.stringify({ seq: f.seq, ms: f.time, type: f.type, channel: f.channel, data: data[i]!.toString("base64") }); };
  return restfully(deps.clock, gathering(lines()));
};
