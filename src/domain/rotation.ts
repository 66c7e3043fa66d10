/**
 * The life of one password change. Rule: a step is a value only this file can make, so an illegal move does not compile
 * and nothing but store/ can spend one (`update … where id = ? and state = from.state and fence = from.fence`).
 * Deciding which move to make: rotation-next.ts (what to do now), rotation-absorb.ts (what an outcome means).
 */
import type { VersionId } from "../kernel/ids.ts";
import type { Times } from "../kernel/times.ts";
import type { Credential } from "./account.ts";
import type { Left, Order } from "./order.ts";
import type { Common, Trigger } from "./rotation-common.ts";
import { currentOf, promote, type Facts, type VersionStatus, type Way } from "./rotation-facts.ts";

/** The whole life on one screen. A state that names itself may be claimed, backed off or asked again in place (applying: only asked again). */
export const NEXT = {
  queued:      ["queued", "prepared", "refused"],
  prepared:    ["prepared", "applying", "waiting", "probing", "refused"],
  applying:    ["applying", "queued", "waiting", "probing", "refused"],
  waiting:     ["waiting", "applying", "refused"],
  probing:     ["probing", "applying", "committed", "refused", "dead_letter"],
  dead_letter: ["dead_letter", "probing", "refused"],
  committed: [], refused: [],
} as const satisfies Record<string, readonly string[]>;

export type State = keyof typeof NEXT;
export type Next<S extends State> = (typeof NEXT)[S][number];
/** These hold the account's one slot (I3). A dead letter holds it too: its candidate may be in force, and a person decides. */
export const OPEN = ["queued", "prepared", "applying", "waiting", "probing", "dead_letter"] as const satisfies readonly State[];
export type OpenState = (typeof OPEN)[number];
export { ORIGINS, TRIGGERS, type Common, type Origin, type Trigger } from "./rotation-common.ts";

type Has = { readonly candidate: VersionId; readonly covers: number };
/** What this round of probing has asked: "compare" (answer unknown) or a version whose login was refused. */
type Asked = { readonly asked: readonly ("compare" | VersionId)[] };
type Shape = {
  queued:      { readonly state: "queued"; readonly candidate: VersionId | null };
  prepared:    Has & { readonly state: "prepared" };
  applying:    Has & { readonly state: "applying"; readonly as: Way; readonly applyStartedAt: Date };
  waiting:     Has & { readonly state: "waiting" };
  /** `retry`: the round ended, the candidate is not in force, and applying it again is the way on. */
  probing:     Has & Asked & { readonly state: "probing"; readonly applyStartedAt: Date | null; readonly retry: boolean };
  dead_letter: Has & Asked & { readonly state: "dead_letter"; readonly applyStartedAt: Date | null; readonly since: Date };
  committed:   Has & { readonly state: "committed"; readonly endedAt: Date };
  refused:     { readonly state: "refused"; readonly candidate: VersionId | null; readonly endedAt: Date };
};
export type Rotation<S extends State = State> = { [K in S]: Common & Shape[K] }[S];

/** What must become true in the same transaction as the step. */
export type Effects = {
  readonly versions: readonly { readonly id: VersionId; readonly to: VersionStatus }[];
  readonly credential: Credential | null;
  /** `account.rotated_no` and `account.adopted`, where they change. */
  readonly rotatedNo: number | null; readonly adopted: number | null;
  /** reserve: before a login leaves; accepted / not_sent: what became of the reserved one (rotation-facts.ts computes). */
  readonly login: "reserve" | "accepted" | "not_sent" | null;
  /** Verification rows: does the old one still open, is the new one still in force? */
  readonly closure: { readonly old: VersionId | null; readonly current: VersionId; readonly at: readonly Date[] } | null;
  readonly openNext: Trigger | null;
  /** People to tell. */
  readonly tell: "dead_letter" | "refused" | null;
};
const NONE: Effects = { versions: [], credential: null, rotatedNo: null, adopted: null, login: null, closure: null, openNext: null, tell: null };

declare const made: unique symbol;
/** A legal move, as a value. */
export type RotationStep<S extends State = State, N extends State = State> = {
  readonly from: Rotation<S>; readonly to: Rotation<N>; readonly effects: Effects; readonly [made]: true;
};
export type AnyStep = RotationStep;

