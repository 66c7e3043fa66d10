/** Whose a rotation is. Rule: asked under the row lock with the database's now; a fence that is not mine ends my work. */
import type { Times } from "../kernel/times.ts";
import type { Common } from "./rotation.ts";

type Leased = Pick<Common, "fence" | "leaseUntil">;

/** Only a row nobody leases may be claimed, in the transaction of `takeOver`. */
export const claimable = (r: Pick<Leased, "leaseUntil">, now: Date): boolean => r.leaseUntil === null || r.leaseUntil <= now;

/** Every call towards the target first asks this: mine, and the lease outlives the call. */
export const fenceHolds = (row: Leased, myFence: number, now: Date, t: Times): boolean =>
  row.fence === myFence && row.leaseUntil !== null && row.leaseUntil.getTime() - now.getTime() >= t.changeLimit + t.leaseMargin;
