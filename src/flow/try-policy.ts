/** Who could ask for what under a policy, before it is saved. Rule: read-only, and asked of the same functions that decide at the door. */
import { Fault } from "../kernel/fault.ts";
import { may } from "../domain/may.ts";
import { coversAccount, entitled, givesSomething, mayAsk, type Policy } from "../domain/policy.ts";
import type { Person } from "../domain/person.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader } from "../store/db.ts";
import * as people from "../store/people.ts";
import * as targets from "../store/targets.ts";
import { untriedOf } from "./untried.ts";

export type Tried = {
  readonly askers: readonly string[]; readonly approvers: readonly string[]; readonly accounts: readonly string[];
  /** Enough different people seated for the quorum, whoever asks. */
  readonly quorum: boolean;
  /** Covered targets whose command set is a draft that was never tried there. */
  readonly untried: readonly string[];
};
export const tryPolicy = async (db: Reader, caller: Person, policy: Policy): Promise<Tried> => {
  if (!may(caller, "policy.see")) throw new Fault("forbidden", "Your roles do not allow this.");
  const p = { ...policy, active: true }, everyone = await people.all(db), on = new Map((await targets.all(db)).map((t) => [t.id, t]));
  const approvers = everyone.filter((x) => entitled(p, x)), askers = everyone.filter((x) => mayAsk(p, x));
  const covered = (await accounts.all(db)).filter((a) => coversAccount(p, a, on.get(a.target)!) && givesSomething(p, on.get(a.target)!));
  return {
    untried: await untriedOf(db, [...new Set(covered.map((a) => a.target))].map((t) => on.get(t)!)),
    askers: askers.map((x) => x.name), approvers: approvers.map((x) => x.name),
    accounts: covered.map((a) => `${a.name}@${on.get(a.target)!.name}`).sort(),
    quorum: askers.every((asker) => approvers.filter((x) => x.id !== asker.id).length >= p.terms.approvals),
  };
};
