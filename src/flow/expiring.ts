/** A checkout is about to end. Rule: told once for each end it is given; a checkout no longer than the warning tells nobody at its very beginning. */
import * as accounts from "../store/accounts.ts";
import * as requests from "../store/requests.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import { tell } from "./tell.ts";

/** When to look again. */
export const tellExpiring = async (deps: Deps): Promise<Date | null> => {
  if (deps.passive.why !== null) return null;
  for (const id of await requests.expiring(deps.db, deps.times.expiryTold)) await tellOne(deps, id);
  return requests.nextExpiring(deps.db, deps.times.expiryTold);
};

const tellOne = (deps: Deps, id: requests.ExpiringId): Promise<unknown> => deps.db.transaction(async (tx) => {
  const r = await requests.lock(tx, id);
  if (r.state !== "checked_out") return;
  const account = (await accounts.find(tx, r.terms.account))!, target = (await targets.find(tx, account.target))!,
    name = `${account.name}@${target.name}`, until = r.until.toISOString();
  const lines = [`It ends at ${until.slice(0, 16).replace("T", " ")} UTC. Live sessions are cut then, and the password is changed.`];
  await tell(deps, tx, {
    kind: "expiring", subject: `Your time with ${name} ends soon`, lines, path: `/requests/${id}`,
      about: { request: id, account: account.id, target: target.id }, to: {},
    audience: [r.requester], once: `expiring/${id}/${until}`,
  });
});
