/** The second pair of eyes. Rule: law no-way-round-4: what could help its author is noted in the transaction of the change, and stays open until somebody else confirms it. */
import { newId } from "../kernel/ids.ts";
import type { Account } from "../domain/account.ts";
import { samePerson, type Person, type Ties } from "../domain/person.ts";
import { coversAccount } from "../domain/policy.ts";
import type { Target } from "../domain/target.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as people from "../store/people.ts";
import * as policies from "../store/policies.ts";
import type { Deps } from "./deps.ts";
import type { Caller } from "./record.ts";

type Small = Pick<Deps, "random">;
/** `subject`: the id of what was changed; a request that rests on it waits, if it is the author's own (vote.ts, standingOf). `was`: ties it took away; they hold until it is confirmed. */
export const noteChange = (deps: Small, tx: Tx, caller: Caller, subject: string, what: string, was: Ties | null = null): Promise<void> =>
  people.noteChange(tx, newId("event", deps.random), caller.person.id, subject, what, was);

type Covered = Pick<Target, "name" | "tags" | "platform">;
/** Policies that cover these accounts on `after` and did not on `before` (null: there was no such account), by name. */
const gained = async (tx: Tx, named: readonly (Pick<Account, "name"> & Partial<Pick<Account, "tags">>)[], before: Covered | null, after: Covered): Promise<string[]> =>
  (await policies.all(tx)).filter((p) => named.some((a) => coversAccount(p, a, after) && (before === null || !coversAccount(p, a, before)))).map((p) => p.name);

/** What decides which policies cover a target's accounts was edited. Nothing is noted when no account came under another policy. */
export const noteCoverage = async (deps: Small, tx: Tx, caller: Caller, on: readonly Pick<Account, "name">[], before: Target, after: Target): Promise<void> => {
  const names = await gained(tx, on, before, after);
  if (names.length > 0) await noteChange(deps, tx, caller, after.id, `target ${after.name} ${after.platform === before.platform ? `tagged ${after.tags.join(", ")}` : `made a ${after.platform}`}: now covered by ${names.join(", ")}`);
};
export const noteNewAccount = async (deps: Small, tx: Tx, caller: Caller, account: Pick<Account, "id" | "name"> & Partial<Pick<Account, "tags">>, target: Target): Promise<void> => {
  const names = await gained(tx, [account], null, target);
  if (names.length > 0) await noteChange(deps, tx, caller, account.id, `account ${account.name}@${target.name} added: covered by ${names.join(", ")}`);
};

/** access.md: with one administrator only, portal and audit list say so. Several logins of one human are one administrator. */
export const singleAdministrator = async (db: Reader): Promise<boolean> => {
  const admins = (await people.all(db)).filter((p: Person) => p.roles.includes("admin") && !p.disabled);
  return admins.every((p) => samePerson(p, admins[0]!));
};
