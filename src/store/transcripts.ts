/** Lines of transcripts, for searching. Rule: sealed text and hashed words come in, never the text; derived rows: a recording's are replaced as a whole. */
import { and, asc, count, desc, eq, inArray, lt, sql } from "drizzle-orm";
import type { AccountId, RecordingId, SessionId } from "../kernel/ids.ts";
import type { Reader, Tx } from "./db.ts";
import { accounts, people, recordings, sessions, targets, transcriptLines } from "./schema.ts";
import { fromRow, matching, type Listed, type SessionFilter } from "./sessions.ts";

export type Line = { readonly no: number; readonly channel: number; readonly at: number; readonly kind: string; readonly sealed: Buffer; readonly words: string };
export type IndexState = "pending" | "building" | "done" | "shortened" | "unreadable";
const LEFT = ["pending", "building"];

/** `tries`: how often it was begun and did not come to its end. Of one that is being built `indexed_at` says when it was begun again. */
export type ToIndex = { readonly id: RecordingId; readonly session: SessionId; readonly tries: number };
const triesOf = (r: { state: string; at: Date | null }): number => (r.state === "pending" ? 0 : r.at === null ? 1 : 2);
/** The oldest recording of an ended session that is not indexed; `node`: only sessions of that one. */
export const nextToIndex = async (tx: Tx, node: string | null): Promise<ToIndex | null> => {
  const [r] = await tx.q.select({ id: recordings.id, session: recordings.session, state: recordings.indexState, at: recordings.indexedAt }).from(recordings).innerJoin(sessions, eq(sessions.id, recordings.session))
    .where(and(inArray(recordings.indexState, LEFT), eq(sessions.state, "ended"), node === null ? undefined : eq(sessions.node, node))).orderBy(asc(recordings.createdAt)).limit(1).for("no key update", { of: recordings, skipLocked: true });
  return r ? { id: r.id as RecordingId, session: r.session as SessionId, tries: triesOf(r) } : null;
};
/** Written before the work: should the process die of it, the next one knows. */
export const begin = async (tx: Tx, { id, tries }: ToIndex): Promise<void> => {
  await tx.q.delete(transcriptLines).where(eq(transcriptLines.recording, id));
  await tx.q.update(recordings).set({ indexState: "building", indexedAt: tries === 0 ? null : tx.now }).where(eq(recordings.id, id));
};
export const add = async (tx: Tx, id: RecordingId, session: SessionId, lines: readonly Line[]): Promise<void> =>
  void await tx.q.insert(transcriptLines).values(lines.map((l) => ({ ...l, recording: id, session }))).onConflictDoNothing();
export const finish = async (tx: Tx, id: RecordingId, state: IndexState): Promise<void> => void await tx.q.update(recordings).set({ indexState: state, indexedAt: tx.now }).where(eq(recordings.id, id));

export type Progress = { readonly left: number; readonly shortened: number; readonly unreadable: number };
export const progress = async ({ q }: Reader): Promise<Progress> => {
  // A change shown by hand has a recording and is not searched.
  const rows = await q.select({ state: recordings.indexState, n: count() }).from(recordings).innerJoin(sessions, eq(sessions.id, recordings.session)).groupBy(recordings.indexState), of = (...states: string[]): number => rows.filter((r) => states.includes(r.state)).reduce((n, r) => n + r.n, 0);
  return { left: of(...LEFT), shortened: of("shortened"), unreadable: of("unreadable") };
};

export type Found = Listed & { readonly row: number; readonly no: number; readonly channel: number; readonly at: number; readonly kind: string; readonly sealed: Buffer; readonly recording: RecordingId; readonly account: AccountId };
/** `phrases`: hashed words, those of one phrase next to each other. Latest indexed first. */
export const search = async ({ q }: Reader, phrases: readonly (readonly string[])[], f: SessionFilter & { readonly kind?: string; readonly before?: number; readonly limit?: number }): Promise<Found[]> => {
  const query = phrases.map((p) => p.join(" <-> ")).join(" & ");
  const rows = await q.select({ l: transcriptLines, s: sessions, personName: people.name, accountName: accounts.name, targetName: targets.name }).from(transcriptLines)
    .innerJoin(sessions, eq(sessions.id, transcriptLines.session)).innerJoin(people, eq(people.id, sessions.person)).innerJoin(accounts, eq(accounts.id, sessions.account)).innerJoin(targets, eq(targets.id, sessions.target))
    .where(and(sql`${transcriptLines.search} @@ to_tsquery('simple', ${query})`, ...matching(f), f.kind ? eq(transcriptLines.kind, f.kind) : undefined, f.before === undefined ? undefined : lt(transcriptLines.row, f.before)))
    .orderBy(desc(transcriptLines.row)).limit(f.limit ?? 50);
  return rows.map(({ l, s, ...names }) => ({ ...names, session: fromRow(s), row: l.row, no: l.no, channel: l.channel, at: l.at, kind: l.kind, sealed: l.sealed, recording: l.recording as RecordingId, account: s.account as AccountId }));
};
