/** Numbers and chains the events that have committed, in commit order. Rule: one sequencer at a time, each event once. */
import { sha256Hex } from "../crypto/envelope.ts";
import * as events from "../store/events.ts";
import type { Deps } from "./deps.ts";

export const sequence = async (deps: Pick<Deps, "db">): Promise<number> => {
  let total = 0;
  for (;;) {
    const done = await deps.db.transaction((tx) => events.sequence(tx, sha256Hex));
    total += done.length;
    if (done.length === 0) return total;
  }
};
