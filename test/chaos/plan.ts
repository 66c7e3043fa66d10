/** What a chaos trial is made of, as data. Rule: every line between judge and victim is one JSON value of these types; secrets travel on stdin only. */
import { cpus, loadavg } from "node:os";
import type { Moment } from "../../src/flow/deps.ts";
import { times, type Times } from "../../src/kernel/times.ts";

/** In the order in which a rotation meets them. */
export const MOMENTS = [
  "before_candidate", "candidate_inserted", "candidate_committed", "journalled", "prepared", "applying", "before_change", "changed", "change_noted",
  "before_probe", "probed", "committing", "committed", "closing",
] as const satisfies readonly Moment[];
/** Every moment of the kernel's own list is here, or this does not compile. */
export type AllMoments = Exclude<Moment, (typeof MOMENTS)[number]> extends never ? true : never;
export const ALL_MOMENTS: AllMoments = true;

/** kill: SIGKILL to itself. stop: SIGSTOP to itself. pause: says so and goes on when told. */
export type Arm = { readonly moment: Moment; readonly nth: number; readonly do: "kill" | "stop" | "pause" };
export type Brief = {
  readonly dir: string; readonly databaseUrl: string | null; readonly account: string; readonly times: Times; readonly takeOver: boolean;
  /** Armed before the jobs start: strikes while what is left of the last life is being finished. */
  readonly arm: Arm | null;
};
export type Order = { readonly do: "go"; readonly arm: Arm | null } | { readonly do: "settle"; readonly ms: number } | { readonly do: "rows" } | { readonly do: "verify" } | { readonly do: "on" } | { readonly do: "skew"; readonly ms: number } | { readonly do: "end" };

/** What the judge reads of a database: ciphertext and states, nothing opened. Bytes are base64. */
export type Rows = {
  readonly account: { readonly credential: string; readonly current: string | null; readonly spent: number };
  readonly open: string | null;
  readonly versions: readonly { readonly id: string; readonly sealed: string; readonly wrapped: string; readonly keyId: string; readonly alg: string }[];
  readonly keys: readonly { readonly id: string; readonly purpose: string; readonly no: number; readonly wrapped: string; readonly kek: string }[];
};
export type Report =
  | { readonly at: "open"; readonly passive: string | null } | { readonly at: "gone"; readonly rotation: string } | { readonly at: "struck"; readonly moment: Moment }
  | { readonly at: "settled"; readonly ok: boolean; readonly state: string } | { readonly at: "verified"; readonly verdict: string } | { readonly at: "rows"; readonly rows: Rows } | { readonly at: "failed"; readonly why: string };

/** A busy machine is slow at everything: limits grow with it (1 to 4), or calls end unknown and leases die under the living. */
const slowness = (): number => Math.min(4, Math.max(1, (loadavg()[0] ?? 0) / cpus().length / 1.5));

/** Short, and still lawful: the lease outlives a call, its margin and the time a busy machine needs between two steps. */
export const chaosTimes = (over: Partial<Times> = {}, slow = slowness()): Times => {
  const call = Math.round(3_500 * slow), margin = Math.round(1_000 * slow);
  return {
    ...times(0.02), changeLimit: call, probeLimit: call, targetDial: call, handshake: call, leaseMargin: margin, rotationLease: call + 2 * margin,
    retryFirst: 50, retryMax: 1_000, sweep: 200, closureFirst: 60, closureSecond: 120, closureNightly: 86_400_000, probeWindow: 2_000, giveUpAfter: 120_000, ...over,
  };
};
