/** A password a person types into the vault. Rule: law no-way-round-1: a use of the account and an exposure of its typist, in the transaction that keeps it. */
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId, type VersionId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Account } from "../domain/account.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import * as targets from "../store/targets.ts";
import type { SecretRow } from "../store/versions.ts";
import * as versions from "../store/versions.ts";
import type { Deps } from "./deps.ts";
import { actor, record, type Caller } from "./record.ts";
import { journalled, keepVersion } from "./secrets.ts";

export const NO_KEY = "This target's accounts have keys: give a private key in OpenSSH's or PEM's form, without a passphrase.";
/** What no target of this kind can have in the vault, whatever its policy. */
export const refuseUnfit = (deps: Pick<Deps, "keyring" | "connectors">, platform: string, password: Secret): void => {
  const keys = deps.connectors.get(platform)?.keys;
  if (keys?.objection(password) !== undefined) throw new Fault("invalid", NO_KEY);
  if (keys === undefined && !deps.keyring.sendable(password)) throw new Fault("invalid", "A password cannot hold line breaks or control characters: most targets would read them as the end of it.");
};
/** A candidate: to be put in force by the rotation that is opened with it (origin "given"), proven by one (origin "local"), or said to be in force by `declare`. */
export const keepTyped = async (deps: Deps, tx: Tx, caller: Caller, account: Account, password: Secret): Promise<SecretRow> => {
  refuseUnfit(deps, (await targets.find(tx, account.target))!.platform, password);
  const row = await keepVersion(deps, tx, { account, secret: password, status: "candidate", origin: "typed", by: caller.person.id });
  await typed(deps, tx, caller, account.id, row.id);
  return row;
};
/**
 * After the commit of `keepTyped`: first on disk, then said to be in force, with what follows from it (`also`). Before that nobody goes by it: who dies
 * in between leaves a candidate, and where the journal cannot be written, whoever typed it is told that it does not count.
 */
export const declare = async (deps: Deps, row: SecretRow, account: Account, target: Target, also: (tx: Tx) => Promise<void> = () => Promise.resolve()): Promise<void> => {
  try { await journalled(deps, row, account, target, 0); } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("unavailable", `${account.name}@${target.name} is there, but the password typed for it does not count and nothing goes by it: ${why} Type it again then.`, { cause });
  }
  await deps.db.transaction(async (tx) => {
    await accounts.lock(tx, account.id);
    await versions.setStatuses(tx, [{ id: row.id, to: "declared" }]);
    await also(tx);
  });
};

const typed = async (deps: Deps, tx: Tx, caller: Caller, account: AccountId, version: VersionId): Promise<void> => {
  await accounts.typed(tx, account);
  await versions.expose(tx, { id: newId("exposure", deps.random), person: caller.person.id, account, version, request: null, how: "typed" });
  await record(deps, tx, { what: "password.typed", who: actor(caller), about: { account, version }, outcome: "ok" });
};
