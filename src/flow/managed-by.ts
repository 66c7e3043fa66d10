/** An account its caller may do this to. Rule: unknown and not allowed read the same. */
import { Fault } from "../kernel/fault.ts";
import type { AccountId } from "../kernel/ids.ts";
import type { Account } from "../domain/account.ts";
import { may } from "../domain/may.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader } from "../store/db.ts";
import * as targets from "../store/targets.ts";
import type { Caller } from "./record.ts";

export const managedBy = async (db: Reader, caller: Caller, id: AccountId, act: "account.manage" | "account.rotate" | "account.verify" | "account.cut"): Promise<Account> => {
  const account = await accounts.find(db, id), target = account ? await targets.find(db, account.target) : null;
  if (!account || !target || !may(caller.person, act, { owner: target.owner })) throw new Fault("not_found", "No such account.");
  return account;
};