const commonOf = (r: Common): Common => ({
  id: r.id, account: r.account, trigger: r.trigger, reason: r.reason, by: r.by, origin: r.origin, before: r.before,
  fence: r.fence, leaseUntil: r.leaseUntil, attempt: r.attempt, rejected: r.rejected, sent: r.sent, unknownCount: r.unknownCount,
  firstUnknownAt: r.firstUnknownAt, inForce: r.inForce, waits: r.waits, nextAt: r.nextAt, why: r.why, again: r.again, order: r.order,
});
const step = <S extends State, N extends Next<S>>(from: Rotation<S>, to: Shape[N], change: Partial<Common>, effects: Partial<Effects> = {}) =>
  ({ from, to: { ...commonOf(from), ...change, ...to }, effects: { ...NONE, ...effects } }) as unknown as RotationStep<S, N>;
const has = (r: Has): Has => ({ candidate: r.candidate, covers: r.covers });

/** 5 s · 2ⁿ, at most 10 min. */
export const backoff = (n: number, t: Times): number => Math.min(t.retryMax, t.retryFirst * 2 ** Math.min(n, 30));
export const later = (now: Date, ms: number): Date => new Date(now.getTime() + ms);
const lease = (now: Date, t: Times) => later(now, t.rotationLease);

export type Opening = Pick<Common, "id" | "account" | "trigger" | "reason" | "by" | "origin" | "before"> & { readonly candidate: VersionId | null; readonly order?: Order<"wished"> };
/** A new row; the store's unique index over OPEN keeps it the only one. `candidate`: the typed version, null when generated. */
export const open = (o: Opening): Rotation<"queued"> => ({
  ...o, state: "queued", fence: 0, leaseUntil: null, attempt: 0, rejected: 0, sent: false, unknownCount: 0, firstUnknownAt: null,
  inForce: null, waits: 0, nextAt: null, why: null, again: null, order: o.order ?? null,
});

/** The candidate is committed, journalled, fsynced and read back BEFORE this. `covers`: the account's used_no, read in this transaction. */
export const prepare = (r: Rotation<"queued">, candidate: VersionId, covers: number) =>
  step<"queued", "prepared">(r, { state: "prepared", candidate, covers }, { nextAt: null, why: null },
    { versions: [{ id: candidate, to: "candidate" }] });
/** A generated candidate broke a rule before anybody heard of it: kept as rejected, and another one is made. */
export const drawAgain = (r: Rotation<"queued">, broken: VersionId, why: string) => step<"queued", "queued">(
  r, { state: "queued", candidate: null }, { rejected: r.rejected + 1, why, nextAt: null }, { versions: [{ id: broken, to: "rejected" }] });
export type Appliable = Rotation<"prepared" | "waiting"> | (Rotation<"probing"> & { readonly retry: true });
/** The intent, durable before the target is touched. Only the process that saved this step may touch; whoever READS applying takes over. */
export const beginApply = (r: Appliable, as: Way, now: Date, t: Times) =>
  step<"prepared" | "waiting" | "probing", "applying">(r, { state: "applying", ...has(r), as, applyStartedAt: now },
    { attempt: r.attempt + 1, leaseUntil: lease(now, t), nextAt: null, why: null }, {
      login: as === "self" ? "reserve" : null,
      credential: r.state === "probing" || r.firstUnknownAt !== null ? null : adopting(r) ? "adopting" : r.before === "in_sync" ? "changing" : null,
    });
const adopting = (r: Common): boolean => r.before === "unmanaged" || r.before === "adopting";
/** The first doubt of this rotation takes the account out of in_sync; later ones change nothing. */
const doubted = (r: Common): Credential | null => (r.firstUnknownAt === null && r.before === "in_sync" ? "unverified" : null);
/** What a probe that did not settle it writes: the clock of the doubt starts, if it has not. */
export const doubtedBy = (r: Rotation<"probing">, now: Date) => ({ change: { firstUnknownAt: r.firstUnknownAt ?? now }, effects: { credential: doubted(r) } });
/** Nothing was changed by us: as it was, unless something else is in doubt. */
const asBefore = (r: Common): Credential | null => (r.firstUnknownAt === null ? r.before : null);

/** A local change sends nothing: it only asks the target. */
export const beginProbe = (r: Rotation<"prepared"> & { readonly origin: "local" }) =>
  step<"prepared", "probing">(r, { state: "probing", ...has(r), applyStartedAt: null, asked: [], retry: false }, {});

