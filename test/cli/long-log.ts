/** More events than one batch of an export holds. */
import type { Deps } from "../../src/flow/deps.ts";
import { record } from "../../src/flow/record.ts";
import { sequence } from "../../src/flow/sequence.ts";

export const longLog = async (deps: Deps): Promise<void> => {
  await deps.db.transaction(async (tx) => {
    for (let n = 0; n < 620; n++) await record(deps, tx, { what: "vote.cast", who: { kind: "broker", part: "test" }, about: {}, outcome: "ok", facts: { n } });
  });
  await sequence(deps);
};
/** As a driver throws it, with what it was about to send. */
export const bad = (): Error => Object.assign(new RangeError("Geheim-1234 is out of range"), { code: "ERR_OUT_OF_RANGE", sql: "select 'Geheim-1234'" });
