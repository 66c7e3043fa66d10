/**
 * What an answer of the target means for a rotation. Rule: unknown is not no; only a proof commits, only a refusal with
 * nothing else in doubt refuses, and everything in between is asked again.
 */
import type { VersionId } from "../kernel/ids.ts";
import type { Times } from "../kernel/times.ts";
import { toAsk, selfFrom } from "./rotation-next.ts";
import { loginsLeft, type Facts } from "./rotation-facts.ts";
import {
  ask, backoff, bury, commit, doubt, doubtedBy, keepDead, keepProbing, later, refuse, replaceCandidate, reprobe, wait,
  type AnyStep, type Effects, type Proof, type Rotation,
} from "./rotation.ts";

/** A connector's ChangeResult fits. `reached: false`: the link never connected, so no login was spent. */
export type ChangeOutcome = "done" | { readonly refused: string } | { readonly unknown: string }
  | { readonly not_sent: "unreachable" | "auth_of_as" | "identity"; readonly why: string; readonly reached?: boolean };
/** "none_matches": an offline comparison of all versions. Over a verified identity only; an account that may be locked is unknown. */
export type ProbeOutcome = Proof | "none_matches" | { readonly refused_login: VersionId }
  | { readonly unknown: string; readonly by: "compare" | "login"; readonly reached?: boolean };

export const NEW_CANDIDATES = 3;
export const UNKNOWN_ATTEMPTS = 8;

export const absorbChange = (r: Rotation<"applying">, o: ChangeOutcome, f: Facts, now: Date, t: Times): AnyStep => {
  const accepted = r.as === "self" ? "accepted" as const : null;
  if (o === "done") return ask(r, now);
  if ("unknown" in o) return doubt(r, o.unknown, now, t, {}, accepted);
  if ("refused" in o) {
    if (r.sent) return reprobe(r, o.refused, { counts: true, refusedLogin: null, login: accepted }, now, t);
    if (r.origin !== "generated" || r.rejected >= NEW_CANDIDATES) return refuse(r, o.refused, f, now, t, r.inForce, accepted);
    return replaceCandidate({ ...r, sent: false }, o.refused);
  }
  return notSent(r, o, f, now, t);
};

const notSent = (r: Rotation<"applying">, o: Extract<ChangeOutcome, { not_sent: string }>, f: Facts, now: Date, t: Times): AnyStep => {
  const login: Effects["login"] = r.as === "self" && o.reached === false ? "not_sent" : null;
  if (o.not_sent === "auth_of_as" && r.as === "self") return reprobe(r, o.why, { counts: true, refusedLogin: selfFrom(r, f), login }, now, t);
  if (r.sent || r.firstUnknownAt !== null) return reprobe(r, o.why, { counts: false, refusedLogin: null, login }, now, t);
  if (r.origin === "given") return refuse(r, `unchanged: ${o.why}`, f, now, t, r.inForce, login);
  return wait(r, o.why, now, t, login);
};

export const absorbProbe = (r: Rotation<"probing">, o: ProbeOutcome, f: Facts, now: Date, t: Times): AnyStep => {
  if (o === "none_matches") return roundOver(r, f, now, t);
  if ("match" in o) return o.match === r.candidate ? commit(r, o, f, now, t) : other(r, o, f, now, t);
  if ("refused_login" in o) return noLogin(r, o.refused_login, f, now, t);
  // With no login to spend the comparison is the only question there is: it is asked again soon, not after the lock-out window.
  if (o.by === "login" || loginsLeft(f.budget, now) < 1) return unanswered(r, o, f, now, t);
  return keepProbing(r, { asked: [...r.asked, "compare"], why: o.unknown, nextAt: now });
};

/** Another of our versions is in force: known, so the candidate may be applied again. */
const other = (r: Rotation<"probing">, proof: Proof, f: Facts, now: Date, t: Times): AnyStep => {
  const login = proof.by === "login" ? "accepted" as const : null;
  if (r.origin === "local") return refuse(r, "this is not the password in force", f, now, t, proof.match, login);
  const doubted = doubtedBy(r, now);
  if (overdue(r, now, t)) return bury(r, "tried long enough: the change does not take", now, t, { login }, { ...doubted.change, inForce: proof.match });
  return keepProbing(r, { ...doubted.change, inForce: proof.match, retry: true, asked: [], nextAt: again(r, now, t), why: "the old password is in force" },
    { ...doubted.effects, login });
};
/** At once after the first unproven attempt; later ones give a late landing time to land. `waits` has backed off already. */
const again = (r: Rotation<"probing">, now: Date, t: Times): Date =>
  r.waits > 0 || r.unknownCount < 2 ? now : later(now, backoff(r.unknownCount - 2, t));

/** A local change sent nothing: once the target has said no, everything is as it was. */
const notInForce = (r: Rotation<"probing">, f: Facts, now: Date, t: Times): AnyStep => refuse({ ...r, firstUnknownAt: null }, "this is not the password in force", f, now, t);

