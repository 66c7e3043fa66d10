/** Lines of transcripts, for searching. Rule: sealed text and hashed words come in, never the text; derived rows: a recording's are replaced as a whole. */
import { and, asc, count, desc, eq, gt, inArray, lt, ne, or, sql } from "drizzle-orm";
import type { AccountId, RecordingId, SessionId } from "../kernel/ids.ts";
import type { Reader, Tx } from "./db.ts";
import { accounts, meta, people, recordings, sessions, targets, transcriptLines } from "./schema.ts";
import { fromRow, matching, type Listed, type SessionFilter } from "./sessions.ts";

export type Line = { readonly no: number; readonly channel: number; readonly at: number; readonly kind: string; readonly sealed: Buffer; readonly words: string };
export type IndexState = "pending" | "building" | "done" | "shortened" | "unreadable";
const LEFT = ["pending", "building"];

/** `tries`: how often it was begun and did not come to its end. Of one that is being built `indexed_at` says when it was begun again. */
export type ToIndex = { readonly id: RecordingId; readonly session: SessionId; readonly tries: number };
const triesOf = (r: { state: string; at: Date | null }): number => (r.state === "pending" ? 0 : r.at === null ? 1 : 2);
/** Whose it is to index: the broker that took it over from another and began it, or the one whose session it was. */
const takenKey = (id: RecordingId): string => `index/${id}`;
const owner = sql<string>`coalesce((select ${meta.value} from ${meta} where ${recordings.indexState} = 'building' and ${meta.key} = 'index/' || ${recordings.id}), ${sessions.node})`;
/** The oldest recording of an ended session that is not indexed; `node`: only that one's. */
export const nextToIndex = async (tx: Tx, node: string | null): Promise<ToIndex | null> => {
  const [r] = await tx.q.select({ id: recordings.id, session: recordings.session, state: recordings.indexState, at: recordings.indexedAt }).from(recordings).innerJoin(sessions, eq(sessions.id, recordings.session))
    .where(and(inArray(recordings.indexState, LEFT), eq(sessions.state, "ended"), node === null ? undefined : eq(owner, node))).orderBy(asc(recordings.createdAt)).limit(1).for("no key update", { of: recordings, skipLocked: true });
  if (!r || (node !== null && !await owns(tx, r.id, node))) return null;
  return { id: r.id as RecordingId, session: r.session as SessionId, tries: triesOf(r) };
};
/** Asked once the row is locked: the statement that locked it may have looked at its owner before another broker's commit. */
const owns = async (tx: Tx, id: string, node: string): Promise<boolean> =>
  (await tx.q.select({ owner }).from(recordings).innerJoin(sessions, eq(sessions.id, recordings.session)).where(eq(recordings.id, id)))[0]?.owner === node;

/** One that is another broker's to index. `seen`: as it stood, to be taken only as long as it does. */
export type Foreign = { readonly id: RecordingId; readonly file: string; readonly seen: string; readonly begun: boolean; readonly place: Place };
export type Place = { readonly at: Date; readonly id: string };
const seen = sql<string>`${recordings.indexState} || ' ' || coalesce(${recordings.indexedAt}::text, '') || ' ' || ${owner}`;
/** Behind `after`, oldest first. */
export const foreign = async ({ q }: Reader, node: string, after: Place | null, limit: number): Promise<Foreign[]> => {
  const behind = after === null ? undefined : or(gt(recordings.createdAt, after.at), and(eq(recordings.createdAt, after.at), gt(recordings.id, after.id)));
  const rows = await q.select({ id: recordings.id, file: recordings.file, state: recordings.indexState, at: recordings.createdAt, seen }).from(recordings).innerJoin(sessions, eq(sessions.id, recordings.session))
    .where(and(inArray(recordings.indexState, LEFT), eq(sessions.state, "ended"), ne(owner, node), behind)).orderBy(asc(recordings.createdAt), asc(recordings.id)).limit(limit);
  return rows.map((r) => ({ id: r.id as RecordingId, file: r.file, seen: r.seen, begun: r.state === "building", place: { at: r.at!, id: r.id } }));
};
/** Null: another took it meanwhile, or has it in hand. */
export const takeOver = async (tx: Tx, f: Foreign, node: string): Promise<ToIndex | null> => {
  const [r] = await tx.q.select({ session: recordings.session, state: recordings.indexState, at: recordings.indexedAt, seen }).from(recordings).innerJoin(sessions, eq(sessions.id, recordings.session))
    .where(and(eq(recordings.id, f.id), inArray(recordings.indexState, LEFT))).for("no key update", { of: recordings, skipLocked: true });
  if (r?.seen !== f.seen) return null;
  await tx.q.insert(meta).values({ key: takenKey(f.id), value: node }).onConflictDoUpdate({ target: meta.key, set: { value: node } });
  return { id: f.id, session: r.session as SessionId, tries: triesOf(r) };
};
/** Written before the work: should the process die of it, the next one knows. */
export const begin = async (tx: Tx, { id, tries }: ToIndex): Promise<void> => {
  await tx.q.delete(transcriptLines).where(eq(transcriptLines.recording, id));
  await tx.q.update(recordings).set({ indexState: "building", indexedAt: tries === 0 ? null : tx.now }).where(eq(recordings.id, id));
};
export const add = async (tx: Tx, id: RecordingId, session: SessionId, lines: readonly Line[]): Promise<void> =>
  void await tx.q.insert(transcriptLines).values(lines.map((l) => ({ ...l, recording: id, session }))).onConflictDoNothing();
export const finish = async (tx: Tx, id: RecordingId, state: IndexState): Promise<void> => {
  await tx.q.update(recordings).set({ indexState: state, indexedAt: tx.now }).where(eq(recordings.id, id));
  await tx.q.delete(meta).where(eq(meta.key, takenKey(id)));
};

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
