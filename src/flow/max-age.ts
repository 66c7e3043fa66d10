/** A password too old for its policy. Rule: derived from the version in force and decided under the row lock, like every due-ness; a held account waits for the end of its hold, whose rotation satisfies it. */
import type { AccountId, RotationId } from "../kernel/ids.ts";
import { tooOld } from "../domain/password-age.ts";
import { later } from "../domain/rotation.ts";
import * as accounts from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import * as passwordPolicies from "../store/password-policies.ts";
import * as requests from "../store/requests.ts";
import * as rotations from "../store/rotations.ts";
import * as sessions from "../store/sessions.ts";
import * as targets from "../store/targets.ts";
import * as versions from "../store/versions.ts";
import type { Deps } from "./deps.ts";
import { openRotation } from "./rotate.ts";

/** Accounts that may be too old: a hint, decided one by one. `limit`: of each policy. */
export const maybeOld = async (deps: Pick<Deps, "db" | "clock" | "times">, limit = 200): Promise<AccountId[]> => {
  const out: AccountId[] = [], now = deps.clock.now(), refusedSince = later(now, -deps.times.ageRetry);
  for (const p of (await passwordPolicies.known(deps.db)).values()) {
    if (p.maxAgeDays === 0) continue;
    out.push(...await passwordPolicies.madeBefore(deps.db, { policy: p.name, before: later(now, -p.maxAgeDays * deps.times.policyDay), refusedSince, limit }));
  }
  return out;
};

/** Refused for its age a while ago: not asked again at every sweep. */
const lately = async (deps: Pick<Deps, "times">, tx: Tx, id: AccountId): Promise<boolean> => {
  const [last] = await rotations.recent(tx, { account: id, limit: 1 });
  return last?.state === "refused" && later(last.endedAt, deps.times.ageRetry) > tx.now;
};

export const rotateForAge = (deps: Deps, id: AccountId): Promise<RotationId | null> => deps.db.transaction(async (tx) => {
  const account = await accounts.lock(tx, id), target = (await targets.find(tx, account.target))!, current = account.current ? await versions.find(tx, account.current) : null;
  if (deps.passive.why !== null || account.credential !== "in_sync" || account.block !== "none" || target.locked || current === null) return null;
  const { policy } = await passwordPolicies.of(tx, account, target);
  if (!tooOld(policy, current.createdAt, tx.now, deps.times) || await rotations.openOf(tx, id) || await lately(deps, tx, id)) return null;
  if ((await requests.live(tx, id)).length > 0 || (await sessions.openWhere(tx, { account: id })).length > 0) return null;
  return openRotation(deps, tx, account, { trigger: "max_age", reason: `older than the ${policy.maxAgeDays} days its policy ${policy.name} gives it`, by: null });
});
