/**
 * What came of a run, and what a list of runs means for the change they belong to. Rule: unknown is not no: what may have been done is done again
 * only where that comes to the same; and nothing here touches the password, which is in force whatever its dependents do.
 */
import type { Times } from "../kernel/times.ts";
import { backoff, later, type Origin, type Trigger } from "./rotation.ts";
import type { Before } from "./rotation-facts.ts";
import { doubt, fail, finish, inWords, putOff, repeatable, type Run, type RunStep, type What } from "./dependent.ts";

/** A connector's ChangeResult fits. */
export type RunOutcome = "done" | { readonly refused: string } | { readonly not_sent: string; readonly why: string } | { readonly unknown: string };

/** Somebody wished it, and is told no; the other triggers are needs, which wait. */
const WISHES: readonly Trigger[] = ["manual", "schedule", "bulk", "max_age"];
export const isWish = (r: { readonly trigger: Trigger; readonly origin: Origin }): boolean => WISHES.includes(r.trigger) || r.origin === "given";

/** `needed`: a change that has to come waits for it, however long. */
export const absorbRun = (r: Run<"running">, what: What, o: RunOutcome, needed: boolean, now: Date, t: Times): RunStep => {
  if (o === "done") return finish(r, now);
  const patient = needed && r.phase === "before" && !r.goOn, young = now.getTime() - r.openedAt.getTime() < t.giveUpAfter;
  const retry = (why: string): RunStep => putOff(r, why, later(now, backoff(r.tries - 1, t)));
  if ("unknown" in o) return repeatable(what) && (patient || young) ? retry(o.unknown) : doubt(r, o.unknown, now);
  if ("refused" in o) return patient ? retry(o.refused) : fail(r, o.refused, now);
  return patient || (r.phase === "after" && young) ? retry(o.why) : fail(r, o.why, now);
};

type Of = Pick<Run, "state" | "goOn" | "why"> & { readonly what: What; readonly on: string };
const says = (r: Of): string => `before the change: ${inWords(r.what)} on ${r.on}`;
/** `runs`: those of this change, in their order; `listed`: how many are to be done. */
export const beforeOf = (listed: number, runs: readonly Of[]): Before => {
  if (runs.length === 0) return listed === 0 ? "none" : "fresh";
  const bad = runs.find((r) => !r.goOn && (r.state === "failed" || r.state === "unknown"));
  if (bad) return { stopped: `${says(bad)} ${bad.state === "failed" ? "failed" : "was begun, and nobody knows whether it was done"}: ${bad.why ?? ""}` };
  const left = runs.find((r) => r.state === "waiting" || r.state === "running");
  return left ? { open: left.why === null ? null : `${says(left)}: ${left.why}` } : "passed";
};

/** What a person may do to one: a run of a change that is over matters only if it comes after it. */
export const RUN_MOVES = ["again", "skip"] as const;
export type RunMove = (typeof RUN_MOVES)[number];
export const movesOf = (r: Pick<Run, "state" | "phase">, rotationOpen: boolean): readonly RunMove[] =>
  (r.state === "failed" || r.state === "unknown") && (r.phase === "after" || rotationOpen) ? RUN_MOVES : r.state === "waiting" && r.phase === "after" ? ["skip"] : [];
/** What needs a person stands with the failures. */
export const needsPerson = (r: Pick<Run, "state" | "phase">): boolean => r.phase === "after" && (r.state === "failed" || r.state === "unknown");
