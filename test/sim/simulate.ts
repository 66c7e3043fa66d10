/** Many accounts, one after the other, from one seed. */
import type { Wrap } from "./mutants.ts";
import { runAccount } from "./run.ts";
import { zero, type Counts, type Scenario } from "./world.ts";

export type Report = Counts & { readonly accounts: number; readonly seed: number; readonly ms: number };

export const simulate = (o: { rotations: number; seed: number; wrap?: Wrap; scenario?: Scenario | null; progress?: (done: number) => void }): Report => {
  const count = zero(), t0 = performance.now();
  let accounts = 0;
  // A mutant that opens nothing would never get there: at most twice the accounts a healthy run needs.
  for (; count.rotations < o.rotations && accounts < o.rotations / 5; accounts++) {
    runAccount(o.seed * 1_000_003 + accounts, count, o.wrap ?? {}, o.scenario ?? null);
    if (accounts % 50 === 0) o.progress?.(count.rotations);
  }
  return { ...count, accounts, seed: o.seed, ms: Math.round(performance.now() - t0) };
};
