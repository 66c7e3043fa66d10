/** A terminal session and its recording, without a target: what was shown when is what the caller says. Rule: no time passes; the recorder's clock is set by hand. */
import { createSecretKey } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { admit, sessionEnded, sessionEvent, sessionLive } from "../../src/flow/session.ts";
import type { Caller } from "../../src/flow/record.ts";
import type { SessionId } from "../../src/kernel/ids.ts";
import { startRecording } from "../../src/recordings/writer.ts";
import type { TestCore } from "../broker.ts";

/** Milliseconds after the channel opened, and what came then. */
export type Shown = readonly (readonly [at: number, text: string])[];
export const recorded = async ({ deps: flow, places }: Pick<TestCore, "deps" | "places">, who: Caller, account: string, target: string, shown: Shown): Promise<SessionId> => {
  const a = await admit(flow, who, account, target, "shell"), key = createSecretKey(a.recording.key), directory = places.recordings;
  let mono = 0;
  mkdirSync(directory, { recursive: true });
  const r = startRecording({
    file: join(directory, `${a.recording.id}.lsr`), directory, recording: a.recording.id, key, clock: { now: () => flow.clock.now(), mono: () => mono }, onDead: (e) => { throw e; },
    manifest: { session: a.session, person: who.person.name, account, target, address: "127.0.0.1", protocol: "ssh", started: a.started.toISOString() },
  });
  r.put("opened", 1, Buffer.from(JSON.stringify({ kind: "shell", term: "xterm-256color", cols: 100, rows: 26 })));
  for (const [at, text] of shown) { mono = at; r.put("output", 1, Buffer.from(text)); }
  const head = await r.close("client_closed");
  await sessionLive(flow, a.session);
  await sessionEvent(flow, a.session, { kind: "channel_opened", channel: 1, type: "shell" }, false);
  await sessionEnded(flow, a.session, { why: "client_closed", detail: "", bytes: 412, identityChanged: false, facts: {}, recording: { ...head, complete: true } });
  return a.session;
};
