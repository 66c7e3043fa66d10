/** The exposure ledger, looked at. Rule: read-only; for those whom may() gives it. */
import { Fault } from "../kernel/fault.ts";
import type { AccountId, PersonId } from "../kernel/ids.ts";
import { cannotRotate, counted, mayOpen, type SeenAccount, type SeenPreview } from "../domain/exposure.ts";
import { may } from "../domain/may.ts";
import type { Person } from "../domain/person.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader } from "../store/db.ts";
import * as exposures from "../store/exposures.ts";
import * as people from "../store/people.ts";
import * as requests from "../store/requests.ts";
import * as sessions from "../store/sessions.ts";
import type { Caller } from "./record.ts";

/** More exposures that stand at once than any person should have. */
export const MOST = 20_000;
export const seesExposures = (caller: Caller): void => { if (!may(caller.person, "exposure.see")) throw new Fault("forbidden", "Who has seen what is for auditors and admins."); };

/** By id or login name. */
export const someone = async (db: Reader, text: string): Promise<Person> => {
  const found = text.startsWith("per_") ? await people.find(db, text as PersonId) : await people.named(db, text);
  if (!found) throw new Fault("not_found", "There is no such person.");
  return found;
};
export type LedgerAsk = { readonly person?: string; readonly account?: string; readonly standing?: boolean; readonly before?: Date; readonly limit?: number };
export const exposureLedger = async (db: Reader, caller: Caller, { person, account, ...rest }: LedgerAsk): Promise<exposures.Ledger[]> => {
  seesExposures(caller);
  const who = person ? (await someone(db, person)).id : undefined, which = account ? (account.startsWith("acc_") ? account as AccountId : (await accounts.named(db, account))?.id) : undefined;
  if (account && !which) throw new Fault("not_found", "There is no such account. Write it as root@web-1.");
  return exposures.ledger(db, { ...rest, ...(who ? { person: who } : {}), ...(which ? { account: which } : {}) });
};

/** Every account whose password in force this person may know; with `usedToo` also those it was only carried past. */
export const seenBy = async (db: Reader, caller: Caller, person: string, usedToo: boolean): Promise<SeenPreview> => {
  seesExposures(caller);
  const who = await someone(db, person), byAccount = new Map<AccountId, exposures.Ledger[]>();
  for (const e of await exposures.ledger(db, { person: who.id, standing: true, hows: counted(usedToo), limit: MOST })) if (mayOpen(e.force)) byAccount.set(e.account, [...byAccount.get(e.account) ?? [], e]);
  const list: SeenAccount[] = [];
  // One after the other: inside a transaction there is one connection.
  for (const all of byAccount.values()) list.push(await seenAccount(db, all));
  return { person: who.id, personName: who.name, usedToo, list: list.toSorted((a, b) => Number(a.cannot !== null) - Number(b.cannot !== null) || a.name.localeCompare(b.name)) };
};
const seenAccount = async (db: Reader, all: readonly exposures.Ledger[]): Promise<SeenAccount> => {
  const [newest] = all as [exposures.Ledger, ...exposures.Ledger[]], { account, credential, block } = newest;
  return {
    account, name: `${newest.accountName}@${newest.targetName}`, hows: [...new Set(all.map((e) => e.how))], versions: new Set(all.map((e) => e.version)).size, lastAt: newest.at, force: newest.force,
    heldBy: (await requests.holds(db, account)).map((h) => h.personName), liveSessions: (await sessions.openWhere(db, { account })).length, openRotation: newest.openRotation,
    cannot: cannotRotate(credential), waits: block === "none" ? null : `it is ${block === "identity_changed" ? "waiting for its target's identity to be accepted" : block}`,
  };
};
