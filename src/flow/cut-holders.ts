/** Ends what is held of one account, for somebody who must change its password now. Rule: with a reason its holders read; in the transaction that opens the change, the cut itself right after its commit. */
import { Fault } from "../kernel/fault.ts";
import type { Account } from "../domain/account.ts";
import { isState } from "../domain/request.ts";
import type { Tx } from "../store/db.ts";
import * as requests from "../store/requests.ts";
import * as sessions from "../store/sessions.ts";
import { closeCheckout } from "./checkin.ts";
import { cutSoon, type Deps } from "./deps.ts";
import { managedBy } from "./managed-by.ts";
import { actor, record, type Caller } from "./record.ts";

/** The account's row is locked by the caller; its requests come after it, as everywhere. */
export const cutHolders = async (deps: Deps, tx: Tx, caller: Caller, account: Account, reason: string): Promise<void> => {
  await managedBy(tx, caller, account.id, "account.cut");
  if (reason.trim().length < 3) throw new Fault("invalid", "Say why, in three or more characters: whoever is cut reads it.");
  const said = `its password is changed now: ${reason.trim()}`, ours = new Set<string>();
  for (const held of await requests.live(tx, account.id)) {
    const r = await requests.lock(tx, held.id);
    if (!isState(r, "checked_out")) continue;
    await closeCheckout(deps, tx, r, "revoked", caller.person.id, actor(caller), said);
    ours.add(r.id);
  }
  const loose = (await sessions.openWhere(tx, { account: account.id })).filter((s) => !ours.has(s.request));
  for (const s of loose) {
    await sessions.markCut(tx, s.id, "killed", caller.person.name);
    await record(deps, tx, { what: "session.cut", who: actor(caller), about: { session: s.id, account: account.id }, outcome: "ok", why: said });
  }
  tx.onCommit(() => { for (const s of loose) cutSoon(deps, s.id, said); });
};
