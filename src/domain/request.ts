/** The ask and its life, on one screen. Rule: a move is a value only this file can make; store/requests.ts alone spends one. */
import { z } from "zod";
import type { AccountId, PersonId, PolicyId, RequestId } from "../kernel/ids.ts";
import type { Preset } from "./policy.ts";

/** The SQL table request_transition holds the same pairs (test/store/transitions.test.ts). */
export const NEXT = {
  pending:     ["approved", "denied", "cancelled", "expired"],
  approved:    ["checked_out", "cancelled", "expired", "revoked"],
  checked_out: ["closed"],
  closed:      ["reviewed"],
  denied: [], cancelled: [], expired: [], revoked: [], reviewed: [],
} as const satisfies Record<string, readonly string[]>;
export type State = keyof typeof NEXT;
export type Next<S extends State> = (typeof NEXT)[S][number];

export const CLOSE_REASONS = ["checked_in", "entries_used", "expired", "revoked", "locked", "idle_hold"] as const;
export type CloseWhy = (typeof CLOSE_REASONS)[number];

/** What approvers vote on. Hashed: other terms, other votes. `window`: a fixed time from ISO 8601 to ISO 8601, else from first use. */
export type Terms = {
  readonly account: AccountId; readonly policy: PolicyId; readonly preset: Preset; readonly minutes: number; readonly reason: string; readonly ticket: string;
  readonly window?: { readonly from: string; readonly to: string };
};

/** `review`: somebody else looks at it afterwards; asked for by the policy of the day it was submitted, and by every break-glass. */
type Common = { readonly id: RequestId; readonly requester: PersonId; readonly terms: Terms; readonly termsHash: string; readonly exclusive: boolean; readonly review: boolean; readonly submittedAt: Date };
/** Whose turn it is, beside the state (queue.ts): offered until then; `pausedAt`: since then the account is not free for it and `startBy` stands still. */
type Turn = { readonly offeredUntil: Date | null; readonly pausedAt: Date | null };
type Closed = { readonly checkedOutAt: Date; readonly until: Date; readonly closedAt: Date; readonly why: CloseWhy; readonly by: PersonId | null; readonly reason: string };
type Shape = {
  pending:     { readonly state: "pending"; readonly expiresAt: Date };
  approved:    Turn & { readonly state: "approved"; readonly approvedAt: Date; readonly minutes: number; readonly startBy: Date };
  /** `idleWarnedAt`: the holder rests while somebody waits, and was told so then. */
  checked_out: { readonly state: "checked_out"; readonly minutes: number; readonly checkedOutAt: Date; readonly until: Date; readonly idleWarnedAt: Date | null };
  closed:      Closed & { readonly state: "closed" };
  denied:      { readonly state: "denied"; readonly by: PersonId; readonly reason: string; readonly endedAt: Date };
  cancelled:   { readonly state: "cancelled"; readonly by: PersonId; readonly reason: string; readonly endedAt: Date };
  expired:     { readonly state: "expired"; readonly endedAt: Date };
  revoked:     { readonly state: "revoked"; readonly by: PersonId; readonly reason: string; readonly endedAt: Date };
  reviewed:    Closed & { readonly state: "reviewed"; readonly reviewedAt: Date; readonly reviewer: PersonId; readonly verdict: string };
};
export type Request<S extends State = State> = { [K in S]: Common & Shape[K] }[S];

declare const made: unique symbol;
/** A legal move, as a value. */
export type Step<S extends State = State, N extends State = State> = { readonly from: Request<S>; readonly to: Request<N>; readonly [made]: true };

const common = ({ id, requester, terms, termsHash, exclusive, review, submittedAt }: Common): Common => ({ id, requester, terms, termsHash, exclusive, review, submittedAt });
const step = <S extends State, N extends Next<S>>(from: Request<S>, to: Shape[N]): Step<S, N> => ({ from, to: { ...common(from), ...to } }) as unknown as Step<S, N>;
const plus = (at: Date, minutes: number): Date => new Date(at.getTime() + minutes * 60_000);

