/** Accounts: added, adopted, blocked. Rule: a password given with one is typed: an exposure of its typist and a use (typed.ts). Changing one now: change-password.ts. */
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId, type RotationId, type TargetId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import { spelled, USUAL_NAMES, type Naming } from "../connectors/connector.ts";
import { obstacle, type Account, type Block } from "../domain/account.ts";
import type { Actor } from "../domain/audit.ts";
import { may } from "../domain/may.ts";
import * as accounts from "../store/accounts.ts";
import * as locks from "../store/locks.ts";
import * as sessions from "../store/sessions.ts";
import * as targets from "../store/targets.ts";
import { cutSoon, type Deps } from "./deps.ts";
import { noteNewAccount } from "./four-eyes.ts";
import { managedBy } from "./managed-by.ts";
import { knownPolicy } from "./password-policies.ts";
import { liftFrom, setLock } from "./lock.ts";
import { actor, record, type Caller } from "./record.ts";
import { openRotation } from "./rotate.ts";
import { declare, keepTyped } from "./typed.ts";
import { atRest, untriedBy } from "./untried.ts";

export { managedBy } from "./managed-by.ts";
export { rotateNow } from "./change-password.ts";

export type AccountInput = { readonly target: TargetId; readonly name: string; readonly passwordPolicy?: string | null | undefined; readonly password?: Secret | undefined; readonly adopt?: boolean | undefined; readonly tags?: readonly string[] | undefined };

/** With a password it is `declared`; adopted, its first two rotations make it managed. `who`: in whose name the log has it, where it is not the caller themselves. */
export const addAccount = async (deps: Deps, caller: Caller, input: AccountInput, who: Actor = actor(caller)): Promise<Account> => {
  const made = await deps.db.transaction(async (tx) => {
    const policy = await knownPolicy(tx, input.passwordPolicy);
    const target = await targets.lock(tx, input.target);
    if (!target || !may(caller.person, "account.manage", { owner: target.owner })) throw new Fault("not_found", "No such target.");
    const naming = namingOf(deps, target.platform);
    if (!naming.fits(input.name)) throw new Fault("invalid", `"${input.name.replace(/[\p{C}]/gu, "?").slice(0, 80)}" cannot be an account name here: ${naming.says}.`);
    const id = newId("account", deps.random);
    const there = await accounts.onTarget(tx, target.id), twin = there.find((a) => a.name !== input.name && spelled(naming, a.name) === spelled(naming, input.name));
    // Two rows of one account would each change it under the other.
    if (twin) throw new Fault("conflict", `${twin.name}@${target.name} is that account already: this kind of target does not tell ${input.name} from it.`);
    // law no-way-round-2: while the target waits for somebody to accept its identity, a new account waits with the others.
    const waits = there.some((a) => a.block === "identity_changed" || a.identityNo !== target.identityNo);
    await accounts.add(tx, { id, target: target.id, name: input.name, identityNo: target.identityNo, passwordPolicy: policy, tags: input.tags ?? [] });
    await noteNewAccount(deps, tx, caller, { id, name: input.name, tags: input.tags ?? [] }, target);
    if (waits) await accounts.setBlock(tx, id, "identity_changed");
    await record(deps, tx, { what: "account.added", who, about: { account: id, target: target.id }, outcome: "ok", facts: { name: `${input.name}@${target.name}`, password_policy: policy } });
    const account = await accounts.lock(tx, id);
    return { account, target, row: input.password ? await keepTyped(deps, tx, caller, account, input.password) : null };
  });
  if (made.row) await declare(deps, made.row, made.account, made.target);
  if (input.adopt) await adopt(deps, caller, made.account.id, who);
  return (await accounts.find(deps.db, made.account.id))!;
};

export const namingOf = (deps: Pick<Deps, "connectors">, platform: string): Naming => deps.connectors.get(platform)?.naming ?? USUAL_NAMES;

/** The first rotation. Two in a row succeed before the account is managed. */
export const adopt = (deps: Deps, caller: Caller, id: AccountId, who: Actor = actor(caller)): Promise<RotationId> => deps.db.transaction(async (tx) => {
  await managedBy(tx, caller, id, "account.manage");
  const account = await accounts.lock(tx, id), untried = await untriedBy(tx, account);
  if (untried !== null) throw new Fault("conflict", untried);
  if (account.credential !== "unmanaged" && account.credential !== "adopting") throw new Fault("conflict", "This account is managed already.");
  await record(deps, tx, { what: "account.adopted", who, about: { account: id }, outcome: "intent" });
  return openRotation(deps, tx, account, { trigger: "adopt", reason: "adoption", by: caller.person.id });
});

/** `locked` is a lock like every other (flow/lock.ts), an admin's to set and lift; `disabled` is its owner's own, and neither takes the other away. What stands then. */
export const setBlock = async (deps: Deps, caller: Caller, id: AccountId, block: Extract<Block, "none" | "disabled" | "locked">, reason: string): Promise<Block> => {
  const seen = await managedBy(deps.db, caller, id, "account.manage");
  if (block === "locked") await setLock(deps, caller, { kind: "account", subject: id, reason: reason.trim() || "locked on the account's page" });
  else if (block === "none" && seen.block === "locked") await liftFrom(deps, caller, "account", id, reason);
  else await disable(deps, caller, id, block, reason);
  return (await accounts.find(deps.db, id))!.block;
};
const disable = (deps: Deps, caller: Caller, id: AccountId, block: "none" | "disabled", reason: string): Promise<void> => deps.db.transaction(async (tx) => {
  await locks.gate(tx, "hand_out");
  const seen = await managedBy(tx, caller, id, "account.manage"), account = await accounts.lock(tx, id);
  if (account.block === "identity_changed") throw new Fault("conflict", "This account waits for its target's identity to be accepted; that is done on the target.");
  if (account.block === "untried" && block === "none") throw new Fault("conflict", obstacle(account, false)!);
  const to = block === "none" ? await atRest(tx, account, (await targets.find(tx, account.target))!) : block;
  await accounts.setBlock(tx, id, to);
  const open = block === "none" ? [] : await sessions.openWhere(tx, { account: id });
  for (const s of open) await sessions.markCut(tx, s.id, "killed", caller.person.name);
  await record(deps, tx, { what: block === "none" ? "account.unblocked" : "account.blocked", who: actor(caller), about: { account: id, target: seen.target }, outcome: "ok", ...(reason ? { why: reason } : {}), facts: { block: to, sessions: open.length } });
  tx.onCommit(() => { for (const s of open) cutSoon(deps, s.id, `this account was ${block}`); });
});
