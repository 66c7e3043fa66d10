/** Searching what was said in sessions. Rule: looking into recordings is an event of its own; the words asked for stand neither in SQL nor in the event, for they may be a password. */
import { Fault } from "../kernel/fault.ts";
import type { RecordingId } from "../kernel/ids.ts";
import { may } from "../domain/may.ts";
import { phrasesOf, snippet, type Part } from "../recordings/words.ts";
import type { Kind } from "../recordings/transcript.ts";
import * as sessions from "../store/sessions.ts";
import type { SessionFilter } from "../store/sessions.ts";
import * as transcripts from "../store/transcripts.ts";
import { mask } from "../vault/mask.ts";
import type { Deps } from "./deps.ts";
import { withPasswordsOf } from "./masked.ts";
import { actor, record, type Caller } from "./record.ts";
import { openLine } from "./transcribe.ts";

export type SearchAsk = { readonly text: string; readonly filter: SessionFilter; readonly kind?: Kind; readonly before?: number; readonly limit: number };
export type Hit = Omit<transcripts.Found, "sealed"> & { readonly parts: readonly Part[] };
export type Answer = { readonly hits: readonly Hit[]; readonly next: number | null; readonly progress: transcripts.Progress };
const MOST = 12;

export const searchSessions = async (deps: Deps, caller: Caller, ask: SearchAsk): Promise<Answer> => {
  if (!may(caller.person, "session.search")) throw new Fault("forbidden", "Searching in recordings is for auditors.");
  const phrases = phrasesOf(ask.text), words = new Set(phrases.flat()), hash = deps.keyring.wordHasher();
  if (words.size === 0 || words.size > MOST) throw new Fault("invalid", `Say one to ${MOST} whole words; "in quotes" they stand next to each other.`);
  const found = await transcripts.search(deps.db, phrases.map((p) => p.map(hash)), { ...ask.filter, ...(ask.kind ? { kind: ask.kind } : {}), ...(ask.before === undefined ? {} : { before: ask.before }), limit: ask.limit + 1 });
  const shown = found.slice(0, ask.limit), hits: Hit[] = [];
  for (const f of shown) hits.push(await hitOf(deps, f, words));
  await deps.db.transaction((tx) => record(deps, tx, { what: "session.searched", who: actor(caller), about: {}, outcome: "ok", facts: { words: words.size, hits: shown.length, filters: Object.keys(ask.filter).join(" "), more: found.length > shown.length } }));
  return { hits, next: found.length > shown.length ? shown.at(-1)!.row : null, progress: await transcripts.progress(deps.db) };
};

/** Masked once more: the vault may have learned passwords since the line was written. */
const hitOf = async (deps: Deps, { sealed, ...f }: transcripts.Found, words: ReadonlySet<string>): Promise<Hit> => {
  const row = (await sessions.recording(deps.db, f.recording))!, key = deps.keyring.openRecordingKey(row.id, row.wrapped, row.keyId);
  try {
    const text = openLine(key, row.id as RecordingId, { no: f.no, sealed });
    return { ...f, parts: snippet(await withPasswordsOf(deps, deps.db, f.account, (secrets) => mask([text], secrets)[0]!), words) };
  } finally { key.fill(0); }
};
export const indexProgress = (deps: Pick<Deps, "db">): Promise<transcripts.Progress> => transcripts.progress(deps.db);
