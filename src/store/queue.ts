/** The queue's facts beside a request's state: offers, pauses, warnings. Rule: nothing here moves a state; the account's row is locked by whoever writes. */
import { and, asc, eq, gt, inArray, isNotNull, isNull, lte, ne, or, sql } from "drizzle-orm";
import type { AccountId, RequestId } from "../kernel/ids.ts";
import type { Request } from "../domain/request.ts";
import type { Reader, Tx } from "./db.ts";
import { fromRow } from "./requests.ts";
import { exposures, requests, sessions } from "./schema.ts";

/** Waits for its exclusive account: approved, and its fixed window, if it has one, has begun and is not over. */
const waits = and(eq(requests.state, "approved"), requests.exclusive, or(isNull(requests.windowStart), and(lte(requests.windowStart, sql`now()`), gt(requests.startBy, sql`now()`))));

/** Oldest approval first. */
export const waiting = async ({ q }: Reader, account: AccountId): Promise<Request<"approved">[]> =>
  (await q.select().from(requests).where(and(eq(requests.account, account), waits)).orderBy(asc(requests.approvedAt), asc(requests.id))).map(fromRow) as Request<"approved">[];

/** Where the queue may have something to do: a hint for the timer. */
export const toTend = async ({ q }: Reader): Promise<AccountId[]> =>
  (await q.selectDistinct({ id: requests.account }).from(requests).where(or(waits, and(eq(requests.state, "checked_out"), isNotNull(requests.idleWarnedAt))))).map((r) => r.id as AccountId);

/** The database's clock, for those who only look. */
export const clock = async ({ q }: Reader): Promise<Date> => new Date((await q.execute(sql`select now() as now`) as unknown as { rows: { now: string | Date }[] }).rows[0]!.now);

export type TurnFacts = { readonly offeredUntil?: Date | null; readonly pausedAt?: Date | null; readonly startBy?: Date; readonly idleWarnedAt?: Date | null };
export const note = async (tx: Tx, id: RequestId, set: TurnFacts): Promise<void> => void await tx.q.update(requests).set(set).where(and(eq(requests.id, id), inArray(requests.state, ["approved", "checked_out"])));

/** The account is taken: offers are over, and the time of those who wait stands still from now. */
export const taken = async (tx: Tx, account: AccountId): Promise<void> =>
  void await tx.q.update(requests).set({ offeredUntil: null, pausedAt: sql`coalesce(${requests.pausedAt}, ${tx.now.toISOString()}::timestamptz)` }).where(and(eq(requests.account, account), waits));

/** When a hold was last used: a session's end, a password shown, its own beginning. */
export const lastUse = async ({ q }: Reader, r: Request<"checked_out">): Promise<Date> => {
  const [s] = await q.select({ at: sql<string | null>`max(ended_at)` }).from(sessions).where(eq(sessions.request, r.id));
  const [e] = await q.select({ at: sql<string | null>`max(at)` }).from(exposures).where(eq(exposures.request, r.id));
  return new Date(Math.max(r.checkedOutAt.getTime(), ...[s?.at, e?.at].filter((at): at is string => at !== null && at !== undefined).map((at) => new Date(at).getTime())));
};

/** Sessions of one approval that came to life or may yet: what `entries` counts. */
export const entries = async ({ q }: Reader, request: RequestId): Promise<number> =>
  (await q.select({ n: sql<number>`count(*)::int` }).from(sessions).where(and(eq(sessions.request, request), or(isNotNull(sessions.liveAt), ne(sessions.state, "ended")))))[0]?.n ?? 0;
