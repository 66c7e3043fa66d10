/** Accounts that somebody wants out of the way, and back. Rule: ignoring takes a reason, changes nothing on the target, and is undone by one press. */
import { Fault } from "../kernel/fault.ts";
import type { TargetId } from "../kernel/ids.ts";
import * as discoveries from "../store/discoveries.ts";
import type { Deps } from "./deps.ts";
import { discoverable } from "./discover.ts";
import { actor, record, type Caller } from "./record.ts";

type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus">;
const MOST = 500;
/** `why` null: no longer ignored. */
export const ignoreFound = (deps: Small, caller: Caller, id: TargetId, names: readonly string[], why: string | null): Promise<number> => deps.db.transaction(async (tx) => {
  const t = await discoverable(tx, caller, id, "discovery.run"), reason = why?.trim() ?? null;
  if (reason !== null && (reason.length < 3 || reason.length > 300)) throw new Fault("invalid", "Say why, in 3 to 300 characters: whoever looks at the list next reads it.");
  if (names.length === 0) throw new Fault("invalid", "No account was chosen. Tick one or more in the list.");
  if (names.length > MOST) throw new Fault("invalid", `${names.length} accounts are more than one press takes (${MOST}).`);
  const found = await discoveries.lockFound(tx, id, [...new Set(names)]);
  if (found.length < new Set(names).size) throw new Fault("not_found", `${t.name} has no such account on its list. Have it listed again.`);
  await discoveries.ignore(tx, id, names, caller.person.id, reason);
  await record(deps, tx, {
    what: "discovery.ignored", who: actor(caller), about: { target: id }, outcome: "ok", ...(reason === null ? {} : { why: reason }),
    facts: { ignored: reason !== null, accounts: found.length, names: found.slice(0, 20).map((f) => f.name).join(", ") },
  });
  tx.onCommit(() => deps.bus.publish("discoveries"));
  return found.length;
});
