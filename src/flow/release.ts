/** Showing the password, on a press. Rule: exposure and use are written before the plaintext leaves this function; the caller answers no-store and wipes. */
import { Fault } from "../kernel/fault.ts";
import type { RequestId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import { may } from "../domain/may.ts";
import { PRESETS } from "../domain/policy.ts";
import * as accounts from "../store/accounts.ts";
import * as requests from "../store/requests.ts";
import * as versions from "../store/versions.ts";
import { exposureOf, underGlass } from "./break-glass.ts";
import { hold } from "./checkout.ts";
import type { Deps } from "./deps.ts";
import { actor, record, type Caller } from "./record.ts";
import { openVersion } from "./secrets.ts";

export type Released = {
  readonly password: Secret; readonly account: string; readonly target: string; readonly until: Date;
  /** Under break-glass: what the target last said to the password, and what else may be in force, likeliest first. */
  readonly says: string | null; readonly others: readonly { readonly password: Secret; readonly no: number; readonly says: string }[];
};

export const release = (deps: Deps, caller: Caller, id: RequestId): Promise<Released> => deps.db.transaction(async (tx) => {
  const seen = await requests.find(tx, id);
  if (!seen || !may(caller.person, "password.show", { requester: seen.requester })) throw new Fault("not_found", "No such request.");
  if (!PRESETS[seen.terms.preset].shows) throw new Fault("forbidden", "This policy carries sessions only: the password is never shown. Connect through the broker instead.");
  const { request, account, target } = await hold(deps, tx, id, actor(caller), "show"), glass = seen.terms.preset === "break-glass";
  if (!glass && !account.current) throw new Fault("conflict", "The vault holds no password for this account yet.");
  const shown = glass ? await underGlass(deps, tx, caller, request.id, account) : [{ id: account.current!, no: 0, says: "" }], rows = await versions.many(tx, shown.map((v) => v.id));
  await accounts.used(tx, account.id);
  tx.onCommit(() => deps.bus.publish("orders"));
  for (const v of shown) {
    await versions.expose(tx, exposureOf(deps, caller, account, v.id, request.id));
    await record(deps, tx, { what: "password.released", who: actor(caller), about: { request: request.id, account: account.id, target: target.id, version: v.id }, outcome: "ok", ...(glass ? { why: v.says } : {}) });
  }
  const [first, ...others] = shown.map((v) => ({ no: v.no, says: v.says, password: openVersion(deps, rows.find((r) => r.id === v.id)!) }));
  return { password: first!.password, says: glass ? first!.says : null, others, account: account.name, target: target.name, until: request.until };
});
