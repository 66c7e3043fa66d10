/** One account of a bulk change gets the given password. Rule: whoever typed or saw it knows it: an exposure and a use, in the transaction that opens its rotation. */
import { newId, type RotationId, type VersionId } from "../kernel/ids.ts";
import type { Account } from "../domain/account.ts";
import type { Bulk } from "../domain/bulk.ts";
import * as accounts from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import * as versions from "../store/versions.ts";
import { BULK } from "./bulk-events.ts";
import type { Deps } from "./deps.ts";
import { record } from "./record.ts";
import { openRotation } from "./rotate.ts";

/** Journalled before it is sent: law journal-before-effect is kept where every candidate is prepared. */
export const beginGiven = async (deps: Deps, tx: Tx, b: Bulk, account: Account, version: VersionId): Promise<RotationId> => {
  await accounts.typed(tx, account.id);
  await versions.expose(tx, { id: newId("exposure", deps.random), person: b.by, account: account.id, version, request: null, how: b.how === "shown" ? "released" : "typed" });
  await record(deps, tx, { what: b.how === "shown" ? "password.released" : "password.typed", who: BULK, about: { account: account.id, version, bulk: b.id, person: b.by }, outcome: "ok" });
  return openRotation(deps, tx, { ...account, usedNo: account.usedNo + 1, typedRun: account.typedRun + 1 }, { trigger: b.trigger, reason: b.reason, by: b.by, origin: b.apply ? "given" : "local", candidate: version });
};
