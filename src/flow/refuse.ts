/** Somebody logged in and was not given a session. Rule: it is written down like any other act; who asked is the login's person, never a name that was typed. */
import * as accounts from "../store/accounts.ts";
import type { Deps } from "./deps.ts";
import { actor, record, type Caller } from "./record.ts";

/** `to`: what was typed, whether there is such an account or not. `why`: the sentence that was shown. */
export type Refusal = { readonly to: { readonly account: string; readonly target: string } | null; readonly what: readonly string[]; readonly why?: string };

export const connectionRefused = (deps: Pick<Deps, "db" | "random" | "eventJournal" | "bus">, caller: Caller, { to, what, why }: Refusal): Promise<void> => deps.db.transaction(async (tx) => {
  const name = to ? `${to.account}@${to.target}` : null, found = name === null ? null : await accounts.named(tx, name);
  await record(deps, tx, {
    what: "connection.refused", who: actor(caller), about: { person: caller.person.id, ...(found ? { account: found.id, target: found.target } : {}) }, outcome: "refused", ...(why === undefined ? {} : { why }),
    facts: { refused: what.join(", "), ...(name === null ? {} : { to: name }) },
  });
});
