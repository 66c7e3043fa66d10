/** One simulated account: clock, dice, counters. Rule: everything random comes from the seed, so a failing run can be run again. */
import { times, type Times } from "../../src/kernel/times.ts";
import { dice } from "../lab/dice.ts";
import type { Agent } from "./agent.ts";
import type { Judge } from "./judge.ts";
import type { Wrap } from "./mutants.ts";
import type { Store } from "./store.ts";
import type { Target } from "./target.ts";

export type Counts = {
  rotations: number; committed: number; refused: number; deadLetters: number; heals: number; crashes: number; commitUnknown: number; pauses: number; fenced: number;
  orders: number; ordersMade: number; agentAway: number; agentCrashes: number; ordersMoved: number; expired: number; lostRequests: number; lostAcks: number; late: number; policy: number; unknownProbes: number; lockedOut: number; adminBusy: number; logins: number; drifts: number; steps: number;
  lost: number; stuck: number; wrongCurrent: number; lockouts: number; overBudget: number; driftLeft: number; overdue: number;
};
export const zero = (): Counts => ({
  rotations: 0, committed: 0, refused: 0, deadLetters: 0, heals: 0, crashes: 0, commitUnknown: 0, pauses: 0, fenced: 0,
  orders: 0, ordersMade: 0, agentAway: 0, agentCrashes: 0, ordersMoved: 0, expired: 0, lostRequests: 0, lostAcks: 0, late: 0, policy: 0, unknownProbes: 0, lockedOut: 0, adminBusy: 0, logins: 0, drifts: 0, steps: 0,
  lost: 0, stuck: 0, wrongCurrent: 0, lockouts: 0, overBudget: 0, driftLeft: 0, overdue: 0,
});

/** Every fault by its name, so that a scenario can have one and no other. */
export type FaultName =
  | "crash" | "pause" | "unreachable" | "admin_refused" | "login_unanswered" | "request_lost" | "late" | "ack_lost" | "policy"
  | "no_route" | "answer_lost" | "unreadable" | "locked_out" | "admin_busy" | "commit_lost" | "commit_refused" | "agent_away" | "agent_crash";
/** Only these faults, as likely as said, on this platform: a mistake shows in the situation it is a mistake in. */
export type Scenario = { readonly faults: Partial<Record<FaultName, number>> | "any"; readonly platform?: Partial<Platform> };

/** What kind of platform the account is on. */
export type Platform = { self: boolean; administrative: boolean; reconcile: boolean; compare: boolean; resets: boolean; agent: boolean };

export const T: Times = times(1);
/** Everything dies with the process: its memory, and what it had not saved. One value: a stack per crash would be most of the run's time. */
export const CRASH = new Error("crash");

export class World {
  now = 0;
  faults = true;
  /** When the use of whoever has it now is to end; null: nobody has it. */
  heldUntil: number | null = null;
  /** The administrative credential is being changed itself until then (A2). */
  adminBusyUntil = 0;
  readonly roll: () => number;
  readonly count: Counts;
  readonly platform: Platform;
  readonly wrap: Wrap;
  target!: Target;
  /** null: nothing of ours stands on the target. */
  agent: Agent | null = null;
  store!: Store;
  judge!: Judge;
  #names = 0;

  readonly #scenario: Scenario | null;

  constructor(seed: number, count: Counts, wrap: Wrap, scenario: Scenario | null = null) {
    this.#scenario = scenario;
    this.roll = dice(seed);
    this.count = count;
    this.wrap = wrap;
    const kind = Math.floor(this.roll() * 4), agent = scenario?.platform?.agent ?? (scenario?.platform === undefined && kind === 3);
    const help = kind > 0 && this.roll() < 0.5, resets = this.roll() < 0.7;
    // With an agent there nobody's password is needed, a comparison costs no login, and so no login is ever refused.
    this.platform = agent ? { self: false, administrative: true, reconcile: false, compare: true, resets: true, agent: true }
      : { self: kind !== 1, administrative: kind === 1, reconcile: kind === 2, compare: help, resets, agent: false, ...scenario?.platform };
  }

  /** A fault strikes with probability p (or the scenario's), while faults are on. */
  chance(p: number, name: FaultName): boolean { return this.faults && this.roll() < (this.#scenario === null || this.#scenario.faults === "any" ? p : this.#scenario.faults[name] ?? 0); }
  between(a: number, b: number): number { return a + Math.floor(this.roll() * (b - a)); }
  date(): Date { return new Date(this.now); }
  name(prefix: string): string { return `${prefix}_${++this.#names}`; }
}
