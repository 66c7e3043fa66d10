/**
 * A desktop's recording as Guacamole's player takes it. Rule: read from end to end against its chain first, and written down; what was typed is no part
 * of it, and what was drawn is shown as it was: nothing can be masked in a picture.
 */
import { Fault } from "../kernel/fault.ts";
import type { SessionId } from "../kernel/ids.ts";
import { may } from "../domain/may.ts";
import { readFrames, verifyRecording, type Verdict } from "../recordings/reader.ts";
import { actor, record, type Caller } from "./record.ts";
import { openRecording, RAW, type Small } from "./recordings.ts";

/** A desktop is the one channel of its session. */
const DESKTOP = 1;

export type DesktopPlayback = { readonly verdict: Verdict; readonly stream: Buffer };
export const playDesktop = async (deps: Small, dir: string, caller: Caller, id: SessionId): Promise<DesktopPlayback> => {
  if (!may(caller.person, "session.play")) throw new Fault("forbidden", "Recordings are for auditors.");
  const r = await openRecording(deps, dir, id), verdict = verifyRecording(r.file, r.key, r.id), parts: Buffer[] = [];
  let size = 0, desktop = false;
  for (const f of readFrames(r.file, r.key, r.id)) {
    if (f.channel !== DESKTOP) continue;
    if (f.type === "opened") desktop = (JSON.parse(f.data.toString()) as { kind?: string }).kind === "desktop";
    if (f.type !== "output") continue;
    if ((size += f.data.length) > RAW) throw new Fault("conflict", "This recording is too large to be played in one piece. Its raw frames can be taken out.");
    parts.push(Buffer.from(f.data));
  }
  if (!desktop) throw new Fault("conflict", "This is no recording of a desktop.");
  await deps.db.transaction((tx) => record(deps, tx, {
    what: "session.played", who: actor(caller), about: { session: id, recording: r.id }, outcome: "ok", facts: { complete: verdict.complete, channel: DESKTOP },
  }));
  return { verdict, stream: Buffer.concat(parts) };
};
