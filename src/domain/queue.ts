/**
 * Who may begin next with an exclusive account. Rule: the queue is derived from approved requests, never a state of its own: while an offer runs
 * only its holder begins; else the oldest approval that has had no offer; when everybody has had one, whoever comes first.
 */
import type { RequestId } from "../kernel/ids.ts";
import type { Times } from "../kernel/times.ts";

export type Waiting = { readonly id: RequestId; readonly approvedAt: Date; readonly offeredUntil: Date | null; /** Its fixed window has begun: nobody else before then. */ readonly bookedUntil?: Date | null };
export type Turn =
  | { readonly whose: "nobody" }
  /** `until`: its offer runs; null: it is next and has not been offered the account yet. */
  | { readonly whose: "one"; readonly id: RequestId; readonly until: Date | null }
  | { readonly whose: "anybody" };

const oldest = (a: Waiting, b: Waiting): number => a.approvedAt.getTime() - b.approvedAt.getTime() || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
const runs = (w: Waiting, now: Date): boolean => w.offeredUntil !== null && w.offeredUntil > now;
const booked = (w: Waiting, now: Date): boolean => w.bookedUntil !== undefined && w.bookedUntil !== null && w.bookedUntil > now;
const rank = (w: Waiting, now: Date): number => (booked(w, now) ? -1 : runs(w, now) ? 0 : w.offeredUntil === null ? 1 : 2);

/** The running offer, then who has had none, then who let theirs pass; oldest approval first. */
export const inOrder = (queue: readonly Waiting[], now: Date): readonly Waiting[] => queue.toSorted((a, b) => rank(a, now) - rank(b, now) || oldest(a, b));

export const turnOf = (queue: readonly Waiting[], now: Date): Turn => {
  const head = inOrder(queue, now)[0];
  if (!head) return { whose: "nobody" };
  if (booked(head, now)) return { whose: "one", id: head.id, until: head.bookedUntil ?? null };
  if (runs(head, now)) return { whose: "one", id: head.id, until: head.offeredUntil };
  return head.offeredUntil === null ? { whose: "one", id: head.id, until: null } : { whose: "anybody" };
};
export const isTurnOf = (turn: Turn, id: RequestId): boolean => turn.whose === "anybody" || (turn.whose === "one" && turn.id === id);

/** 1 = next; null: not in this queue. */
export const placeOf = (queue: readonly Waiting[], id: RequestId, now: Date): number | null => {
  const at = inOrder(queue, now).findIndex((w) => w.id === id);
  return at < 0 ? null : at + 1;
};

/** The clock of `startBy` runs only while the account is free for the request: what it stood still is added when it goes on. */
export const goOn = (startBy: Date, pausedAt: Date, now: Date): Date => new Date(startBy.getTime() + Math.max(0, now.getTime() - pausedAt.getTime()));

/** A hold nobody uses: since when, whether anybody waits for it, and when its holder was told. */
export type Rest = { readonly liveSessions: number; readonly lastUseAt: Date; readonly somebodyWaits: boolean; readonly warnedAt: Date | null };
export type RestStep = { readonly do: "nothing"; readonly at: Date | null } | { readonly do: "warn" } | { readonly do: "forget" } | { readonly do: "give_back" };

/** law idle-hold: never given back without `idleWarn` of warning, nor before `idleHold` of rest, nor while nobody waits. `at`: when to look again. */
export const restStep = (r: Rest, now: Date, t: Pick<Times, "idleHold" | "idleWarn">): RestStep => {
  const rests = r.somebodyWaits && r.liveSessions === 0, warned = r.warnedAt !== null && r.warnedAt >= r.lastUseAt ? r.warnedAt : null;
  if (!rests || (r.warnedAt !== null && warned === null)) return r.warnedAt === null ? { do: "nothing", at: null } : { do: "forget" };
  const warnAt = r.lastUseAt.getTime() + t.idleHold - t.idleWarn;
  if (warned === null) return now.getTime() >= warnAt ? { do: "warn" } : { do: "nothing", at: new Date(warnAt) };
  const backAt = Math.max(r.lastUseAt.getTime() + t.idleHold, warned.getTime() + t.idleWarn);
  return now.getTime() >= backAt ? { do: "give_back" } : { do: "nothing", at: new Date(backAt) };
};

/** What a person who waits is shown; flow/queue.ts fills it. */
export type QueuePlace = {
  /** 1 = next. */
  readonly place: number; readonly of: number;
  /** The account may be begun with now, as far as the queue goes. */
  readonly yours: boolean; readonly offeredUntil: Date | null;
  readonly holder: { readonly personName: string; readonly until: Date } | null;
  /** One sentence for the person who waits. */
  readonly says: string;
};
