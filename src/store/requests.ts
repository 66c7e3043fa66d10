/** Requests and votes as rows. Rule: `save` is the only consumer of a Step, and zero rows means somebody moved first. */
import { and, asc, desc, eq, gt, inArray, isNotNull, isNull, lt, ne, notInArray, or, sql } from "drizzle-orm";
import { Fault } from "../kernel/fault.ts";
import type { AccountId, PersonId, PolicyId, RequestId, VoteId } from "../kernel/ids.ts";
import type { Hold } from "../domain/account.ts";
import { desktopOf } from "../domain/desktop.ts";
import { carriesShells } from "../domain/platform.ts";
import type { Preset } from "../domain/policy.ts";
import type { CloseWhy, Request, State, Step } from "../domain/request.ts";
import type { Vote } from "../domain/vote.ts";
import { violated, type Reader, type Tx } from "./db.ts";
import { accounts, people, requests, targets, votes } from "./schema.ts";

type Row = typeof requests.$inferSelect;

export const fromRow = (r: Row): Request => {
  const common = {
    id: r.id as RequestId, requester: r.requester as PersonId, exclusive: r.exclusive, review: r.review, submittedAt: r.submittedAt, termsHash: r.termsHash,
    terms: {
      account: r.account as AccountId, policy: r.policy as PolicyId, preset: r.preset as Preset, minutes: r.askedMinutes, reason: r.reason, ticket: r.ticket,
      ...(r.windowStart && r.windowEnd ? { window: { from: r.windowStart.toISOString(), to: r.windowEnd.toISOString() } } : {}),
    },
  };
  const ended = { by: r.by as PersonId, reason: r.endReason ?? "", endedAt: r.endedAt! };
  const closed = { checkedOutAt: r.checkedOutAt!, until: r.until!, closedAt: r.endedAt!, why: r.why as CloseWhy, by: r.by as PersonId | null, reason: ended.reason };
  switch (r.state as State) {
    case "pending": return { ...common, state: "pending", expiresAt: r.expiresAt };
    case "approved": return { ...common, state: "approved", approvedAt: r.approvedAt!, minutes: r.minutes!, startBy: r.startBy!, offeredUntil: r.offeredUntil, pausedAt: r.pausedAt };
    case "checked_out": return { ...common, state: "checked_out", minutes: r.minutes!, checkedOutAt: r.checkedOutAt!, until: r.until!, idleWarnedAt: r.idleWarnedAt };
    case "closed": return { ...common, state: "closed", ...closed };
    case "denied": return { ...common, state: "denied", ...ended };
    case "cancelled": return { ...common, state: "cancelled", ...ended };
    case "revoked": return { ...common, state: "revoked", ...ended };
    case "reviewed": return { ...common, state: "reviewed", ...closed, reviewedAt: r.reviewedAt!, reviewer: r.reviewer as PersonId, verdict: r.verdict! };
    case "expired": return { ...common, state: "expired", endedAt: r.endedAt! };
  }
};

const columns = (r: Request): Partial<typeof requests.$inferInsert> => {
  switch (r.state) {
    case "pending": return { expiresAt: r.expiresAt };
    case "approved": return { approvedAt: r.approvedAt, minutes: r.minutes, startBy: r.startBy, offeredUntil: r.offeredUntil, pausedAt: r.pausedAt };
    case "checked_out": return { checkedOutAt: r.checkedOutAt, until: r.until, minutes: r.minutes, idleWarnedAt: r.idleWarnedAt };
    case "closed": return { endedAt: r.closedAt, why: r.why, by: r.by, endReason: r.reason };
    case "expired": return { endedAt: r.endedAt };
    case "reviewed": return { reviewedAt: r.reviewedAt, reviewer: r.reviewer, verdict: r.verdict };
    case "denied": case "cancelled": case "revoked": return { endedAt: r.endedAt, by: r.by, endReason: r.reason };
  }
};

export const submit = async (tx: Tx, r: Request<"pending">): Promise<void> => {
  const { account, policy, preset, minutes, reason, ticket, window } = r.terms;
  await tx.q.insert(requests).values({
    id: r.id, requester: r.requester, account, policy, preset, askedMinutes: minutes, reason, ticket, termsHash: r.termsHash, exclusive: r.exclusive, submittedAt: r.submittedAt, ...columns(r), expiresAt: r.expiresAt,
    review: r.review, kind: preset === "break-glass" ? "break_glass" : "normal", ...(window ? { windowStart: new Date(window.from), windowEnd: new Date(window.to) } : {}),
  });
};

/** Spends a step. A second exclusive hold of the account is refused here, by the database. */
export const save = async (tx: Tx, { from, to }: Step): Promise<Request> => {
  try {
    const rows = await tx.q.update(requests).set({ state: to.state, ...columns(to) }).where(and(eq(requests.id, from.id), eq(requests.state, from.state))).returning({ id: requests.id });
    if (rows.length === 0) throw new Fault("conflict", "This request was changed by somebody else a moment ago. Look again.");
    return to;
  } catch (e) {
    if (violated(e) === "one_window_at_a_time") throw new Fault("conflict", "Another approved window of this account overlaps this one. Look at the request again: it names the other.");
    if (violated(e) === "one_exclusive_hold") throw new Fault("conflict", "Somebody else holds this account. It is yours when they give it back or their time is up.");
    throw e;
  }
};

