/** Targets and policies for the pages and commands that manage them. Rule: read-only, and what may() does not give is not in the answer. */
import { Fault } from "../kernel/fault.ts";
import { may } from "../domain/may.ts";
import type { Person } from "../domain/person.ts";
import type { Policy } from "../domain/policy.ts";
import type { Target } from "../domain/target.ts";
import type { Reader } from "../store/db.ts";
import * as policies from "../store/policies.ts";
import * as targets from "../store/targets.ts";

export const policyList = async (db: Reader, caller: Person): Promise<Policy[]> => {
  if (!may(caller, "policy.see")) throw new Fault("forbidden", "Your roles do not allow this.");
  return policies.all(db);
};
export const targetList = async (db: Reader, caller: Person): Promise<Target[]> => (await targets.all(db)).filter((t) => may(caller, "target.manage", { owner: t.owner }));
/** By id or name. */
export const target = async (db: Reader, caller: Person, id: string): Promise<Target> => {
  const found = (await targetList(db, caller)).find((t) => t.id === id || t.name === id);
  if (!found) throw new Fault("not_found", "No such target.");
  return found;
};