type Prepared = Rotation<"prepared">;
const reordered = <S extends State>(r: Rotation<S>, order: Order | null, change: Partial<Common> = {}): RotationStep<S, S> => ({ from: r, to: { ...r, ...change, order }, effects: NONE }) as unknown as RotationStep<S, S>;
/** The intent, durable before the order leaves: from here on the candidate may come into force without us, and is never replaced. */
export const sendOrder = (r: Prepared, left: Left) => reordered(r, { ...left, state: "sent" }, { sent: true, why: null });
/** It stands with the agent, which performs it at `due` if it hears nothing more. What left before is gone with it. A use that was moved meanwhile is told at once. */
export const orderStands = (r: Prepared, o: Order<"sent">, due: Date, expires: Date) =>
  reordered(r, { ...o, due, expires, state: "placed" }, { nextAt: due.getTime() === o.wanted.getTime() ? due : null, waits: 0, why: null });
/** Not kept there, and none that left before: as if it had never been. */
export const orderNotSent = (r: Prepared, o: Order<"sent">, why: string, until: Date) => reordered(r, o.before ? { ...o, state: "sent" } : { state: "wished", agent: o.agent, wanted: o.wanted }, { sent: o.before, why, nextAt: until });
/** It may have been kept, and be performed; it is asked for again. */
export const orderUnknown = (r: Prepared, o: Order<"sent">, why: string, until: Date) => reordered(r, o, { why, nextAt: until });
/** The use it waits for ends at another time now. */
export const moveOrder = <S extends "queued" | "prepared">(r: Rotation<S>, o: Order<"wished" | "sent" | "placed">, wanted: Date) => reordered(r, { ...o, wanted }, { nextAt: null });
/** The use is over: the change is made now, by us. `covers`: the account's used_no, read in this transaction; nobody was shown the candidate yet. */
export const callIn = <S extends "queued" | "prepared">(r: Rotation<S>, o: Order<"wished" | "sent" | "placed">, covers: number): RotationStep<S, S> =>
  reordered(r, o.state === "wished" ? null : { ...o, state: "called" }, { nextAt: null, why: null, ...(r.state === "prepared" ? { covers } : {}) });
/** The agent said what became of it: it cannot be performed any more. */
export const orderOver = <S extends State>(r: Rotation<S>, o: Order<"sent" | "placed" | "called">, covers: number): RotationStep<S, S> =>
  reordered(r, { ...o, state: "over" }, { nextAt: null, ...(r.state === "prepared" ? { covers } : {}) } as Partial<Common>);
/** The agent has it no more, and did nothing: it is left there again. */
export const orderLost = (r: Prepared, o: Order<"sent" | "placed">) => reordered(r, { ...o, state: "sent" }, { nextAt: null });
/** What was left may have been done meanwhile: nothing is sent before the target has been asked. */
export const beginDoubt = (r: Prepared, o: Order<"called" | "over">, now: Date) =>
  step<"prepared", "probing">(r, { state: "probing", ...has(r), applyStartedAt: o.due < now ? o.due : now, asked: [], retry: false }, { sent: true, firstUnknownAt: now, why: "the machine's agent may have made the change" }, { credential: doubted(r) });

/** One login is about to leave: counted first, asked afterwards. */
export const reserveProbe = <S extends "probing" | "dead_letter">(r: Rotation<S>, now: Date, t: Times): RotationStep<S, S> =>
  ({ from: r, to: { ...r, leaseUntil: lease(now, t) }, effects: { ...NONE, login: "reserve" } }) as unknown as RotationStep<S, S>;

/** Claim or take over: fence + 1 and a fresh lease. A row found applying is an outcome nobody knows: never assume. */
export const takeOver = (r: Rotation<OpenState>, now: Date, t: Times): RotationStep<OpenState, OpenState> => {
  const claimed = { fence: r.fence + 1, leaseUntil: lease(now, t) };
  if (r.state === "applying") return doubt(r, "the process that applied it is gone", now, t, claimed);
  const to = r.state === "probing" ? { ...r, ...claimed, asked: r.asked.filter((a) => a !== "compare") } : { ...r, ...claimed };
  return { from: r, to, effects: NONE } as unknown as RotationStep<OpenState, OpenState>;
};
/** Nothing to do until then: the lease is given up and the row says when to wake, so nobody claims it each minute to find that out. */
export const rest = <S extends Exclude<OpenState, "applying">>(r: Rotation<S>, until: Date, why: string): RotationStep<S, S> =>
  ({ from: r, to: { ...r, leaseUntil: null, nextAt: until, why }, effects: NONE }) as unknown as RotationStep<S, S>;
