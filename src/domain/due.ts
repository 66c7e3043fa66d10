/** When a password must change. Rule: due-ness is derived from facts and read again under the row lock; a hook only wakes somebody to look. */
import type { Times } from "../kernel/times.ts";
import { handedOut, type Account, type Uses } from "./account.ts";
import type { Preset } from "./policy.ts";
import { askAgain, type AnyStep, type OpenState, type Rotation, type Trigger } from "./rotation.ts";

export type Use = Pick<Account, "credential"> & Uses & {
  /** The preset of the last use: who still knows or holds the password after a session's end depends on it. */
  readonly preset: Preset;
  readonly liveSessions: number;
  readonly liveCheckouts: number;
  readonly lastSessionEndedAt: Date | null;
  /** ms a requester has to come back before `session` counts as over; the policy's own, else `times.reconnectGrace`. */
  readonly reconnectGrace: number | null;
  /** The current version was typed (or imported) by a person at this moment, and its typist knows it; null when generated. */
  readonly typedAt: Date | null;
};

const STRICT: readonly Preset[] = ["break-glass", "release", "session", "shared"];
/** Of several holders the one decides who knows most; nobody holds: as `session`. */
export const strictest = (held: readonly Preset[]): Preset => STRICT.find((p) => held.includes(p)) ?? "session";

/** Nobody is using it: no live session (and its grace is over); where the password was shown, no live checkout either. */
export const isUnused = (u: Use, now: Date, t: Times): boolean => {
  if (u.liveSessions > 0) return false;
  if (u.preset === "release" || u.preset === "break-glass") return u.liveCheckouts === 0;
  const grace = u.preset === "session" && u.liveCheckouts > 0 ? u.reconnectGrace ?? t.reconnectGrace : 0;
  return u.lastSessionEndedAt === null || now.getTime() - u.lastSessionEndedAt.getTime() >= grace;
};

/** A version by whose origin a person knows it: not made here. */
export const byHand = (origin: string): boolean => /^(typed|imported)( |$)/.test(origin);

/** law no-way-round-1: what was typed is changed again this long after. A hand-out makes it due at once, as ever. */
export const typedUntil = (typedAt: Date, t: Pick<Times, "typedTtl">): Date => new Date(typedAt.getTime() + t.typedTtl);

/** A managed account is due when a hand-out is not covered by a rotation, or the password in force was typed `typedTtl` ago, and nobody is using it. */
export const isDue = (u: Use, now: Date, t: Times): boolean => {
  const managed = u.credential !== "unmanaged" && u.credential !== "adopting" && u.credential !== "quarantined";
  const typed = u.typedAt !== null && now >= typedUntil(u.typedAt, t);
  return managed && (handedOut(u) || typed) && isUnused(u, now, t);
};

export type Joined = { readonly do: "join" } | { readonly do: "again"; readonly step: AnyStep };

/**
 * A rotation is asked for while one is open. Joining is right only if its candidate was, or will be, prepared after the use
 * that asks; a password typed before the last hand-out, and any exposure, ask for one more.
 */
export const joinOrAgain = (open: Rotation<OpenState>, trigger: Trigger, u: Pick<Uses, "usedNo" | "typedRun">): Joined => {
  const waits = open.origin === "generated" || (open.origin === "given" && u.typedRun > 0);
  const covered = open.state === "queued" ? waits : open.origin !== "local" && open.covers >= u.usedNo;
  return covered && trigger !== "exposure" ? { do: "join" } : { do: "again", step: askAgain(open, trigger) };
};
