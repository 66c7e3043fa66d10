/** A password a person types into the vault. Rule: law no-way-round-1: a use of the account and an exposure of its typist, in the transaction that keeps it. */
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId, type VersionId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Account } from "../domain/account.ts";
import * as accounts from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import * as targets from "../store/targets.ts";
import type { SecretRow } from "../store/versions.ts";
import * as versions from "../store/versions.ts";
import type { Deps } from "./deps.ts";
import { actor, record, type Caller } from "./record.ts";
import { keepVersion } from "./secrets.ts";

export const NO_KEY = "This target's accounts have keys: give a private key in OpenSSH's or PEM's form, without a passphrase.";
/** What no target of this kind can have in the vault, whatever its policy. */
export const refuseUnfit = (deps: Pick<Deps, "keyring" | "connectors">, platform: string, password: Secret): void => {
  const keys = deps.connectors.get(platform)?.keys;
  if (keys?.objection(password) !== undefined) throw new Fault("invalid", NO_KEY);
  if (keys === undefined && !deps.keyring.sendable(password)) throw new Fault("invalid", "A password cannot hold line breaks or control characters: most targets would read them as the end of it.");
};
/** `declared`: said to be in force. `candidate`: to be put in force by the rotation that is opened with it (origin "given"), or proven by one (origin "local"). Call `journalled` after the commit where nothing else does. */
export const keepTyped = async (deps: Deps, tx: Tx, caller: Caller, account: Account, password: Secret, status: "declared" | "candidate"): Promise<SecretRow> => {
  refuseUnfit(deps, (await targets.find(tx, account.target))!.platform, password);
  const row = await keepVersion(deps, tx, { account, secret: password, status, origin: "typed", by: caller.person.id });
  await typed(deps, tx, caller, account.id, row.id);
  return row;
};
export const declare = (deps: Deps, tx: Tx, caller: Caller, account: Account, password: Secret): Promise<SecretRow> => keepTyped(deps, tx, caller, account, password, "declared");

const typed = async (deps: Deps, tx: Tx, caller: Caller, account: AccountId, version: VersionId): Promise<void> => {
  await accounts.typed(tx, account);
  await versions.expose(tx, { id: newId("exposure", deps.random), person: caller.person.id, account, version, request: null, how: "typed" });
  await record(deps, tx, { what: "password.typed", who: actor(caller), about: { account, version }, outcome: "ok" });
};