/** A later use or an exposure wants another change after this one (due.ts decides). */
export const askAgain = <S extends OpenState>(r: Rotation<S>, trigger: Trigger): RotationStep<S, S> =>
  ({ from: r, to: { ...r, again: r.again ?? trigger }, effects: NONE }) as unknown as RotationStep<S, S>;
/** While it was open the vault's password was found out of force: from here on "as it was" is not "in sync". */
export const drift = <S extends OpenState>(r: Rotation<S>): RotationStep<S, S> =>
  ({ from: r, to: { ...r, before: r.before === "in_sync" ? "unverified" : r.before }, effects: NONE }) as unknown as RotationStep<S, S>;

/** The outcome of a change is unknown: stays so until a probe answers. The first probe is at once, the next ones back off. */
export const doubt = (r: Rotation<"applying">, why: string, now: Date, t: Times, claimed: Partial<Common> = {}, login: Effects["login"] = null) =>
  step<"applying", "probing">(r, probe(r), {
    ...claimed, sent: true, unknownCount: r.unknownCount + 1, firstUnknownAt: r.firstUnknownAt ?? now, why,
    nextAt: r.unknownCount === 0 ? now : later(now, backoff(r.unknownCount - 1, t)), waits: 0,
  }, { credential: doubted(r), login });

/** The target said done: a proof is still owed (I2). */
export const ask = (r: Rotation<"applying">, now: Date) =>
  step<"applying", "probing">(r, probe(r), { sent: true, unknownCount: r.unknownCount + 1, nextAt: now, why: null, waits: 0 }, { login: r.as === "self" ? "accepted" : null });

/** Nothing new was sent, but what is in force is not settled. `refusedLogin`: the version our own login was refused with. */
export const reprobe = (r: Rotation<"applying">, why: string, o: { counts: boolean; refusedLogin: VersionId | null; login: Effects["login"] }, now: Date, t: Times) =>
  step<"applying", "probing">(r, { ...probe(r), asked: o.refusedLogin === null ? [] : [o.refusedLogin] }, {
    why, attempt: o.counts ? r.attempt : r.attempt - 1, unknownCount: r.unknownCount + (o.counts ? 1 : 0), firstUnknownAt: r.firstUnknownAt ?? now, inForce: o.refusedLogin === null ? r.inForce : null,
    waits: r.waits + 1, nextAt: later(now, backoff(r.waits, t)),
  }, { credential: doubted(r), login: o.login });
const probe = (r: Rotation<"applying">) =>
  ({ state: "probing", ...has(r), applyStartedAt: r.applyStartedAt, asked: [] as readonly VersionId[], retry: false }) as const;

/** Not sent, nothing in doubt: try again later, for as long as it takes; the attempt is not counted. */
export const wait = (r: Rotation<"prepared" | "applying" | "waiting">, why: string, now: Date, t: Times, login: Effects["login"] = null) =>
  step<"prepared" | "applying" | "waiting", "waiting">(r as Rotation<"applying">, { state: "waiting", ...has(r) }, {
    attempt: r.state === "applying" ? r.attempt - 1 : r.attempt, waits: r.waits + 1, nextAt: later(now, backoff(r.waits, t)), why,
  }, { credential: r.state === "applying" ? asBefore(r) : null, login }) as RotationStep<"prepared" | "applying" | "waiting", "waiting">;

/** The target refused a generated candidate that never left us otherwise: kept as rejected, and another one is prepared. */
export const replaceCandidate = (r: Rotation<"applying"> & { readonly sent: false }, why: string) =>
  step<"applying", "queued">(r, { state: "queued", candidate: null }, { rejected: r.rejected + 1, why, nextAt: null, waits: 0 }, {
    versions: [{ id: r.candidate, to: "rejected" }], credential: asBefore(r), login: r.as === "self" ? "accepted" : null,
  });

/** A probe went on or backed off; `change` names what it learnt. */
export const keepProbing = (r: Rotation<"probing">, change: Partial<Common> & Partial<Pick<Shape["probing"], "asked" | "retry">>, effects: Partial<Effects> = {}) =>
  step<"probing", "probing">(r, { state: "probing", ...has(r), applyStartedAt: r.applyStartedAt, asked: change.asked ?? r.asked, retry: change.retry ?? r.retry },
    change, effects);