const earliest = (...ends: readonly Date[]): Date => new Date(Math.min(...ends.map(Number)));

/** Minutes are an upper bound: approvers may have shortened them, never lengthened. A fixed window is begun before its own end. */
export const approve = (r: Request<"pending">, at: Date, voted: number, startWindowMinutes: number) => {
  const minutes = Math.min(voted, r.terms.minutes), { window } = r.terms;
  const startBy = window ? earliest(new Date(window.to), plus(new Date(window.from), minutes)) : plus(at, startWindowMinutes);
  return step<"pending", "approved">(r, { state: "approved", approvedAt: at, minutes, startBy, offeredUntil: null, pausedAt: null });
};
/** Time that stands still while others have the account does not move a fixed window: it ends where it was booked. */
export const notBegunInTime = (r: Request<"approved">, now: Date): boolean => r.startBy <= now && (r.pausedAt === null || r.terms.window !== undefined);
export const deny = (r: Request<"pending">, by: PersonId, reason: string, at: Date) => step<"pending", "denied">(r, { state: "denied", by, reason, endedAt: at });
export const cancel = (r: Request<"pending"> | Request<"approved">, by: PersonId, reason: string, at: Date) =>
  step<"pending" | "approved", "cancelled">(r, { state: "cancelled", by, reason, endedAt: at });
export const expire = (r: Request<"pending"> | Request<"approved">, at: Date) => step<"pending" | "approved", "expired">(r, { state: "expired", endedAt: at });
export const revoke = (r: Request<"approved">, by: PersonId, reason: string, at: Date) => step<"approved", "revoked">(r, { state: "revoked", by, reason, endedAt: at });
/** The clock starts here, at first use (or with its fixed window), capped again to the policy of this moment; `latest`: what else ends it sooner. */
export const checkOut = (r: Request<"approved">, at: Date, maxMinutesNow: number, latest: Date | null = null) => {
  const minutes = Math.min(r.minutes, maxMinutesNow), { window } = r.terms;
  const ends = [plus(window ? new Date(window.from) : at, minutes), ...(window ? [new Date(window.to)] : []), ...(latest ? [latest] : [])];
  return step<"approved", "checked_out">(r, { state: "checked_out", minutes, checkedOutAt: at, until: earliest(...ends), idleWarnedAt: null });
};
export const close = (r: Request<"checked_out">, why: CloseWhy, by: PersonId | null, reason: string, at: Date) =>
  step<"checked_out", "closed">(r, { state: "closed", checkedOutAt: r.checkedOutAt, until: r.until, closedAt: at, why, by, reason });
/** Somebody else's look at a past use; what is known of its end stays. Who may: flow/review.ts. */
export const review = (r: Request<"closed">, reviewer: PersonId, verdict: string, at: Date) =>
  step<"closed", "reviewed">(r, { state: "reviewed", checkedOutAt: r.checkedOutAt, until: r.until, closedAt: r.closedAt, why: r.why, by: r.by, reason: r.reason, reviewedAt: at, reviewer, verdict });

export const isState = <S extends State>(r: Request, ...states: readonly S[]): r is Extract<Request, { state: S }> => (states as readonly State[]).includes(r.state);

/** The database and canonical JSON hold neither NUL nor half characters. */
const text = (max: number) => z.string().trim().max(max).refine((v) => v.isWellFormed() && !v.includes("\0"), "holds a character that cannot be kept").default("");

/** What a person sends when asking; the account is named `root@web-1` or by id. */
export const AskInput = z.object({
  account: z.string().min(3).max(200),
  policy: z.string().optional(),
  minutes: z.int().min(1).max(7 * 24 * 60),
  reason: text(500),
  ticket: text(80),
  /** A fixed time in the future instead of "from first use"; its length counts, not `minutes`. */
  window: z.object({ from: z.iso.datetime({ offset: true }), to: z.iso.datetime({ offset: true }) }).optional(),
  /** Break-glass alone: beside who holds the account, or in their place. */
  others: z.enum(["share", "cut"]).optional(),
});
export type AskInput = z.infer<typeof AskInput>;
