/** What a manager changes about an account without touching its target. Rule: tags choose the access policy, so a change of them waits for a second person where it helps its author. */
import { Fault } from "../kernel/fault.ts";
import type { AccountId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Account } from "../domain/account.ts";
import * as accounts from "../store/accounts.ts";
import * as targets from "../store/targets.ts";
import * as versions from "../store/versions.ts";
import type { Deps } from "./deps.ts";
import { noteChange } from "./four-eyes.ts";
import { managedBy } from "./managed-by.ts";
import { bindAccount } from "./password-policies.ts";
import { actor, record, type Caller } from "./record.ts";
import { declare, keepTyped } from "./typed.ts";

export type AccountChange = {
  /** Null or "": none of its own. */
  readonly passwordPolicy?: string | null | undefined; readonly tags?: readonly string[] | undefined;
};
const given = <T extends object>(set: T): { [K in keyof T]: Exclude<T[K], undefined> } => Object.fromEntries(Object.entries(set).filter(([, v]) => v !== undefined)) as never;
const differ = (a: readonly string[], b: readonly string[]): boolean => [...a].sort().join() !== [...b].sort().join();

export const changeAccount = (deps: Deps, caller: Caller, id: AccountId, change: AccountChange): Promise<Account> => deps.db.transaction(async (tx) => {
  await managedBy(tx, caller, id, "account.manage");
  const account = await accounts.lock(tx, id), set = given(change);
  if (set.passwordPolicy !== undefined) await bindAccount(deps, tx, caller, account, set.passwordPolicy);
  if (set.tags) await accounts.change(tx, id, { tags: set.tags });
  if (set.tags && differ(set.tags, account.tags)) await noteChange(deps, tx, caller, id, `tags of ${account.name}: ${set.tags.join(", ") || "none"}`);
  await record(deps, tx, { what: "account.changed", who: actor(caller), about: { account: id, target: account.target }, outcome: "ok",
    facts: { ...(set.passwordPolicy !== undefined ? { password_policy: set.passwordPolicy || null } : {}), ...(set.tags ? { tags: set.tags.join(",") } : {}) } });
  return (await accounts.find(tx, id))!;
});

/** The password of an account that is not managed yet, as its typist says it is: shown as declared until a login has proven it. */
export const declarePassword = async (deps: Deps, caller: Caller, id: AccountId, password: Secret): Promise<void> => {
  const { row, account, target } = await deps.db.transaction(async (tx) => {
    await managedBy(tx, caller, id, "account.manage");
    const seen = await accounts.lock(tx, id);
    if (seen.credential !== "unmanaged") throw new Fault("conflict", "This account is managed: its password is changed on the target and in the vault together, never typed into the vault alone.");
    return { row: await keepTyped(deps, tx, caller, seen, password), account: seen, target: (await targets.find(tx, seen.target))! };
  });
  // Whoever types it says that another one is in force than the one a login proved.
  await declare(deps, row, account, target, async (tx) => {
    const now = await accounts.lock(tx, id);
    if (now.credential !== "unmanaged" || now.current === null) return;
    await versions.setStatuses(tx, [{ id: now.current, to: "previous" }]);
    await accounts.credit(tx, id, { current: null });
  });
};
