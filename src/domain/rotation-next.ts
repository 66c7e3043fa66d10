/** What the driver must do with a rotation now. Rule: it only reads; the moves are in rotation.ts, the answers in rotation-absorb.ts. */
import type { VersionId } from "../kernel/ids.ts";
import { never } from "../kernel/never.ts";
import type { Times } from "../kernel/times.ts";
import { isWish } from "./dependent-absorb.ts";
import { orderAct } from "./order.ts";
import { currentOf, likeliestFirst, loginsLeft, type Facts, type Way } from "./rotation-facts.ts";
import { later, type Rotation } from "./rotation.ts";

export type Ask = { readonly by: "compare"; readonly versions: readonly VersionId[] } | { readonly by: "login"; readonly version: VersionId };
export type Action =
  /** Commit and journal the candidate (or take `rotation.candidate`, typed by a person), then `prepare`. */
  | { readonly do: "prepare" }
  /** Save `beginApply`, check `fenceHolds`, change, `absorb`. `from`: whose password logs in for a self-change. */
  | { readonly do: "apply"; readonly as: Way; readonly from: VersionId | null }
  /** Ask order[0] only, `absorb` its answer, then ask `next` again. Before a login, save `reserveProbe` and check `fenceHolds`.
   *  A prepared rotation first saves `beginProbe` (local) or `beginDoubt` (an order of it may have been performed). */
  | { readonly do: "probe"; readonly order: readonly [Ask, ...Ask[]] }
  /** Write down the runs of what comes before the change, and sleep: whoever ends the last of them wakes this. */
  | { readonly do: "before" }
  /** Save `sendOrder`, leave the candidate with the machine's agent, and save what came of it. */
  | { readonly do: "order" }
  /** Save `callIn`: the use that the order waits for is over. */
  | { readonly do: "call_in" }
  /** Save `wait`. */
  | { readonly do: "postpone"; readonly why: string }
  /** Save `refuse`. */
  | { readonly do: "refuse"; readonly why: string }
  /** Read as applying: whoever applied it is gone (or lost its memory). Save `takeOver`. */
  | { readonly do: "take_over" }
  /** Sleep if it is soon; else save `rest` and let go of it. */
  | { readonly do: "wait"; readonly until: Date; readonly why: string }
  | { readonly do: "nothing" };

export const next = (r: Rotation, f: Facts, now: Date, t: Times): Action => {
  if (r.state === "committed" || r.state === "refused") return { do: "nothing" };
  if (r.state === "applying") return { do: "take_over" };
  if (f.blocked) return { do: "wait", until: later(now, t.sweep), why: "the account is blocked" };
  if (r.nextAt !== null && r.nextAt > now) return { do: "wait", until: r.nextAt, why: r.why ?? "" };
  switch (r.state) {
    case "queued": return { do: "prepare" };
    case "prepared": return r.order !== null ? ordered(r, f, now, t) : r.origin === "local" ? probing(r, f, now, t) : applying(r, f, now, t);
    case "waiting": return applying(r, f, now, t);
    case "probing": return r.retry ? applying(r, f, now, t) : probing(r, f, now, t);
    case "dead_letter": return probing(r, f, now, t);
    default: return never(r);
  }
};

const ordered = (r: Rotation<"prepared">, f: Facts, now: Date, t: Times): Action => {
  const act = orderAct(r.order!, now, t);
  return act.do === "ask" ? probing(r, f, now, t) : act.do === "apply" ? applying(r, f, now, t) : act.do === "rest" ? { do: "wait", until: act.until, why: "left with the machine's agent" } : act;
};

/** The password a self-change logs in with. After a round in which nothing matched there is none. */
export const selfFrom = (r: Rotation, f: Facts): VersionId | null =>
  r.inForce ?? (r.state === "probing" ? null : currentOf(f));

/** Administrative where there is one; else itself; the reconcile credential from the second attempt on, or where nothing else can. */
const wayOf = (r: Rotation, f: Facts): Way | "busy" | "none" => {
  if (f.administrative !== "none") return f.administrative === "ready" ? "administrative" : "busy";
  const self = f.self && selfFrom(r, f) !== null;
  if (self && (r.attempt < 1 || f.reconcile === "none")) return "self";
  return f.reconcile === "ready" ? "reconcile" : f.reconcile;
};

/** What comes before the first byte of the change: nothing has left us, so a change that somebody wished is refused, and one that is needed waits. */
const ahead = (r: Rotation<"prepared" | "waiting" | "probing">, f: Facts, now: Date, t: Times): Action | null => {
  const b = f.before ?? "none";
  if (r.state === "probing" || r.sent || r.firstUnknownAt !== null || b === "none" || b === "passed") return null;
  if (b === "fresh") return { do: "before" };
  if ("stopped" in b) return isWish(r) ? { do: "refuse", why: `unchanged: ${b.stopped}` } : { do: "postpone", why: b.stopped };
  return b.open === null ? { do: "wait", until: later(now, t.sweep), why: "what comes before the change is being done" } : { do: "postpone", why: b.open };
};

const applying = (r: Rotation<"prepared" | "waiting" | "probing">, f: Facts, now: Date, t: Times): Action => {
  const first = ahead(r, f, now, t);
  if (first !== null) return first;
  const way = wayOf(r, f);
  if (way === "busy" || way === "none") {
    const why = way === "busy" ? "the credential that changes it is being changed itself or was refused" : "nothing can change this password: no administrative credential";
    if (r.state === "probing") return { do: "wait", until: later(now, t.retryFirst), why };
    return r.origin === "given" ? { do: "refuse", why: `unchanged: ${why}` } : { do: "postpone", why };
  }
  if (way === "self" && loginsLeft(f.budget, now) < 1) return { do: "wait", until: f.budget.until ?? now, why: "one more login could lock the account" };
  return { do: "apply", as: way, from: way === "self" ? selfFrom(r, f) : null };
};

/** Versions this round may still ask: never a candidate that never left us; of a local change nothing but the candidate. */
export const toAsk = (r: Rotation<"prepared" | "probing" | "dead_letter">, f: Facts, asked: readonly string[]): readonly VersionId[] =>
  (r.origin === "local" ? [r.candidate] : likeliestFirst(f.versions, r.candidate).filter((v) => v !== r.candidate || r.sent)).filter((v) => !asked.includes(v));

const probing = (r: Rotation<"prepared" | "probing" | "dead_letter">, f: Facts, now: Date, t: Times): Action => {
  const asked: readonly string[] = r.state === "prepared" ? [] : r.asked;
  const left = toAsk(r, f, asked);
  const versions = left.length > 0 ? left : toAsk(r, f, []);
  const compare: readonly Ask[] = f.canCompare && !asked.includes("compare") ? [{ by: "compare", versions: toAsk(r, f, []) }] : [];
  const logins: readonly Ask[] = versions.slice(0, loginsLeft(f.budget, now)).map((version) => ({ by: "login", version }));
  const [first, ...rest] = [...compare, ...logins];
  if (first !== undefined && versions.length > 0) return { do: "probe", order: [first, ...rest] };
  return versions.length > 0 && f.budget.until !== null
    ? { do: "wait", until: f.budget.until, why: "one more login could lock the account" }
    : { do: "wait", until: later(now, t.sweep), why: "there is no version to ask with" };
};
