/** Plausible simplifications of the protocol, each as a wrap around the production reducer. Rule: every one must be caught; the judge does not know which is on. */
import type { ChangeOutcome, ProbeOutcome } from "../../src/domain/rotation-absorb.ts";
import type { LeftOutcome } from "../../src/domain/order-absorb.ts";
import { NO_RELEASE } from "../../src/domain/no-release.ts";
import type { AnyStep, Rotation } from "../../src/domain/rotation.ts";
import type { Counts, Scenario, World } from "./world.ts";

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
  /** An agent that forgets which changes it has seen. */
  readonly noAgentFence?: true;
  /** When nothing is handed out, of an open rotation. */
  readonly keepsIn?: (r: Rotation, now: Date) => boolean;
  readonly left?: (o: LeftOutcome) => LeftOutcome;
  readonly saved?: (w: World, step: AnyStep) => void;
};

const forget = (w: World, step: AnyStep): void => {
  w.store.versions = w.store.versions.filter((v) => v.id !== step.to.candidate);
  w.store.row = null;
  w.store.account.credential = "in_sync";
};

/** `scenario`: the one situation in which it shows, where the real protocol does not; `caughtBy`: as what, there and in the random run. */
export type Mutant = { readonly wrap: Wrap; readonly scenario: Scenario; readonly caughtBy: readonly (keyof Counts)[]; /** Where only one kind of account can show it, the random run is of that kind. */ readonly among?: Scenario };
const ADMIN: Scenario["platform"] = { self: false, administrative: true, reconcile: false, compare: false }, COMPARES: Scenario["platform"] = { ...ADMIN, compare: true }, AGENT: Scenario["platform"] = { agent: true };
const AGENTS: Scenario = { faults: "any", platform: AGENT };
export const MUTANTS: Readonly<Record<string, Mutant>> = {
  "save-after-apply": { wrap: { saveLate: true }, scenario: { faults: { crash: 0.03 }, platform: ADMIN }, caughtBy: ["lost"] },
  "discard-on-error": {
    wrap: { saved: (w, s) => { if (s.from.state === "applying" && s.to.state === "probing" && s.to.firstUnknownAt !== null) forget(w, s); } },
    scenario: { faults: { ack_lost: 0.3 }, platform: COMPARES },
    caughtBy: ["lost"],
  },
  "network-error-is-no": {
    wrap: {
      change: (o) => (typeof o === "object" && "unknown" in o ? { refused: o.unknown } : o),
      probed: (r, o) => (typeof o === "object" && "unknown" in o && o.by === "login" ? { refused_login: r.candidate } : o),
    },
    scenario: { faults: { ack_lost: 0.3 }, platform: COMPARES },
    caughtBy: ["wrongCurrent"],
  },
  "new-password-on-retry": {
    wrap: {
      saved: (w, s) => {
        const v = w.store.version(s.to.candidate);
        if (s.to.state === "applying" && s.to.attempt > 1 && v) v.password = w.name("retry");
      },
    },
    scenario: { faults: { late: 0.3 }, platform: COMPARES },
    caughtBy: ["lost"],
  },
  purge: {
    wrap: { saved: (w, s) => { if (s.to.state === "committed") w.store.versions = w.store.versions.filter((v) => ["current", "previous", "candidate"].includes(v.status)); } },
    scenario: { faults: { late: 0.3 }, platform: COMPARES },
    caughtBy: ["lost"],
  },
  "no-fence": { wrap: { noFence: true }, scenario: { faults: { pause: 0.15 }, platform: ADMIN }, caughtBy: ["wrongCurrent", "stuck", "lockouts", "overBudget"] },
  "no-probe-budget": { wrap: { noBudget: true }, scenario: { faults: { request_lost: 0.3, answer_lost: 0.3 }, platform: ADMIN }, caughtBy: ["overBudget"] },
  "no-closure": { wrap: { noClosure: true }, scenario: { faults: { late: 0.3 }, platform: COMPARES }, caughtBy: ["driftLeft"] },
  "commit-before-verify": { wrap: { instead: (r) => (r.sent ? { match: r.candidate, by: "login" } : undefined) }, scenario: { faults: { request_lost: 0.3 }, platform: COMPARES }, caughtBy: ["wrongCurrent"] },
  "order-offers-the-old": {
    wrap: { keepsIn: (r) => (NO_RELEASE as readonly string[]).includes(r.state) },
    scenario: { faults: { agent_away: 0.8 }, platform: AGENT },
    caughtBy: ["wrongCurrent"],
    among: AGENTS,
  },
  "order-unknown-is-no": { wrap: { left: (o) => (o.said === "unknown" ? { ...o, said: "not_sent" } : o) }, scenario: { faults: { agent_away: 0.8, ack_lost: 0.3 }, platform: AGENT }, caughtBy: ["wrongCurrent"], among: AGENTS },
  "order-without-fence": { wrap: { noAgentFence: true }, scenario: { faults: { late: 0.3 }, platform: AGENT }, caughtBy: ["wrongCurrent"], among: AGENTS },
  "hook-dropped": { wrap: { noSweep: true }, scenario: { faults: {}, platform: COMPARES }, caughtBy: ["overdue"] },
};
