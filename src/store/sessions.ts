/** Proxied sessions and their recordings. Rule: `save` spends a Step; a lease is renewed in bulk by the node that owns the sessions. */
import { and, desc, eq, gte, inArray, lt, ne, sql, type SQL } from "drizzle-orm";
import { Fault } from "../kernel/fault.ts";
import type { AccountId, DemonstrationId, PersonId, RecordingId, RequestId, SessionId, TargetId } from "../kernel/ids.ts";
import type { Ledger } from "../domain/ledger.ts";
import type { EndedWhy, Protocol, Session, State, Step, Via } from "../domain/session.ts";
import type { Reader, Tx } from "./db.ts";
import { accounts, people, recordings, sessions, targets } from "./schema.ts";

type Row = typeof sessions.$inferSelect;
export const fromRow = (r: Row): Session => {
  const common = {
    id: r.id as SessionId, request: r.request as RequestId, person: r.person as PersonId, account: r.account as AccountId, target: r.target as TargetId,
    protocol: r.protocol as Protocol, via: r.via as Via, address: r.address, recording: r.recording as RecordingId, node: r.node, openedAt: r.openedAt,
  };
  switch (r.state as State) {
    case "opening": return { ...common, state: "opening" };
    case "live": return { ...common, state: "live", liveAt: r.liveAt! };
    case "ended": return { ...common, state: "ended", liveAt: r.liveAt, endedAt: r.endedAt!, why: r.why as EndedWhy, detail: r.detail ?? "", bytes: r.bytes };
  }
};

export const open = async (tx: Tx, s: Session<"opening">, leaseUntil: Date): Promise<void> => void await tx.q.insert(sessions).values({ ...s, leaseUntil });
export const save = async (tx: Tx, { from, to }: Step): Promise<Session> => {
  const set = to.state === "live" ? { liveAt: to.liveAt } : to.state === "ended" ? { endedAt: to.endedAt, why: to.why, detail: to.detail, bytes: to.bytes } : {};
  const rows = await tx.q.update(sessions).set({ state: to.state, ...set }).where(and(eq(sessions.id, from.id), eq(sessions.state, from.state))).returning({ id: sessions.id });
  if (rows.length === 0) throw new Fault("conflict", "This session moved on a moment ago.");
  return to;
};
export const find = async ({ q }: Reader, id: SessionId): Promise<Session | null> => { const [r] = await q.select().from(sessions).where(eq(sessions.id, id)); return r ? fromRow(r) : null; };
export const lock = async (tx: Tx, id: SessionId): Promise<Session> => {
  const [r] = await tx.q.select().from(sessions).where(eq(sessions.id, id)).for("update");
  if (!r) throw new Fault("not_found", "No such session.");
  return fromRow(r);
};
export const openWhere = async ({ q }: Reader, by: { account?: AccountId; request?: RequestId; person?: PersonId; target?: TargetId; node?: string }): Promise<Session[]> =>
  (await q.select().from(sessions).where(and(
    ne(sessions.state, "ended"), by.account ? eq(sessions.account, by.account) : undefined, by.request ? eq(sessions.request, by.request) : undefined, by.person ? eq(sessions.person, by.person) : undefined,
    by.target ? eq(sessions.target, by.target) : undefined, by.node ? eq(sessions.node, by.node) : undefined,
  ))).map(fromRow);
/** Open sessions of every account at once. */
export const openByAccount = async ({ q }: Reader): Promise<ReadonlyMap<AccountId, readonly SessionId[]>> => {
  const out = new Map<AccountId, SessionId[]>();
  for (const r of await q.select({ id: sessions.id, account: sessions.account }).from(sessions).where(ne(sessions.state, "ended"))) out.set(r.account as AccountId, [...out.get(r.account as AccountId) ?? [], r.id as SessionId]);
  return out;
};
export const renew = async (tx: Tx, ids: readonly SessionId[], until: Date): Promise<void> => {
  if (ids.length > 0) await tx.q.update(sessions).set({ leaseUntil: until }).where(and(inArray(sessions.id, [...ids]), ne(sessions.state, "ended")));
};
/** Sessions whose owner has been silent past the take-over time. */
export const orphaned = async ({ q }: Reader, before: Date): Promise<SessionId[]> =>
  (await q.select({ id: sessions.id }).from(sessions).where(and(ne(sessions.state, "ended"), lt(sessions.leaseUntil, before)))).map((r) => r.id as SessionId);
