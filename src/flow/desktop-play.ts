/**
 * A desktop's recording as Guacamole's player takes it. Rule: read from end to end against its chain first, and written down; what was typed is no part
 * of it, and what was drawn is shown as it was: nothing can be masked in a picture.
 */
import { Fault } from "../kernel/fault.ts";
import type { SessionId } from "../kernel/ids.ts";
import { restfully, type Work } from "../kernel/rest.ts";
import type { Fact } from "../domain/audit.ts";
import { may } from "../domain/may.ts";
import { reading, type Verdict } from "../recordings/reader.ts";
import { kindOf } from "../recordings/whole.ts";
import { actor, record, type Caller } from "./record.ts";
import { openRecording, RAW, type Opened, type Small } from "./recordings.ts";

/** A desktop is the one channel of its session. */
const DESKTOP = 1;

/** What a small picture is drawn from: the beginning, of so many bytes at most. */
const GLIMPSE = 1024 * 1024;

const requirePlays = (caller: Caller): void => { if (!may(caller.person, "session.play")) throw new Fault("forbidden", "Recordings are for auditors."); };
type Stream = { readonly verdict: Verdict | null; readonly stream: Buffer };
/** `enough`: asked with the size so far at each piece; true ends it, and then there is no verdict. */
function* streaming(r: Opened, enough: (size: number) => boolean): Work<Stream> {
  const parts: Buffer[] = [];
  let size = 0, desktop = false, over = false, verdict: Verdict | null = null;
  const work = reading(r, (f) => {
    if (f.channel !== DESKTOP || over) return;
    if (f.type === "opened") desktop ||= kindOf(f) === "desktop";
    if (f.type !== "output") return;
    over = enough(size += f.data.length);
    if (!over) parts.push(f.data);
  });
  for (let step = work.next(); ; step = work.next()) {
    if (step.done === true) { verdict = step.value; break; }
    if (over) { work.return(undefined as never); break; }
    yield;
  }
  if (!desktop) throw new Fault("conflict", "This is no recording of a desktop.");
  return { verdict, stream: Buffer.concat(parts) };
}
const written = (deps: Small, caller: Caller, r: Opened, facts: Record<string, Fact>): Promise<void> => deps.db.transaction((tx) => record(deps, tx, {
  what: "session.played", who: actor(caller), about: { session: r.session, recording: r.id }, outcome: "ok", facts: { ...facts, channel: DESKTOP },
}));

export type DesktopPlayback = { readonly verdict: Verdict; readonly stream: Buffer };
export const playDesktop = async (deps: Small, dir: string, caller: Caller, id: SessionId): Promise<DesktopPlayback> => {
  requirePlays(caller);
  const r = await openRecording(deps, dir, id);
  const { verdict, stream } = await restfully(deps.clock, streaming(r, (size) => { if (size > RAW) throw new Fault("conflict", "This recording is too large to be played in one piece. Its raw frames can be taken out."); return false; }));
  await written(deps, caller, r, { complete: verdict!.complete });
  return { verdict: verdict!, stream };
};

/** How it looked at its beginning, for a list: whole pieces, each proven by itself, the chain is not walked. An event like any playing. */
export const glimpseDesktop = async (deps: Small, dir: string, caller: Caller, id: SessionId): Promise<Buffer> => {
  requirePlays(caller);
  const r = await openRecording(deps, dir, id), { stream } = await restfully(deps.clock, streaming(r, (size) => size > GLIMPSE));
  await written(deps, caller, r, { picture: true });
  return stream;
};
