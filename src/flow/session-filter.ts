/** From what a person writes to what the store asks: names become ids. Rule: a name nobody has matches nothing, it is no error. */
import type { AccountId, PersonId, TargetId } from "../kernel/ids.ts";
import type { EndedWhy } from "../domain/session.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader } from "../store/db.ts";
import * as people from "../store/people.ts";
import type { SessionFilter } from "../store/sessions.ts";
import * as targets from "../store/targets.ts";

export type SessionAsk = { readonly person?: string; readonly account?: string; readonly target?: string; readonly why?: string; readonly protocol?: string; readonly from?: Date; readonly to?: Date; readonly marked?: boolean; readonly gaps?: boolean };

/** Null: one of the names is nobody's. */
export const filterOf = async (db: Reader, { person, account, target, why, ...rest }: SessionAsk): Promise<SessionFilter | null> => {
  const who = person === undefined ? undefined : person.startsWith("per_") ? person as PersonId : (await people.named(db, person))?.id ?? null;
  const which = account === undefined ? undefined : account.startsWith("acc_") ? account as AccountId : (await accounts.named(db, account))?.id ?? null;
  const where = target === undefined ? undefined : target.startsWith("tgt_") ? target as TargetId : (await targets.named(db, target))?.id ?? null;
  if (who === null || which === null || where === null) return null;
  return { ...rest, ...(why ? { why: why as EndedWhy } : {}), ...(who ? { person: who } : {}), ...(which ? { account: which } : {}), ...(where ? { target: where } : {}) };
};