const noLogin = (r: Rotation<"probing">, version: VersionId, f: Facts, now: Date, t: Times): AnyStep => {
  if (r.origin === "local") return notInForce(r, f, now, t);
  const asked = [...r.asked, version];
  if (toAsk(r, f, asked).length === 0) return roundOver(r, f, now, t);
  const inForce = r.inForce === version ? null : r.inForce;
  return tooLong(r, now, t) ? bury(r, "the password in force was not found in time", now, t, {}, { inForce }) : keepProbing(r, { asked, inForce, nextAt: now });
};

/** Nothing we have opens the account now. A credential that changes others does not need to know it. */
const roundOver = (r: Rotation<"probing">, f: Facts, now: Date, t: Times): AnyStep => {
  if (r.origin === "local") return notInForce(r, f, now, t);
  const helped = f.administrative !== "none" || f.reconcile !== "none";
  if (!helped && !r.sent && r.trigger === "adopt") return refuse(r, "no password we were told opens this account", f, now, t, null);
  const doubted = doubtedBy(r, now);
  if (overdue(r, now, t)) return bury(r, "no version we hold is in force", now, t, {}, { ...doubted.change, inForce: null });
  const why = "none of our versions is in force";
  return helped
    ? keepProbing(r, { ...doubted.change, inForce: null, retry: true, asked: [], nextAt: again(r, now, t), why }, doubted.effects)
    : keepProbing(r, { ...doubted.change, inForce: null, asked: [], waits: r.waits + 1, nextAt: later(now, backoff(r.waits, t)), why }, doubted.effects);
};

const unanswered = (r: Rotation<"probing">, o: { unknown: string; reached?: boolean }, f: Facts, now: Date, t: Times): AnyStep => {
  const login: Effects["login"] = o.reached === false ? "not_sent" : null;
  const doubted = doubtedBy(r, now);
  if (overdue(r, now, t)) {
    return r.origin === "local" ? notChecked(r, o.unknown, f, now, t, login) : bury(r, o.unknown, now, t, { login }, doubted.change);
  }
  return keepProbing(r, { ...doubted.change, asked: r.asked.filter((a) => a !== "compare"), waits: r.waits + 1, nextAt: later(now, backoff(r.waits, t)), why: o.unknown },
    { ...doubted.effects, login });
};

/** Nobody could ask: which of the two passwords is in force stays open, and where the account is managed a heal settles it. */
const notChecked = (r: Rotation<"probing">, why: string, f: Facts, now: Date, t: Times, login: Effects["login"]): AnyStep =>
  refuse({ ...r, again: r.again ?? (r.before === "in_sync" || r.before === "unverified" ? "heal" : null) }, `not checked: ${why}`, f, now, t, null, login);

const tooLong = (r: Rotation<"probing">, now: Date, t: Times): boolean => r.firstUnknownAt !== null && now.getTime() - r.firstUnknownAt.getTime() >= t.giveUpAfter;
const overdue = (r: Rotation<"probing">, now: Date, t: Times): boolean => tooLong(r, now, t) || r.unknownCount >= UNKNOWN_ATTEMPTS;

/** A dead letter is looked at once a day: what was seen is noted for the person who decides. */
export const absorbDead = (r: Rotation<"dead_letter">, o: ProbeOutcome, f: Facts, now: Date, t: Times): AnyStep => {
  const tomorrow = later(now, t.deadLetterProbe);
  if (o === "none_matches") return keepDead(r, { inForce: null, asked: [], nextAt: tomorrow, why: "none of our versions is in force" });
  if ("match" in o) return keepDead(r, { inForce: o.match, asked: [], nextAt: tomorrow, why: "found: a person decides" }, { login: o.by === "login" ? "accepted" : null });
  if ("refused_login" in o) {
    const asked = [...r.asked, o.refused_login];
    return toAsk(r, f, asked).length > 0 ? keepDead(r, { asked, nextAt: now }) : absorbDead(r, "none_matches", f, now, t);
  }
  if (o.by === "compare") return keepDead(r, { asked: [...r.asked, "compare"], nextAt: now });
  return keepDead(r, { asked: [], nextAt: tomorrow, why: o.unknown }, { login: o.reached === false ? "not_sent" : null });
};

/** One door for drivers: applying takes a ChangeOutcome, probing and dead letters a ProbeOutcome. */
export function absorb(r: Rotation<"applying">, o: ChangeOutcome, f: Facts, now: Date, t: Times): AnyStep;
export function absorb(r: Rotation<"probing"> | Rotation<"dead_letter">, o: ProbeOutcome, f: Facts, now: Date, t: Times): AnyStep;
export function absorb(r: Rotation<"applying" | "probing" | "dead_letter">, o: ChangeOutcome | ProbeOutcome, f: Facts, now: Date, t: Times): AnyStep {
  if (r.state === "applying") return absorbChange(r, o as ChangeOutcome, f, now, t);
  return r.state === "probing" ? absorbProbe(r, o as ProbeOutcome, f, now, t) : absorbDead(r, o as ProbeOutcome, f, now, t);
}
