/**
 * Logins opened directly on the target, past the broker, with the password that is no longer in force.
 * Rule: asked after the new password was proven and before the commit: until then nobody new is let in, so nobody's fresh login is hit. Never blocks the commit.
 */
import type { Rotation, Trigger } from "../domain/rotation.ts";
import type { Deps } from "./deps.ts";
import { broker, record } from "./record.ts";
import type { World } from "./rotation-load.ts";
import { breakCircuit } from "./breaker.ts";
import { call, credentialOf } from "./target-calls.ts";

/** Whose access is over. A schedule or an adoption does not throw anybody out. */
const ENDS: readonly Trigger[] = ["end_of_use", "exposure", "manual"];

export const endDirectLogins = async (deps: Deps, r: Rotation, w: World): Promise<void> => {
  if (!ENDS.includes(r.trigger)) return;
  const said = await ask(deps, w);
  await deps.db.transaction((tx) => record(deps, tx, { what: "rotation.closure", who: broker("rotation"), about: { rotation: r.id, account: r.account, target: w.target.id }, outcome: "ok", facts: { step: "logins", logins: said } }));
};

const ask = async (deps: Deps, w: World): Promise<string> => {
  if (!w.connector.endLogins || w.administrative === null || w.facts.administrative !== "ready") return "were not ended: no administrative credential, or the platform cannot";
  const as = await credentialOf(deps, deps.db, w.administrative);
  try {
    const r = await call(deps, w, "endLogins", (c, link, config) => c.endLogins!(config, link, { name: w.account.name }, as, AbortSignal.timeout(deps.times.probeLimit)), deps.times.probeLimit);
    if ("asRefused" in r) await deps.db.transaction((tx) => breakCircuit(deps, tx, w.administrative!, w.target, r.unknown));
    return "ended" in r ? `${r.ended} ended` : `were not ended: ${r.unknown}`;
  } catch { return "were not ended: the target did not answer"; } finally { as.secret.wipe(); }
};
