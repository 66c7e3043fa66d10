/**
 * Logins opened directly on the target, past the broker, with the password that is no longer in force.
 * Rule: asked after the new password was proven and before the commit: until then nobody new is let in, so nobody's fresh login is hit, as long as
 * the fence is still ours right before the call. The administrative account is lent for it (A2, A4). Never blocks the commit.
 */
import { newId } from "../kernel/ids.ts";
import type { Credential } from "../connectors/connector.ts";
import type { Rotation, Trigger } from "../domain/rotation.ts";
import type { Deps } from "./deps.ts";
import { withAdmin } from "./lend.ts";
import { broker, record } from "./record.ts";
import type { World } from "./rotation-load.ts";
import { call, credentialOf, loginBy, nobody } from "./target-calls.ts";

/** Whose access is over. A schedule or an adoption does not throw anybody out. */
const ENDS: readonly Trigger[] = ["end_of_use", "exposure", "manual"];

/** `insist` throws where the rotation is no longer ours; it is asked when the loan is ours and nothing but the call is left. */
export const endDirectLogins = async (deps: Deps, r: Rotation, w: World, insist: () => Promise<void>): Promise<void> => {
  if (!ENDS.includes(r.trigger)) return;
  const said = await ask(deps, w, insist);
  await deps.db.transaction((tx) => record(deps, tx, { what: "rotation.closure", who: broker("rotation"), about: { rotation: r.id, account: r.account, target: w.target.id }, outcome: "ok", facts: { step: "logins", logins: said } }));
};

const ask = async (deps: Deps, w: World, insist: () => Promise<void>): Promise<string> => {
  const { administrative: admin } = w;
  if (!w.connector.endLogins || (admin === null && !w.connector.unaided) || w.facts.administrative !== "ready") return "were not ended: no administrative credential, or the platform cannot";
  const end = async (as: Credential) => {
    try {
      await insist();
      return await call(deps, w, "endLogins", (c, link, config) => c.endLogins!(config, link, { name: w.account.name }, as, AbortSignal.timeout(deps.times.probeLimit)), deps.times.probeLimit);
    } finally { as.secret.wipe(); }
  };
  // A loan of its own, not the rotation's: a process that was stopped must not hand back what the next owner borrowed under that name.
  const r = admin === null ? await end(nobody()) : await withAdmin(deps, admin, w.target, newId("event", deps.random), async () => {
    const answer = await end(await credentialOf(deps, deps.db, admin));
    return { answer, login: loginBy(answer) };
  });
  return "ended" in r ? `${r.ended} ended` : `were not ended: ${r.unknown}`;
};