/** The daily look at a dead letter: noted, never acted on. */
export const keepDead = (r: Rotation<"dead_letter">, change: Partial<Common> & Partial<Asked>, effects: Partial<Effects> = {}) =>
  step<"dead_letter", "dead_letter">(r, { state: "dead_letter", ...has(r), applyStartedAt: r.applyStartedAt, since: r.since, asked: change.asked ?? r.asked }, change, effects);

/** Proven by `proof`: the only way `current` moves forward (I2). */
export type Proof = { readonly match: VersionId; readonly by: "compare" | "login" };
export const commit = (r: Rotation<"probing">, proof: Proof, facts: Facts, now: Date, t: Times) => {
  if (proof.match !== r.candidate) throw new RangeError("a proof of another version cannot commit this one");
  if (r.origin !== "local" && !(r.sent && r.applyStartedAt !== null && r.applyStartedAt <= now)) throw new RangeError("nothing was applied yet");
  const first = r.trigger === "adopt" && facts.adoptedBefore < 1;
  return step<"probing", "committed">(r, { state: "committed", ...has(r), endedAt: now }, { inForce: r.candidate, nextAt: null, why: null }, {
    versions: promote(facts, r.candidate),
    credential: r.origin === "local" && adopting(r) ? r.before : first && facts.credential === "adopting" ? "adopting" : "in_sync",
    rotatedNo: r.origin === "local" ? null : r.covers,
    adopted: r.trigger === "adopt" ? facts.adoptedBefore + 1 : null,
    login: proof.by === "login" ? "accepted" : null,
    closure: { old: currentOf(facts), current: r.candidate, at: checks(now, t) },
    openNext: r.again ?? (first ? "adopt" : null),
  });
};
const checks = (now: Date, t: Times) => [later(now, t.closureFirst), later(now, t.closureSecond)];
/** Ends without a change. `current` stays, unless this rotation proved that another version was in force all along. */
export const refuse = <S extends "queued" | "prepared" | "applying" | "waiting" | "probing" | "dead_letter">(
  r: Rotation<S>, why: string, facts: Facts, now: Date, t: Times, proven: VersionId | null = r.inForce, login: Effects["login"] = null,
) => {
  const moved = proven !== null && proven !== r.candidate && proven !== currentOf(facts);
  return step<"probing", "refused">(r as Rotation<"probing">, { state: "refused", candidate: r.candidate, endedAt: now }, { why, nextAt: null, inForce: proven }, {
    versions: [...(r.candidate === null ? [] : [{ id: r.candidate, to: "rejected" as const }]), ...(moved ? promote(facts, proven) : [])],
    credential: proven !== null && (!adopting(r) || r.state === "dead_letter") ? "in_sync" : facts.credential === "quarantined" ? null : asBefore(r),
    adopted: r.trigger === "adopt" ? 0 : null,
    closure: r.sent && proven !== null ? { old: r.candidate, current: proven, at: checks(now, t) } : null,
    openNext: r.again, tell: "refused", login,
  }) as RotationStep<S, "refused">;
};

export const bury = (r: Rotation<"probing">, why: string, now: Date, t: Times, effects: Partial<Effects> = {}, change: Partial<Common> = {}) =>
  step<"probing", "dead_letter">(r, { state: "dead_letter", ...has(r), applyStartedAt: r.applyStartedAt, since: now, asked: [] },
    { ...change, why, waits: 0, nextAt: later(now, t.deadLetterProbe) }, { credential: "quarantined", tell: "dead_letter", ...effects });

/** A person says "try again": the same candidate, fresh counts, and still never replaced. Whoever looked at it meanwhile has lost it. */
export const reopen = (r: Rotation<"dead_letter">, why: string, now: Date) =>
  step<"dead_letter", "probing">(r, { state: "probing", ...has(r), applyStartedAt: r.applyStartedAt, asked: [], retry: false },
    { why, unknownCount: 0, firstUnknownAt: now, waits: 0, nextAt: now, fence: r.fence + 1, leaseUntil: null });

/** A person gives up on the candidate once `proven` was shown to be in force; the candidate is kept for ever, so even a late landing is known. */
export const giveUp = (r: Rotation<"dead_letter">, proven: VersionId, why: string, facts: Facts, now: Date, t: Times) => {
  if (proven === r.candidate) throw new RangeError("the candidate is in force: reopen it");
  return refuse(r, why, facts, now, t, proven);
};
