/** Pre-flight: what the target itself asks of an account's password, beside our policy. Rule: it reads and changes nothing; the administrative account is lent for it as for a comparison (A2, A4), and the answer is in the log. */
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId } from "../kernel/ids.ts";
import type { Credential, TargetRules } from "../connectors/connector.ts";
import { may } from "../domain/may.ts";
import { coversAccount, type Policy } from "../domain/policy.ts";
import type { Person } from "../domain/person.ts";
import { conflicts, type Conflict } from "../domain/preflight.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader } from "../store/db.ts";
import * as events from "../store/events.ts";
import * as passwordPolicies from "../store/password-policies.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import { withAdmin } from "./lend.ts";
import { managedBy } from "./managed-by.ts";
import { actor, record, type Caller } from "./record.ts";
import { loadWorld, type World } from "./rotation-load.ts";
import { call, credentialOf, nobody } from "./target-calls.ts";

export type Preflight = { readonly policy: string; readonly rules: TargetRules | null; readonly why: string | null; readonly conflicts: readonly Conflict[] };

const ask = async (deps: Deps, w: World): Promise<TargetRules | { unknown: string }> => {
  const { administrative } = w;
  if (!w.connector.preflight) return { unknown: "this platform does not tell its rules" };
  const askAs = (as: Credential) => call(deps, w, "preflight", (c, link, config) => c.preflight!(config, link, { name: w.account.name }, as, AbortSignal.timeout(deps.times.probeLimit)), deps.times.probeLimit);
  if (w.connector.unaided) return askAs(nobody());
  if (!administrative) return { unknown: "no administrative account is named on its target, and nobody else may read the target's rules" };
  return withAdmin<TargetRules | { unknown: string }>(deps, administrative, w.target, newId("event", deps.random), async () => {
    const as = await credentialOf(deps, deps.db, administrative);
    try {
      const said = await askAs(as);
      return { answer: said, login: isRules(said) ? "accepted" as const : "asRefused" in said ? { refused: said.unknown } : "unknown" as const };
    } finally { as.secret.wipe(); }
  });
};
const isRules = (said: object): said is TargetRules => !("unknown" in said);

export const preflight = async (deps: Deps, caller: Caller, id: AccountId): Promise<Preflight> => {
  await managedBy(deps.db, caller, id, "account.verify");
  const w = await deps.db.transaction(async (tx) => loadWorld(deps, tx, await accounts.lock(tx, id), tx.now));
  if (w.facts.blocked) throw new Fault("conflict", deps.passive.why ?? "This account is blocked; its target is not asked until that is settled.");
  const said = await ask(deps, w), rules = isRules(said) ? said : null, why = isRules(said) ? null : said.unknown;
  await deps.db.transaction((tx) => record(deps, tx, {
    what: "account.preflight", who: actor(caller), about: { account: id, target: w.target.id }, outcome: rules ? "ok" : "failed", ...(why ? { why } : {}), facts: { ...rules },
  }));
  const { policy } = await passwordPolicies.of(deps.db, w.account, w.target);
  return { policy: policy.name, rules, why, conflicts: rules ? conflicts(policy, rules, w.administrative || w.connector.unaided ? "administrative" : "self") : [] };
};

export type PolicyWarnings = { readonly warnings: readonly { readonly account: string; readonly says: string; readonly stops: boolean }[]; /** Covered, and never looked at or not answered. */ readonly unknown: number };
const MOST = 200;
/** From the last pre-flight of each account that an access policy covers: every one of them is changed at the end of its use. */
export const policyWarnings = async (db: Reader, caller: Person, policy: Policy): Promise<PolicyWarnings> => {
  if (!may(caller, "policy.see")) throw new Fault("forbidden", "Your roles do not allow this.");
  const on = new Map((await targets.all(db)).map((t) => [t.id, t])), covered = (await accounts.all(db)).filter((a) => coversAccount({ ...policy, active: true }, a, on.get(a.target)!));
  const known = await passwordPolicies.known(db), platforms = await passwordPolicies.platforms(db), warnings: PolicyWarnings["warnings"][number][] = [];
  let unknown = Math.max(0, covered.length - MOST);
  for (const a of covered.slice(0, MOST)) {
    const target = on.get(a.target)!, [last] = await events.list(db, { what: "account.preflight", about: a.id, limit: 1 });
    if (last?.outcome !== "ok") { unknown += 1; continue; }
    const found = conflicts(passwordPolicies.among(a, target, known, platforms).policy, (last.facts ?? {}) as TargetRules, target.administrative === a.id || target.administrative === null ? "self" : "administrative");
    warnings.push(...found.map((c) => ({ account: `${a.name}@${target.name}`, ...c })));
  }
  return { warnings, unknown };
};
