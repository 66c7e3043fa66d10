/** Cutting whoever uses an account, because its password is about to go. Rule: the cut is an event in the transaction of what it is for; the legs are cut behind the commit. */
import type { AuditEvent } from "../domain/audit.ts";
import type { Account } from "../domain/account.ts";
import type { Tx } from "../store/db.ts";
import * as sessions from "../store/sessions.ts";
import { cutSoon, type Deps } from "./deps.ts";
import { broker, record } from "./record.ts";

export type CutFor = { readonly part: string; readonly about: AuditEvent["about"]; readonly why: string; readonly byName: string; /** Of these ids alone. */ readonly only?: readonly string[] };
/** How many were cut. Their checkouts stay: whoever holds one connects again with the new password. */
export const cutSessions = async (deps: Deps, tx: Tx, account: Account, c: CutFor): Promise<number> => {
  const open = (await sessions.openWhere(tx, { account: account.id })).filter((s) => c.only?.includes(s.id) ?? true);
  for (const s of open) {
    await sessions.markCut(tx, s.id, "killed", c.byName);
    await record(deps, tx, { what: "session.cut", who: broker(c.part), about: { session: s.id, account: account.id, ...c.about }, outcome: "ok", why: c.why, facts: { asked_by: c.byName } });
  }
  tx.onCommit(() => { for (const s of open) cutSoon(deps, s.id, "the password of this account is being changed now; connect again in a moment"); });
  return open.length;
};
export const cutText = (n: number): string => (n === 0 ? "" : `${n} session${n === 1 ? "" : "s"} cut`);
