/** Accounts whose password in force breaks its policy, or is too old for it. Rule: each is opened, judged and wiped inside; what leaves is the sentences of the rules, never the password. */
import { setImmediate as breathe } from "node:timers/promises";
import type { AccountId } from "../kernel/ids.ts";
import { Fault } from "../kernel/fault.ts";
import type { Account } from "../domain/account.ts";
import { may } from "../domain/may.ts";
import { goneBy } from "../domain/password-age.ts";
import type { Bound } from "../domain/password-policy.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import * as passwordPolicies from "../store/password-policies.ts";
import * as targets from "../store/targets.ts";
import type { SecretRow } from "../store/versions.ts";
import * as versions from "../store/versions.ts";
import type { Deps } from "./deps.ts";
import { brokenFor } from "./password-check.ts";
import type { Caller } from "./record.ts";
import { openVersion } from "./secrets.ts";

export type Violation = { readonly account: AccountId; readonly name: string; readonly bound: Bound; readonly broken: readonly string[]; readonly since: Date; /** When its age alone said it must go. */ readonly goneBy: Date | null; readonly acts: boolean };
export type Violations = { readonly list: readonly Violation[]; readonly looked: number };
const AT_ONCE = 100;

type Small = Pick<Deps, "db" | "keyring" | "connectors" | "times" | "clock">;
const judged = (deps: Small, account: Account, target: Target, bound: Bound, row: SecretRow): Omit<Violation, "acts"> | null => {
  using secret = openVersion(deps, row);
  const broken = brokenFor(deps.connectors.get(target.platform) ?? { forbidden: /(?!)/ }, secret, bound.policy, account.name), by = goneBy(bound.policy, row.createdAt, deps.times), old = by !== null && by <= deps.clock.now();
  return broken.length === 0 && !old ? null : { account: account.id, name: `${account.name}@${target.name}`, bound, broken, since: row.createdAt, goneBy: old ? by : null };
};

/** Of the accounts whose history this person may see. The history rule is for the next password, not for this one. */
export const violations = async (deps: Small, caller: Caller): Promise<Violations> => {
  const { db } = deps, { person } = caller;
  if (!may(person, "password_policy.see")) throw new Fault("forbidden", "Your roles do not allow this.");
  const where = new Map((await targets.all(db)).map((t) => [t.id, t])), known = await passwordPolicies.known(db), platforms = await passwordPolicies.platforms(db);
  const seen = (await accounts.all(db)).filter((a) => a.current !== null && may(person, "account.history", { owner: where.get(a.target)!.owner })), list: Violation[] = [];
  for (let i = 0; i < seen.length; i += AT_ONCE) {
    const some = seen.slice(i, i + AT_ONCE), rows = new Map((await versions.many(db, some.map((a) => a.current!))).map((v) => [v.id, v]));
    for (const a of some) {
      const target = where.get(a.target)!, v = judged(deps, a, target, passwordPolicies.among(a, target, known, platforms), rows.get(a.current!)!);
      if (v) list.push({ ...v, acts: may(person, "account.rotate", { owner: target.owner }) });
    }
    await breathe();
  }
  return { list: list.sort((a, b) => b.broken.length - a.broken.length || a.name.localeCompare(b.name)), looked: seen.length };
};
