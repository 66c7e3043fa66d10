/** Plausible simplifications of the protocol, each as a wrap around the production reducer. Rule: every one must be caught; the judge does not know which is on. */
import type { ChangeOutcome, ProbeOutcome } from "../../src/domain/rotation-absorb.ts";
import type { AnyStep, Rotation } from "../../src/domain/rotation.ts";
import type { Counts, World } from "./world.ts";

export type Wrap = {
  /** The candidate lives in the worker's memory until the target said something. */
  readonly saveLate?: true;
  readonly noFence?: true;
  readonly noBudget?: true;
  readonly noClosure?: true;
  /** The hook is lost and nothing derives due-ness. */
  readonly noSweep?: true;
  readonly change?: (o: ChangeOutcome) => ChangeOutcome;
  readonly probed?: (r: Rotation<"probing">, o: ProbeOutcome) => ProbeOutcome;
  readonly instead?: (r: Rotation<"probing">) => ProbeOutcome | undefined;
  readonly saved?: (w: World, step: AnyStep) => void;
};

const forget = (w: World, step: AnyStep): void => {
  w.store.versions = w.store.versions.filter((v) => v.id !== step.to.candidate);
  w.store.row = null;
  w.store.account.credential = "in_sync";
};

export const MUTANTS: Readonly<Record<string, { readonly wrap: Wrap; readonly caughtBy: readonly (keyof Counts)[] }>> = {
  "save-after-apply": { wrap: { saveLate: true }, caughtBy: ["lost"] },
  "discard-on-error": {
    wrap: { saved: (w, s) => { if (s.from.state === "applying" && s.to.state === "probing" && s.to.firstUnknownAt !== null) forget(w, s); } },
    caughtBy: ["lost"],
  },
  "network-error-is-no": {
    wrap: {
      change: (o) => (typeof o === "object" && "unknown" in o ? { refused: o.unknown } : o),
      probed: (r, o) => (typeof o === "object" && "unknown" in o && o.by === "login" ? { refused_login: r.candidate } : o),
    },
    caughtBy: ["wrongCurrent"],
  },
  "new-password-on-retry": {
    wrap: {
      saved: (w, s) => {
        const v = w.store.version(s.to.candidate);
        if (s.to.state === "applying" && s.to.attempt > 1 && v) v.password = w.name("retry");
      },
    },
    caughtBy: ["lost"],
  },
  purge: {
    wrap: { saved: (w, s) => { if (s.to.state === "committed") w.store.versions = w.store.versions.filter((v) => ["current", "previous", "candidate"].includes(v.status)); } },
    caughtBy: ["lost"],
  },
  "no-fence": { wrap: { noFence: true }, caughtBy: ["wrongCurrent", "stuck", "lockouts", "overBudget"] },
  "no-probe-budget": { wrap: { noBudget: true }, caughtBy: ["overBudget"] },
  "no-closure": { wrap: { noClosure: true }, caughtBy: ["driftLeft"] },
  "commit-before-verify": { wrap: { instead: (r) => (r.sent ? { match: r.candidate, by: "login" } : undefined) }, caughtBy: ["wrongCurrent"] },
  "hook-dropped": { wrap: { noSweep: true }, caughtBy: ["overdue"] },
};