/** Who asked for the cut, and why: the reason of the end is theirs even when the process reports another. */
export const markCut = async (tx: Tx, id: SessionId, why: string, by: string): Promise<void> => void await tx.q.update(sessions).set({ cutWhy: why, cutBy: by }).where(and(eq(sessions.id, id), sql`cut_why is null`));
export const cutOf = async ({ q }: Reader, id: SessionId): Promise<{ why: string; by: string } | null> => {
  const [r] = await q.select({ why: sessions.cutWhy, by: sessions.cutBy }).from(sessions).where(eq(sessions.id, id));
  return r?.why ? { why: r.why, by: r.by ?? "" } : null;
};

/** A command rule spoke in it. */
export const flag = async (tx: Tx, id: SessionId): Promise<void> => void await tx.q.update(sessions).set({ flagged: true }).where(eq(sessions.id, id));

/** Written with the end; null: it has not ended, or its process died with it. */
export const keepLedger = async (tx: Tx, id: SessionId, ledger: Ledger): Promise<void> => void await tx.q.update(sessions).set({ ledger }).where(eq(sessions.id, id));
export const ledgerOf = async ({ q }: Reader, id: SessionId): Promise<Ledger | null> => (await q.select({ ledger: sessions.ledger }).from(sessions).where(eq(sessions.id, id)))[0]?.ledger ?? null;

export type Listed = { readonly flagged?: boolean; readonly session: Session; readonly personName: string; readonly accountName: string; readonly targetName: string };
export type SessionFilter = {
  readonly id?: SessionId; readonly person?: PersonId; readonly request?: RequestId; readonly account?: AccountId; readonly target?: TargetId; readonly live?: boolean; readonly why?: EndedWhy; readonly protocol?: string;
  readonly from?: Date; readonly to?: Date;
  /** A command rule marked it. */
  readonly marked?: boolean;
  /** Over, and its recording ends early or was recovered. */
  readonly gaps?: boolean;
};
export const matching = (f: SessionFilter): (SQL | undefined)[] => [
  f.id ? eq(sessions.id, f.id) : undefined, f.person ? eq(sessions.person, f.person) : undefined, f.request ? eq(sessions.request, f.request) : undefined, f.account ? eq(sessions.account, f.account) : undefined, f.target ? eq(sessions.target, f.target) : undefined,
  f.live === true ? ne(sessions.state, "ended") : undefined, f.why ? eq(sessions.why, f.why) : undefined, f.protocol ? eq(sessions.protocol, f.protocol) : undefined,
  f.from ? gte(sessions.openedAt, f.from) : undefined, f.to ? lt(sessions.openedAt, f.to) : undefined,
  f.gaps === true ? sql`${sessions.state} = 'ended' and exists (select 1 from recordings r where r.id = ${sessions.recording} and r.state <> 'closed')` : undefined,
  f.marked === true ? sql`exists (select 1 from events e where e.what = 'session.event' and e.about @> jsonb_build_object('session', ${sessions.id}) and e.facts ? 'rule')` : undefined,
];
export const list = async ({ q }: Reader, filter: SessionFilter & { before?: Date; limit?: number }): Promise<Listed[]> => {
  const rows = await q.select({ s: sessions, personName: people.name, accountName: accounts.name, targetName: targets.name }).from(sessions)
    .innerJoin(people, eq(people.id, sessions.person)).innerJoin(accounts, eq(accounts.id, sessions.account)).innerJoin(targets, eq(targets.id, sessions.target))
    .where(and(...matching(filter), filter.before ? lt(sessions.openedAt, filter.before) : undefined)).orderBy(desc(sessions.openedAt), desc(sessions.id)).limit(filter.limit ?? 100);
  return rows.map(({ s, ...names }) => ({ session: fromRow(s), flagged: s.flagged, ...names }));
};

export type RecordingRow = typeof recordings.$inferSelect;
export const addRecording = async (tx: Tx, r: Pick<RecordingRow, "id" | "session" | "file" | "wrapped" | "keyId">): Promise<void> => void await tx.q.insert(recordings).values({ ...r, createdAt: tx.now });
export const recording = async ({ q }: Reader, id: RecordingId): Promise<RecordingRow | null> => (await q.select().from(recordings).where(eq(recordings.id, id)))[0] ?? null;
/** Of a session, or of a change shown by hand. */
export const recordingOf = async ({ q }: Reader, of: SessionId | DemonstrationId): Promise<RecordingRow | null> => (await q.select().from(recordings).where(eq(recordings.session, of)))[0] ?? null;
export const markRecording = async (tx: Tx, id: RecordingId, set: Partial<Pick<RecordingRow, "chunks" | "hash" | "bytes" | "state">>): Promise<void> => void await tx.q.update(recordings).set(set).where(eq(recordings.id, id));
export const openRecordings = async ({ q }: Reader): Promise<RecordingRow[]> => q.select().from(recordings).where(eq(recordings.state, "open"));
