/** Indexing recordings. Rule: rows are truth: a recording begun and not finished is begun again, once: what ended the broker twice is not tried a third time; its text is masked before, sealed with the recording's own key, and its words leave as keyed hashes. */
import type { RecordingId } from "../kernel/ids.ts";
import { rest, restfully } from "../kernel/rest.ts";
import type { Secret } from "../kernel/secret.ts";
import { aad, openBytes, sealBytes, asSealed } from "../crypto/envelope.ts";
import { collector, type Channel } from "../recordings/channels.ts";
import { reading } from "../recordings/reader.ts";
import { transcribe, type Row } from "../recordings/transcript.ts";
import { wordsOf } from "../recordings/words.ts";
import type { Tx } from "../store/db.ts";
import * as transcripts from "../store/transcripts.ts";
import type { Line } from "../store/transcripts.ts";
import type { Deps } from "./deps.ts";
import { foreignHere } from "./transcribe-foreign.ts";
import { withPasswordsOf } from "./masked.ts";
import { maskingChannel, openRecording, type Opened } from "./recordings.ts";

/** Characters of a channel, rows and words of a recording that are indexed; more is marked as shortened. */
const TEXT = 4 * 1024 * 1024, ROWS = 20_000, WORDS = 2_000;
/** In characters: behind such a row others come first. */
const LONG = 8_192;
/** Rows a transaction, tries of a recording: a process that died may have died of it. */
const BATCH = 200, TRIES = 2;

const context = (recording: RecordingId, no: number): Buffer => aad("transcript", recording, no);
export const openLine = (key: Buffer, recording: RecordingId, l: Pick<Line, "no" | "sealed">): string => openBytes(key, context(recording, l.no), asSealed(l.sealed)).toString("utf8");

/** This broker's own come first: only of those a missing file says that nobody will ever read them. The embedded database has one broker. */
const claim = async (deps: Deps, dir: string): Promise<transcripts.ToIndex | null> => {
  const several = deps.db.engine === "postgresql", own = await begun(deps, (tx) => transcripts.nextToIndex(tx, several ? deps.node : null));
  if (own || !several) return own;
  return foreignHere(deps, dir, (f) => begun(deps, (tx) => transcripts.takeOver(tx, f, deps.node)));
};
const begun = (deps: Deps, take: (tx: Tx) => Promise<transcripts.ToIndex | null>): Promise<transcripts.ToIndex | null> => deps.db.transaction(async (tx) => {
  const r = await take(tx);
  if (r) await transcripts.begin(tx, r);
  return r;
});

/** The next recording of an ended session. False: none waits that this broker can read. */
export const indexNext = async (deps: Deps, dir: string): Promise<boolean> => {
  const next = await claim(deps, dir);
  if (!next) return false;
  const work = next.tries < TRIES ? build(deps, dir, next) : Promise.reject(new Error(`${TRIES} tries did not come to their end`));
  const state = await work.catch((e: unknown) => { deps.log("warn", `recording ${next.id} cannot be indexed: ${e instanceof Error ? e.message : String(e)}`); return "unreadable" as const; });
  await deps.db.transaction((tx) => transcripts.finish(tx, next.id, state));
  deps.bus.publish("indexed");
  return true;
};

const build = async (deps: Deps, dir: string, { id, session }: transcripts.ToIndex): Promise<transcripts.IndexState> => {
  const r = await openRecording(deps, dir, session), channels = await collect(deps, r), key = r.key.export(), hash = deps.keyring.wordHasher();
  let no = 0, shortened = channels.some((c) => c.shortened);
  try {
    for (const c of channels) {
      await rest();
      const masked = await withPasswordsOf(deps, deps.db, r.account, (secrets: readonly Secret[]) => restfully(deps.clock, maskingChannel(c, secrets))), all = await restfully(deps.clock, transcribe([masked])), rows = all.slice(0, ROWS - no);
      shortened ||= rows.length < all.length;
      for (let i = 0; i < rows.length; i += BATCH) {
        const lines: Line[] = [];
        for (const row of rows.slice(i, i + BATCH)) { lines.push(lineOf(deps, key, id, no++, row, hash)); if (row.text.length > LONG) await rest(); }
        await deps.db.transaction((tx) => transcripts.add(tx, id, session, lines));
        await rest();
      }
    }
  } finally { key.fill(0); }
  return shortened ? "shortened" : "done";
};
const collect = async (deps: Deps, r: Opened): Promise<readonly Channel[]> => {
  const into = collector(TEXT);
  await restfully(deps.clock, reading(r, into.add));
  return into.told().channels;
};
const lineOf = (deps: Deps, key: Buffer, id: RecordingId, no: number, row: Row, hash: (word: string) => string): Line => ({
  no, channel: row.channel, at: row.at, kind: row.kind, sealed: sealBytes(key, context(id, no), Buffer.from(row.text, "utf8"), deps.random), words: wordsOf(row.text).slice(0, WORDS).map(hash).join(" "),
});
