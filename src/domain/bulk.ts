/**
 * Many accounts, one wish: its life, and the life of each account in it. Rule: a step is a value only this file makes; the rows of the accounts are the
 * truth, and what is to happen next is read from them alone, so a broker that died goes on where they say.
 */
import { z } from "zod";
import type { AccountId, BulkId, PersonId, RotationId, ScheduleId, TargetId, VersionId } from "../kernel/ids.ts";

/** halted: too many failed, a person decides. stopping: nothing new begins, what has begun ends first. */
export const NEXT = {
  running:  ["paused", "halted", "stopping", "done"],
  paused:   ["running", "stopping", "done"],
  halted:   ["running", "stopping", "done"],
  stopping: ["stopped"],
  done:     ["running"],
  stopped:  ["running"],
} as const satisfies Record<string, readonly string[]>;
export type State = keyof typeof NEXT;
export const LIVE = ["running", "paused", "halted", "stopping"] as const satisfies readonly State[];

/** held: somebody holds the account. changing: a rotation is open for it. failed and skipped may be tried again. */
export const ITEM_NEXT = {
  waiting:  ["waiting", "held", "changing", "done", "failed", "skipped"],
  held:     ["held", "waiting", "changing", "done", "failed", "skipped"],
  changing: ["waiting", "done", "failed"],
  failed:   ["waiting"],
  skipped:  ["waiting"],
  done:     [],
} as const satisfies Record<string, readonly string[]>;
export type ItemState = keyof typeof ITEM_NEXT;
export const ITEM_STATES = Object.keys(ITEM_NEXT) as ItemState[];

/** Which accounts: any of these; a search is read as on the page of accounts. */
export const Choice = z.object({
  accounts: z.array(z.string().min(1).max(300)).max(10_000).default([]), targets: z.array(z.string().min(1).max(100)).max(1_000).default([]),
  groups: z.array(z.string().min(1).max(100)).max(100).default([]), search: z.string().trim().max(200).default(""),
}).refine((c) => c.accounts.length + c.targets.length + c.groups.length > 0 || c.search !== "", "Choose accounts, targets, groups or a search.");
export type Choice = z.infer<typeof Choice>;

/** Whom to tell: people and groups by name or id, and bare addresses. */
export const Recipients = z.object({ people: z.array(z.string().min(1).max(100)).max(200).default([]), groups: z.array(z.string().min(1).max(100)).max(50).default([]), addresses: z.array(z.email()).max(50).default([]) });
export type Recipients = z.infer<typeof Recipients>;

export const PER_TARGET = 4;
export const BulkTerms = z.object({
  /** Changes under way at once, on one target and altogether. */
  perTarget: z.int().min(1).max(PER_TARGET).default(PER_TARGET), parallel: z.int().min(1).max(64).default(16),
  /** It halts when more than this share (percent) of what is decided has failed; 100: never. */
  failureLimit: z.int().min(0).max(100).default(20),
  retries: z.int().min(0).max(10).default(0), retryMinutes: z.int().min(1).max(24 * 60).default(10),
  /** What has not begun by then is reported as such. */
  minutes: z.int().min(1).max(14 * 24 * 60).default(24 * 60),
});
export type BulkTerms = z.infer<typeof BulkTerms>;

/** unique: each its own, generated. given: one password, typed. shown: one password, generated and shown once. */
export const HOW = ["unique", "given", "shown"] as const;
export type How = (typeof HOW)[number];

type Common = {
  readonly id: BulkId; readonly by: PersonId; readonly reason: string; readonly trigger: "bulk" | "schedule"; readonly schedule: ScheduleId | null;
  readonly how: How; readonly apply: boolean; readonly cut: boolean; readonly terms: BulkTerms; readonly notify: Recipients; readonly at: Date; readonly until: Date;
  /** The last move: why, and by whom (null: the broker). */
  readonly why: string | null; readonly movedBy: PersonId | null;
};
type Shape = { [K in "running" | "paused" | "halted" | "stopping"]: { readonly state: K } } & { [K in "done" | "stopped"]: { readonly state: K; readonly endedAt: Date } };
export type Bulk<S extends State = State> = { [K in S]: Common & Shape[K] }[S];

declare const made: unique symbol;
export type Step<S extends State = State, N extends State = State> = { readonly from: Bulk<S>; readonly to: Bulk<N>; readonly [made]: true };
const commonOf = (b: Common): Common => ({
  id: b.id, by: b.by, reason: b.reason, trigger: b.trigger, schedule: b.schedule, how: b.how, apply: b.apply, cut: b.cut, terms: b.terms, notify: b.notify, at: b.at, until: b.until, why: b.why, movedBy: b.movedBy,
});
type Move = Partial<Pick<Common, "why" | "movedBy" | "until">>;
const step = <S extends State, N extends (typeof NEXT)[S][number]>(from: Bulk<S>, to: Shape[N], move: Move): Step<S, N> =>
  ({ from, to: { ...commonOf(from), why: null, movedBy: null, ...move, ...to } }) as unknown as Step<S, N>;

export const open = (o: Omit<Common, "why" | "movedBy">): Bulk<"running"> => ({ ...o, why: null, movedBy: null, state: "running" });
export const pause = (b: Bulk<"running">, by: PersonId) => step<"running", "paused">(b, { state: "paused" }, { movedBy: by });
/** Going on after a halt is a person's word that the failures are known. */
export const resume = (b: Bulk<"paused" | "halted">, by: PersonId) => step<"paused" | "halted", "running">(b, { state: "running" }, { movedBy: by });
export const stop = (b: Bulk<"running" | "paused" | "halted">, by: PersonId, why: string) => step<"running" | "paused" | "halted", "stopping">(b, { state: "stopping" }, { movedBy: by, why });
export const halt = (b: Bulk<"running">, why: string) => step<"running", "halted">(b, { state: "halted" }, { why });
/** Those that failed or were left out, once more, with as much time as the first time. */
export const again = (b: Bulk<"done" | "stopped">, by: PersonId, now: Date) =>
  step<"done" | "stopped", "running">(b, { state: "running" }, { movedBy: by, why: "once more for those that were not changed", until: new Date(now.getTime() + b.terms.minutes * 60_000) });
