/** Does the vault's password still open the target? Rule: one question within the login budget; a refusal is drift and opens a heal, never a guess. */
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId, type VersionId } from "../kernel/ids.ts";
import type { Account } from "../domain/account.ts";
import type { Actor } from "../domain/audit.ts";
import type { ProbeOutcome } from "../domain/rotation-absorb.ts";
import { waits } from "../domain/order.ts";
import { drift, type OpenState, type Rotation } from "../domain/rotation.ts";
import * as accounts from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import * as rotations from "../store/rotations.ts";
import { managedBy } from "./accounts.ts";
import { loginAnswered, spendLogin } from "./budget.ts";
import type { Deps } from "./deps.ts";
import { actor, broker, record, type Caller } from "./record.ts";
import { openRotation } from "./rotate.ts";
import { loadWorld, type World } from "./rotation-load.ts";
import { compare, login } from "./target-calls.ts";

export type Verdict = { readonly verdict: "in_force" | "not_in_force" | "unknown"; readonly by: "compare" | "login"; readonly why: string };

export const BLOCKED = "This account is blocked; it is not asked until that is settled.";
export const verify = async (deps: Deps, caller: Caller | null, id: AccountId): Promise<Verdict> => {
  if (caller) await managedBy(deps.db, caller, id, "account.verify");
  const w = await deps.db.transaction(async (tx) => {
    const world = await loadWorld(deps, tx, await accounts.lock(tx, id), tx.now);
    if (world.facts.blocked) throw new Fault("conflict", deps.passive.why ?? BLOCKED);
    const open = await rotations.openOf(tx, id);
    // One that waits for the end of a use changes nothing yet.
    if (open && !waits(open)) throw new Fault("conflict", "Its password is being changed right now; that proves it too.");
    if (!world.account.current) throw new Fault("conflict", "The vault holds no proven password for this account yet.");
    return world;
  });
  const outcome = await question(deps, w, w.account.current!);
  return note(deps, caller, w, outcome);
};

/** Offline comparison first: it spends no login. */
export const question = async (deps: Deps, w: World, version: VersionId): Promise<ProbeOutcome> => {
  const compared = w.facts.canCompare ? await compare(deps, w, [version], newId("event", deps.random)) : null;
  if (compared !== null && (compared === "none_matches" || "match" in compared)) return compared;
  if (!(await spendLogin(deps, w))) throw new Fault("too_many", "One more refused login could lock the account. Try again after the lock-out window.");
  const answer = await login(deps, w, version, newId("event", deps.random));
  await loginAnswered(deps, w, answer);
  return answer;
};

const note = (deps: Deps, caller: Caller | null, w: World, o: ProbeOutcome): Promise<Verdict> => deps.db.transaction(async (tx) => {
  const account = await accounts.lock(tx, w.account.id), who = caller ? actor(caller) : broker("verify"), about = { account: account.id, target: account.target, version: w.account.current! };
  if (o !== "none_matches" && "match" in o) {
    // Nothing was in doubt but this: a rotation that is open settles it itself.
    const settles = account.credential === "unverified" && account.current === w.account.current && !(await rotations.openOf(tx, account.id));
    await accounts.credit(tx, account.id, { verifiedAt: tx.now, ...(settles ? { credential: "in_sync" as const } : {}) });
    await record(deps, tx, { what: "account.verified", who, about, outcome: "ok", facts: { by: o.by } });
    return { verdict: "in_force", by: o.by, why: "The vault's password is the one in force." };
  }
  if (o !== "none_matches" && "unknown" in o) {
    await record(deps, tx, { what: "account.verified", who, about, outcome: "failed", why: o.unknown });
    return { verdict: "unknown", by: o.by, why: o.unknown };
  }
  await drifted(deps, tx, who, account, w.account.current!, "the target does not take the vault's password");
  return { verdict: "not_in_force", by: o === "none_matches" ? "compare" : "login", why: "The target does not take the vault's password. The broker is settling which one is in force." };
});

/** Drift: written down once, and where nothing else is settling it a heal is opened. `version`: the one that was asked with. */
export const drifted = async (deps: Deps, tx: Tx, who: Actor, account: Account, version: VersionId, why: string): Promise<void> => {
  await record(deps, tx, { what: "account.drift", who, about: { account: account.id, target: account.target, version }, outcome: "failed", why });
  if (account.credential === "unverified") return settleStill(deps, tx, account);
  if (account.credential !== "in_sync" || account.current !== version) return;
  await accounts.credit(tx, account.id, { credential: "unverified" });
  const open = await rotations.openOf(tx, account.id);
  if (open) await rotations.save(tx, drift(open as Rotation<OpenState>));
  await openRotation(deps, tx, { ...account, credential: "unverified" }, { trigger: "heal", reason: `drift: ${why}`, by: null });
};
/** A heal may have ended without a proof, refused by the target: whoever looks next opens another, so that "being settled" is true. */
export const settleStill = async (deps: Deps, tx: Tx, account: Account): Promise<void> => {
  if (account.credential !== "unverified" || await rotations.openOf(tx, account.id)) return;
  await openRotation(deps, tx, account, { trigger: "heal", reason: "still unverified, and nothing was settling it", by: null });
};
