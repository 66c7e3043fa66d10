/**
 * What a rotation must know about its account to decide: versions, ways to change, and the login budget.
 * Rule: facts are read under the row lock and handed in; nothing here remembers.
 */
import type { VersionId } from "../kernel/ids.ts";
import type { Times } from "../kernel/times.ts";
import type { Credential } from "./account.ts";

/** `older`: was once previous. `rejected`: refused by the target or given up; kept, because only retention destroys (I4). */
export const VERSION_STATUSES = ["candidate", "current", "previous", "older", "rejected", "declared"] as const;
export type VersionStatus = (typeof VERSION_STATUSES)[number];
/** `no` rises with every version of one account: newest first is descending. */
export type Version = { readonly id: VersionId; readonly no: number; readonly status: VersionStatus };

/** Whose login carries the change to the target. */
export const WAYS = ["self", "administrative", "reconcile"] as const;
export type Way = (typeof WAYS)[number];
/** `busy`: it is being rotated itself (A2) or its breaker is open (A4): its users wait, they do not try. */
export type Helper = "none" | "ready" | "busy";

/** Refused (or unanswered) logins since the last accepted one; void from `until` on. Durable, on the account's row. */
export type LoginBudget = { readonly spent: number; readonly until: Date | null };
export const LOGINS_PER_WINDOW = 2;

/** How far what is to be done before a change has come (dependent-absorb.ts derives it). */
export type Before = "none" | "fresh" | "passed" | { readonly open: string | null } | { readonly stopped: string };

export type Facts = {
  /** The account's credential fact as it stands now. */
  readonly credential: Credential;
  readonly versions: readonly Version[];
  /** The connector can change a password with the account's own login. */
  readonly self: boolean;
  readonly administrative: Helper;
  readonly reconcile: Helper;
  /** The connector has `compare` and a credential to read the target's verifier with. */
  readonly canCompare: boolean;
  readonly budget: LoginBudget;
  /** The platform forgets refused logins on an accepted one. */
  readonly resetsOnSuccess: boolean;
  /** The platform's own lock-out window in ms; null where unknown or none. */
  readonly lockoutWindow: number | null;
  /** Disabled, locked or identity_changed: no login, probe or rotation until lifted. */
  readonly blocked: boolean;
  /** What is to be done before the change, and how far that has come; absent: nothing. */
  readonly before?: Before;
  /** `account.adopted`: adoptions committed in a row before this one; two make an account managed. */
  readonly adoptedBefore: number;
};

/** What opens the account as far as we know: proven, or what a person said last. `versions`: oldest first. */
export const currentOf = (f: Pick<Facts, "versions">): VersionId | null =>
  f.versions.find((v) => v.status === "current")?.id ?? f.versions.findLast((v) => v.status === "declared")?.id ?? null;

const RANK: Record<VersionStatus, number> = { current: 1, declared: 1, previous: 2, older: 3, rejected: 4, candidate: 5 };

/** Every version likeliest first: the candidate, current, previous, older, then refused and orphaned ones; within a kind newest first. */
export const likeliestFirst = (versions: readonly Version[], candidate: VersionId): readonly VersionId[] => {
  const rank = (v: Version) => (v.id === candidate ? -1 : RANK[v.status]);
  return [...versions].sort((a, b) => rank(a) - rank(b) || b.no - a.no).map((v) => v.id);
};

export const budgetWindow = (f: Pick<Facts, "lockoutWindow">, t: Times): number => Math.max(f.lockoutWindow ?? 0, t.probeWindow);

export const loginsLeft = (b: LoginBudget, now: Date): number =>
  b.until === null || b.until <= now ? LOGINS_PER_WINDOW : Math.max(0, LOGINS_PER_WINDOW - b.spent);

/** Before a login leaves us: it may be refused and we may not live to hear it. It leaves at most one lease later: the window counts from there. */
export const reserveLogin = (b: LoginBudget, f: Pick<Facts, "lockoutWindow">, now: Date, t: Times): LoginBudget => ({
  spent: LOGINS_PER_WINDOW - loginsLeft(b, now) + 1,
  until: new Date(now.getTime() + t.rotationLease + budgetWindow(f, t)),
});

/** The reserved login was accepted. Where the platform does not reset, only the reservation comes back. */
export const loginAccepted = (b: LoginBudget, f: Pick<Facts, "resetsOnSuccess">): LoginBudget =>
  f.resetsOnSuccess ? { spent: 0, until: null } : loginNotSent(b);

/** The reserved login never reached the target. */
export const loginNotSent = (b: LoginBudget): LoginBudget =>
  b.spent <= 1 ? { spent: 0, until: null } : { spent: b.spent - 1, until: b.until };

/** What the version list looks like once `id` is current. */
export const promote = (facts: Pick<Facts, "versions">, id: VersionId): readonly { readonly id: VersionId; readonly to: VersionStatus }[] => [
  ...facts.versions.filter((v) => v.status === "previous" && v.id !== id).map((v) => ({ id: v.id, to: "older" as const })),
  ...facts.versions.filter((v) => (v.status === "current" || v.status === "declared") && v.id !== id).map((v) => ({ id: v.id, to: "previous" as const })),
  { id, to: "current" as const },
];
