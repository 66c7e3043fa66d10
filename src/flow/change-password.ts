/**
 * A person changes a password: typed or generated, on the target too or in the vault alone. Rule: nothing becomes current here; the rotation that
 * is opened proves it, and its row says which of the three it was (domain/change-outcome.ts). A typed password is a Secret from the door on.
 */
import { Fault } from "../kernel/fault.ts";
import type { AccountId, RotationId, VersionId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Account } from "../domain/account.ts";
import { waits } from "../domain/order.ts";
import type { Bound } from "../domain/password-policy.ts";
import type { Origin } from "../domain/rotation.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as requests from "../store/requests.ts";
import * as rotations from "../store/rotations.ts";
import * as sessions from "../store/sessions.ts";
import * as targets from "../store/targets.ts";
import { declarePassword } from "./account-change.ts";
import { cutHolders } from "./cut-holders.ts";
import type { Deps } from "./deps.ts";
import { managedBy } from "./managed-by.ts";
import { stopNow } from "./obstacle.ts";
import { brokenRulesOf, keptStill, policyOf } from "./password-check.ts";
import { actor, record, type Caller } from "./record.ts";
import { openRotation } from "./rotate.ts";
import { loadWorld } from "./rotation-load.ts";
import { keepTyped, refuseUnfit } from "./typed.ts";

export type PasswordWish = {
  /** Null: one is generated. The caller wipes it. */
  readonly password: Secret | null;
  /** False: the target has it already, says its typist; the vault asks the target. */
  readonly remote: boolean;
  readonly reason: string;
  /** Ends what others hold of the account first. */
  readonly cut?: boolean;
  /** Local, on an account nobody manages yet: ask the target too. Where it is managed the target is asked always. */
  readonly probe?: boolean;
};
/** `joined`: a change was open already and this is it; nothing that was typed was kept. No rotation: kept as declared, nobody was asked. */
export type Opened = { readonly rotation: RotationId | null; readonly joined: boolean };

export const changePassword = async (deps: Deps, caller: Caller, id: AccountId, wish: PasswordWish): Promise<Opened> => {
  const seen = await managedBy(deps.db, caller, id, "account.rotate");
  if (!wish.remote && wish.password === null) throw new Fault("invalid", "A password that is in force already has to be typed: generating one would change nothing on the target.");
  if (!wish.remote && seen.credential === "unmanaged" && !wish.probe) { await declarePassword(deps, caller, id, wish.password!); return { rotation: null, joined: false }; }
  const open = await rotations.openOf(deps.db, id);
  if (open && !waits(open)) return { rotation: open.id, joined: true };
  await refuseBadly(deps, caller, id, wish);
  return deps.db.transaction((tx) => opened(deps, tx, caller, id, wish));
};
/** A generated one, applied: what the table of rotation.md calls "change now". */
export const rotateNow = async (deps: Deps, caller: Caller, id: AccountId, reason: string): Promise<RotationId> =>
  (await changePassword(deps, caller, id, { password: null, remote: true, reason })).rotation!;

/** What a person is shown before they press: whose work it would stop, and a change that is open already. */
export const inTheWay = async (db: Reader, id: AccountId): Promise<{ liveSessions: number; open: { id: RotationId; openedAt: Date } | null }> => {
  const open = await rotations.openOf(db, id), full = open && await rotations.withOpening(db, open.id);
  return { liveSessions: (await sessions.openWhere(db, { account: id })).length, open: full && !waits(full) ? { id: full.id, openedAt: full.openedAt } : null };
};

const opened = async (deps: Deps, tx: Tx, caller: Caller, id: AccountId, wish: PasswordWish): Promise<Opened> => {
  await managedBy(tx, caller, id, "account.rotate");
  const account = await accounts.lock(tx, id), open = await rotations.openOf(tx, id);
  if (open && !waits(open)) return { rotation: open.id, joined: true };
  if (open && wish.password) throw new Fault("conflict", LEFT);
  await free(deps, tx, caller, account, wish);
  const origin: Origin = !wish.remote ? "local" : wish.password ? "given" : "generated";
  const candidate: VersionId | null = wish.password ? (await keepTyped(deps, tx, caller, account, wish.password)).id : null;
  const rotation = await openRotation(deps, tx, await accounts.lock(tx, id), {
    trigger: "manual", reason: wish.reason.trim() || SAID[origin], by: caller.person.id, origin, ...(candidate ? { candidate } : {}),
  });
  return { rotation, joined: false };
};
const LEFT = "While it is used, its next password is with the agent of its machine already, and it may become the one in force by itself. Change it to a generated one, or type one when the use is over. Nothing was changed, and what was typed was not kept.";
const SAID: Record<Origin, string> = { generated: "changed by hand", given: "changed by hand, to a typed password", local: "typed as the one in force" };

/** The trigger table's row of "a person's change now": a held account is refused, or its holders are cut first. */
const free = async (deps: Deps, tx: Tx, caller: Caller, account: Account, wish: PasswordWish): Promise<void> => {
  if (deps.passive.why) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
  if (account.credential === "unmanaged" && wish.remote) throw new Fault("conflict", "This account is not managed yet. Adopt it first.");
  const stop = await stopNow(tx, account, (await targets.find(tx, account.target))!);
  if (stop && (wish.password || wish.cut)) throw new Fault("conflict", `${stop} Nothing was changed, and what was typed was not kept.`);
  if (wish.cut) return cutHolders(deps, tx, caller, account, wish.reason);
  await refuseHeld(tx, account.id);
};
/** Whoever holds it works with the password that would be changed. */
export const refuseHeld = async (db: Reader, id: AccountId): Promise<void> => {
  const holder = (await requests.holds(db, id))[0];
  if (holder) throw new Fault("conflict", `${holder.personName} holds this account until ${holder.until.toISOString()}. Cut their sessions and change, or wait for the rotation at its end.`);
};

const FROM: Record<Bound["from"], string> = { account: "the account's own", target: "its target's", platform: "its platform's", default: "the default" };
/** Told at once, and written down: somebody who tries passwords here asks which ones were in force once. The check that counts is the rotation's own. */
const refuseBadly = async (deps: Deps, caller: Caller, id: AccountId, wish: PasswordWish): Promise<void> => {
  const why = await deps.db.transaction(async (tx) => {
    const w = await loadWorld(deps, tx, await accounts.lock(tx, id), tx.now);
    if (wish.password) refuseUnfit(deps, w.target.platform, wish.password);
    const bound = await policyOf(tx, w);
    const kept = wish.remote ? keptStill(deps, w, bound, "manual", tx.now) : null, broken = wish.remote && wish.password ? await brokenRulesOf(deps, tx, w, bound, wish.password, null) : [];
    const said = kept ? `Unchanged: ${kept}.` : broken.length > 0 ? `Unchanged: the password needs ${broken.join("; ")}. (Password policy ${bound.policy.name}, ${FROM[bound.from]}.)` : null;
    if (said) await record(deps, tx, { what: "password.refused", who: actor(caller), about: { account: id, target: w.target.id }, outcome: "refused", why: said });
    return said;
  });
  if (why) throw new Fault("invalid", why);
};