export const find = async ({ q }: Reader, id: RequestId): Promise<Request | null> => {
  const [row] = await q.select().from(requests).where(eq(requests.id, id));
  return row ? fromRow(row) : null;
};
/** The row, locked until the transaction ends. */
export const lock = async (tx: Tx, id: RequestId): Promise<Request> => {
  const [row] = await tx.q.select().from(requests).where(eq(requests.id, id)).for("no key update");
  if (!row) throw new Fault("not_found", "No such request.");
  return fromRow(row);
};

export const holds = async ({ q }: Reader, account: AccountId): Promise<Hold[]> => {
  const rows = await q.select({ person: people.id, personName: people.name, until: requests.until, exclusive: requests.exclusive, policy: requests.policy })
    .from(requests).innerJoin(people, eq(people.id, requests.requester)).where(and(eq(requests.account, account), eq(requests.state, "checked_out")));
  return rows.map((r) => ({ person: r.person as PersonId, personName: r.personName, until: r.until!, exclusive: r.exclusive, policy: r.policy as PolicyId }));
};
/** The same of every account at once. */
export const allHolds = async ({ q }: Reader): Promise<ReadonlyMap<AccountId, readonly Hold[]>> => {
  const rows = await q.select({ account: requests.account, person: people.id, personName: people.name, until: requests.until, exclusive: requests.exclusive, policy: requests.policy })
    .from(requests).innerJoin(people, eq(people.id, requests.requester)).where(eq(requests.state, "checked_out")), out = new Map<AccountId, Hold[]>();
  for (const { account, ...r } of rows) out.set(account as AccountId, [...out.get(account as AccountId) ?? [], { person: r.person as PersonId, personName: r.personName, until: r.until!, exclusive: r.exclusive, policy: r.policy as PolicyId }]);
  return out;
};
const windows = (r: Request) => and(eq(requests.account, r.terms.account), requests.exclusive, ne(requests.id, r.id), isNotNull(requests.windowStart), inArray(requests.state, ["approved", "checked_out"]));
/** The next approved window of somebody else that has not begun. */
export const nextWindow = async (tx: Tx, r: Request): Promise<Request | null> => {
  const [row] = await tx.q.select().from(requests).where(and(windows(r), ne(requests.requester, r.requester), gt(requests.windowStart, tx.now))).orderBy(asc(requests.windowStart)).limit(1);
  return row ? fromRow(row) : null;
};
export const overlapping = async (tx: Tx, r: Request): Promise<{ request: Request; requesterName: string } | null> => {
  const { from, to } = r.terms.window!;
  const [row] = await tx.q.select({ r: requests, name: people.name }).from(requests).innerJoin(people, eq(people.id, requests.requester)).where(and(windows(r), lt(requests.windowStart, new Date(to)), gt(requests.windowEnd, new Date(from)))).limit(1);
  return row ? { request: fromRow(row.r), requesterName: row.name } : null;
};
export const live = async ({ q }: Reader, account: AccountId): Promise<Request<"checked_out">[]> =>
  (await q.select().from(requests).where(and(eq(requests.account, account), eq(requests.state, "checked_out")))).map(fromRow) as Request<"checked_out">[];

/** What this person may use on this account right now or as soon as they start it: checked out first. */
export const usable = async ({ q }: Reader, person: PersonId, account: AccountId): Promise<Request<"approved" | "checked_out">[]> =>
  (await q.select().from(requests).where(and(eq(requests.requester, person), eq(requests.account, account), inArray(requests.state, ["approved", "checked_out"])))
    .orderBy(desc(requests.state), asc(requests.approvedAt))).map(fromRow) as Request<"approved" | "checked_out">[];

/** Requests whose time is over: pending past expiresAt, approved past startBy while its account is free for it or its window is over, checked out past until. */
export const overdue = async ({ q }: Reader, now: Date, limit = 100): Promise<RequestId[]> => {
  const rows = await q.select({ id: requests.id }).from(requests).where(or(
    and(eq(requests.state, "pending"), lt(requests.expiresAt, now)), and(eq(requests.state, "approved"), or(isNull(requests.pausedAt), isNotNull(requests.windowStart)), lt(requests.startBy, now)), and(eq(requests.state, "checked_out"), lt(requests.until, now)),
  )).limit(limit);
  return rows.map((r) => r.id as RequestId);
};
/** When the next one becomes overdue, for the timer. */
export const nextDeadline = async ({ q }: Reader): Promise<Date | null> => {
  const rows = await q.select({ at: sql<string | null>`min(case state when 'pending' then expires_at when 'approved' then case when paused_at is null or window_start is not null then start_by end else "until" end)` })
    .from(requests).where(inArray(requests.state, ["pending", "approved", "checked_out"]));
  return rows[0]?.at ? new Date(rows[0].at) : null;
};

