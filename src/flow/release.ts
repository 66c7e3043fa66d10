/** Showing the password, on a press. Rule: exposure and use are written before the plaintext leaves this function; the caller answers no-store and wipes. */
import { Fault } from "../kernel/fault.ts";
import { newId, type RequestId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import { may } from "../domain/may.ts";
import { PRESETS } from "../domain/policy.ts";
import * as accounts from "../store/accounts.ts";
import * as requests from "../store/requests.ts";
import * as versions from "../store/versions.ts";
import { hold } from "./checkout.ts";
import type { Deps } from "./deps.ts";
import { actor, record, type Caller } from "./record.ts";
import { openVersion } from "./secrets.ts";

export type Released = { readonly password: Secret; readonly account: string; readonly target: string; readonly until: Date };

export const release = (deps: Deps, caller: Caller, id: RequestId): Promise<Released> => deps.db.transaction(async (tx) => {
  const seen = await requests.find(tx, id);
  if (!seen || !may(caller.person, "password.show", { requester: seen.requester })) throw new Fault("not_found", "No such request.");
  if (!PRESETS[seen.terms.preset].shows) throw new Fault("forbidden", "This policy carries sessions only: the password is never shown. Connect through the broker instead.");
  const { request, account, target } = await hold(deps, tx, id, actor(caller));
  if (!account.current) throw new Fault("conflict", "The vault holds no password for this account yet.");
  const row = (await versions.find(tx, account.current))!;
  await accounts.used(tx, account.id);
  await versions.expose(tx, { id: newId("exposure", deps.random), person: caller.person.id, account: account.id, version: row.id, request: request.id, how: "released" });
  await record(deps, tx, { what: "password.released", who: actor(caller), about: { request: request.id, account: account.id, target: target.id, version: row.id }, outcome: "ok" });
  return { password: openVersion(deps, row), account: account.name, target: target.name, until: request.until };
});