export const finish = (b: Bulk<(typeof LIVE)[number]>, now: Date): Step =>
  (b.state === "stopping" ? step<"stopping", "stopped">(b, { state: "stopped", endedAt: now }, { why: b.why, movedBy: b.movedBy }) : step<"running", "done">(b as Bulk<"running">, { state: "done", endedAt: now }, {}));

export type Counts = Readonly<Record<ItemState, number>>;
export const totalOf = (c: Counts): number => ITEM_STATES.reduce((n, s) => n + c[s], 0);
export const leftOf = (c: Counts): number => c.waiting + c.held + c.changing;
/** Ten (or all, where there are fewer) must have failed or ended before one failure is a large share. */
export const tooManyFailed = (c: Counts, limit: number): boolean => {
  const decided = Math.max(c.done + c.failed, Math.min(10, totalOf(c)));
  return limit < 100 && c.failed > 0 && c.failed * 100 > limit * decided;
};
/** What the bulk itself wants now, whatever its accounts do. */
export const verdict = (b: Bulk<(typeof LIVE)[number]>, c: Counts, now: Date): Step | null => {
  if (leftOf(c) === 0) return finish(b, now);
  if (b.state === "running" && c.waiting + c.held > 0 && tooManyFailed(c, b.terms.failureLimit)) return halt(b, `${c.failed} of ${c.done + c.failed} failed: more than ${b.terms.failureLimit} %`);
  return null;
};

type ItemCommon = {
  readonly bulk: BulkId; readonly account: AccountId; readonly target: TargetId; readonly no: number;
  /** The given password, sealed as this account's own version. */
  readonly version: VersionId | null; readonly tries: number;
  /** law cut-by-preview: the sessions and holds of it that were looked at before the press; nothing else is ever cut. */
  readonly seen: readonly string[];
  /** What stands beside the account, in plain words. */
  readonly why: string | null;
  /** The last rotation opened for it. */
  readonly rotation: RotationId | null;
};
type ItemShape = { [K in ItemState]: { readonly state: K; readonly nextAt: Date | null; readonly endedAt: Date | null } };
export type Item<S extends ItemState = ItemState> = { [K in S]: ItemCommon & ItemShape[K] }[S];
export type ItemStep<S extends ItemState = ItemState, N extends ItemState = ItemState> = { readonly from: Item<S>; readonly to: Item<N>; readonly [made]: true };
type Set = Partial<ItemCommon> & { nextAt?: Date; endedAt?: Date };
const itemStep = <S extends ItemState, N extends (typeof ITEM_NEXT)[S][number]>(from: Item<S>, state: N, set: Set): ItemStep<S, N> =>
  ({ from, to: { ...from, nextAt: null, endedAt: null, ...set, state } }) as unknown as ItemStep<S, N>;

type Idle = Item<"waiting" | "held">;
export const begin = (i: Idle, rotation: RotationId, why: string | null) => itemStep<"waiting" | "held", "changing">(i, "changing", { rotation, why, tries: i.tries + 1 });
/** Looked at again then, or when the hold ends. */
export const hold = (i: Idle, why: string, nextAt: Date) => itemStep<"waiting" | "held", "held">(i, "held", { why, nextAt });
export const postpone = (i: Idle, why: string, nextAt: Date) => itemStep<"waiting" | "held", "waiting">(i, "waiting", { why, nextAt });
export const skip = (i: Idle, why: string, now: Date) => itemStep<"waiting" | "held", "skipped">(i, "skipped", { why, endedAt: now });
export const satisfy = (i: Idle, why: string, now: Date) => itemStep<"waiting" | "held", "done">(i, "done", { why, endedAt: now });
export const deny = (i: Idle, why: string, now: Date) => itemStep<"waiting" | "held", "failed">(i, "failed", { why, endedAt: now });
export const anew = (i: Item<"failed" | "skipped">) => itemStep<"failed" | "skipped", "waiting">(i, "waiting", { why: null, tries: 0 });

export type Ended = { readonly state: "committed" | "refused" | "dead_letter"; readonly why: string | null };
/** The rotation of an account is over (or a person must settle it). A refusal may be tried again; what nobody knows may not. */
export const settle = (i: Item<"changing">, r: Ended, terms: BulkTerms, now: Date): ItemStep => {
  if (r.state === "committed") return itemStep<"changing", "done">(i, "done", { why: i.why, endedAt: now });
  if (r.state === "dead_letter") return itemStep<"changing", "failed">(i, "failed", { why: `nobody knows which password is in force: ${r.why ?? "the target gave no clear answer"}. A person must settle it on the account's page`, endedAt: now });
  const why = r.why ?? "the target refused";
  if (i.tries > terms.retries) return itemStep<"changing", "failed">(i, "failed", { why, endedAt: now });
  return itemStep<"changing", "waiting">(i, "waiting", { why: `try ${i.tries} of ${terms.retries + 1}: ${why}`, nextAt: new Date(now.getTime() + terms.retryMinutes * 60_000) });
};
/** The time of the bulk is over while a change is still open: it is not lost and not ours to wait for any more. */
export const leave = (i: Item<"changing">, why: string, now: Date) => itemStep<"changing", "failed">(i, "failed", { why: `not finished in time: ${why}. The broker goes on with it by itself`, endedAt: now });