export type ExpiringId = RequestId;
const toldAt = (ms: number) => sql`(${requests.until} - ${ms} * interval '1 millisecond')`;
const untold = (ms: number) => and(eq(requests.state, "checked_out"), sql`${requests.checkedOutAt} < ${toldAt(ms)}`,
  sql`not exists (select 1 from notices n where n.once = 'expiring/' || ${requests.id} || '/' || to_char(${requests.until} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))`);
/** Checkouts whose end is `ms` away or nearer, and of which nobody was told yet. */
export const expiring = async ({ q }: Reader, ms: number): Promise<ExpiringId[]> =>
  (await q.select({ id: requests.id }).from(requests).where(and(untold(ms), sql`${toldAt(ms)} <= now()`)).limit(100)).map((r) => r.id as ExpiringId);
export const nextExpiring = async ({ q }: Reader, ms: number): Promise<Date | null> => {
  const [r] = await q.select({ at: sql<string | null>`min(${toldAt(ms)})` }).from(requests).where(untold(ms));
  return r?.at ? new Date(r.at) : null;
};

export type Listed = { readonly request: Request; readonly requesterName: string; readonly accountName: string; readonly targetName: string;
  /** A shell, or a desktop, can be had on it. */
  readonly carries: boolean; readonly desktop: boolean };
export const list = async ({ q }: Reader, filter: { requester?: PersonId; states?: readonly State[]; account?: AccountId; limit?: number; before?: Date; review?: boolean; preset?: Preset; seenBy?: { readonly person: PersonId; readonly policies: readonly PolicyId[] }; policies?: readonly PolicyId[]; notOf?: readonly PersonId[]; notVotedBy?: PersonId; oldestFirst?: boolean }): Promise<Listed[]> => {
  const way = filter.oldestFirst ? asc : desc;
  const rows = await q.select({ r: requests, requesterName: people.name, accountName: accounts.name, targetName: targets.name, platform: targets.platform, settings: targets.settings }).from(requests)
    .innerJoin(people, eq(people.id, requests.requester)).innerJoin(accounts, eq(accounts.id, requests.account)).innerJoin(targets, eq(targets.id, accounts.target))
    .where(and(
      filter.requester ? eq(requests.requester, filter.requester) : undefined, filter.states ? inArray(requests.state, [...filter.states]) : undefined,
      filter.account ? eq(requests.account, filter.account) : undefined, filter.before ? lt(requests.submittedAt, filter.before) : undefined,
      filter.review === undefined ? undefined : eq(requests.review, filter.review), filter.preset ? eq(requests.preset, filter.preset) : undefined,
      filter.seenBy ? or(eq(requests.requester, filter.seenBy.person), inArray(requests.policy, [...filter.seenBy.policies])) : undefined,
      filter.policies ? inArray(requests.policy, [...filter.policies]) : undefined, filter.notOf ? notInArray(requests.requester, [...filter.notOf]) : undefined,
      filter.notVotedBy ? notInArray(requests.id, q.select({ id: votes.request }).from(votes).where(eq(votes.voter, filter.notVotedBy))) : undefined,
    )).orderBy(way(requests.submittedAt), way(requests.id)).limit(filter.limit ?? 100);
  return rows.map(({ r, platform, settings, ...names }) => ({ request: fromRow(r), ...names, carries: carriesShells({ platform }), desktop: desktopOf({ settings }) !== null }));
};

/** Pending ones that these people asked for or voted in, in the order of their ids. */
export const pendingOf = async ({ q }: Reader, of: readonly PersonId[]): Promise<RequestId[]> =>
  (of.length === 0 ? [] : await q.select({ id: requests.id }).from(requests)
    .where(and(eq(requests.state, "pending"), or(inArray(requests.requester, [...of]), inArray(requests.id, q.select({ id: votes.request }).from(votes).where(inArray(votes.voter, [...of])))))).orderBy(asc(requests.id))).map((r) => r.id as RequestId);

/** One standing vote per person: voting again replaces the earlier one (the log keeps both). */
export const cast = async (tx: Tx, v: Vote): Promise<void> => {
  const values = { id: v.id, request: v.request, voter: v.voter, decision: v.decision, minutes: v.minutes, reason: v.reason, termsHash: v.termsHash, at: v.at };
  const { id: _id, request: _request, voter: _voter, ...again } = values;
  await tx.q.insert(votes).values(values).onConflictDoUpdate({ target: [votes.request, votes.voter], set: again });
};
export const votesOf = async ({ q }: Reader, request: RequestId): Promise<Vote[]> =>
  (await q.select().from(votes).where(eq(votes.request, request)).orderBy(asc(votes.at)))
    .map((v) => ({ ...v, id: v.id as VoteId, request: v.request as RequestId, voter: v.voter as PersonId, decision: v.decision as Vote["decision"] }));
