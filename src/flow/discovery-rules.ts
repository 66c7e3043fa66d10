/**
 * Rules for accounts that are found: accepted, ended, applied. Rule: a rule gives its author nothing they could not do by hand: each time it acts,
 * may() is asked about them as they are then.
 */
import { Fault } from "../kernel/fault.ts";
import { newId, type CollectionId, type RuleId, type TargetId } from "../kernel/ids.ts";
import { ruleFor, RuleInput, type Rule } from "../domain/adoption-rule.ts";
import { BY_HAND, TAKEN, type Found } from "../domain/discovery.ts";
import { may } from "../domain/may.ts";
import type { Target } from "../domain/target.ts";
import * as collections from "../store/collections.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as discoveries from "../store/discoveries.ts";
import * as people from "../store/people.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import { stagedOn, takeUp, type Staged } from "./discovery-adopt.ts";
import { actor, broker, record, type Caller } from "./record.ts";

type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus" | "connectors">;
const writes = (caller: Caller): void => { if (!may(caller.person, "discovery.rule")) throw new Fault("forbidden", "Only admins and owners make rules for accounts that are found."); };

/** By id or name, and theirs. */
const bound = async (tx: Tx | Reader, caller: Caller, input: RuleInput): Promise<Pick<Rule, "target" | "collection">> => {
  const t = input.target === null ? null : (await targets.all(tx)).find((x) => (x.id === input.target || x.name === input.target) && may(caller.person, "discovery.run", { owner: x.owner }));
  const set = input.group === null ? null : (await collections.all(tx)).find((c) => c.id === input.group || c.name === input.group);
  if (t === undefined) throw new Fault("not_found", "There is no such target, or it is not yours.");
  if (set === undefined) throw new Fault("not_found", "There is no such group.");
  return { target: t?.id ?? null, collection: set?.id ?? null };
};
const ruleOf = async (deps: Pick<Deps, "random">, tx: Tx | Reader, caller: Caller, input: RuleInput, now: Date): Promise<Rule> =>
  ({ id: newId("rule", deps.random), pattern: input.pattern, does: input.does, only: input.only, ...await bound(tx, caller, input), reason: input.reason, by: caller.person.id, at: now, endedAt: null });

export type WouldDo = { readonly target: string; readonly staged: Staged };
/** What a rule would do with what is known today, beside the rules there are. Nothing is changed. */
export const rulePreview = async (deps: Small & Pick<Deps, "clock">, caller: Caller, raw: RuleInput): Promise<WouldDo[]> => {
  writes(caller);
  const rule = await ruleOf(deps, deps.db, caller, RuleInput.parse(raw), deps.clock.now()), others = await discoveries.rules(deps.db), groups = await groupsOf(deps.db), out: WouldDo[] = [];
  for (const t of await targets.all(deps.db)) {
    if (!may(caller.person, "account.manage", { owner: t.owner }) || (rule.target !== null && rule.target !== t.id)) continue;
    for (const staged of await stagedOn(deps, deps.db, t)) if (undecided(staged) && ruleFor([...others, rule], staged.found, t.id, groups(t.id))?.id === rule.id) out.push({ target: t.name, staged });
  }
  return out;
};
/** Saving it is accepting it: from now on it acts on what matches, and on what is found later. */
export const addRule = async (deps: Small, caller: Caller, raw: RuleInput): Promise<RuleId> => {
  writes(caller);
  const input = RuleInput.parse(raw);
  return deps.db.transaction(async (tx) => {
    const rule = await ruleOf(deps, tx, caller, input, tx.now);
    await discoveries.addRule(tx, rule);
    await discoveries.reconsider(tx);
    await record(deps, tx, { what: "discovery.rule_added", who: actor(caller), about: { rule: rule.id, ...(rule.target ? { target: rule.target } : {}) }, outcome: "ok", why: rule.reason, facts: { pattern: rule.pattern, does: rule.does, only: rule.only, group: input.group } });
    tx.onCommit(() => deps.bus.publish("discoveries"));
    return rule.id;
  });
};
/** What it has done stays done. */
export const endRule = (deps: Small, caller: Caller, id: RuleId): Promise<void> => deps.db.transaction(async (tx) => {
  const rule = (await discoveries.rules(tx)).find((r) => r.id === id);
  if (!rule || !may(caller.person, "discovery.rule")) throw new Fault("not_found", "No such rule, or it has ended already.");
  if (rule.by !== caller.person.id && !may(caller.person, "person.manage")) throw new Fault("forbidden", "Whoever made it, or an admin, ends it.");
  if (!(await discoveries.endRule(tx, id, caller.person.id))) throw new Fault("conflict", "It has just been ended.");
  await record(deps, tx, { what: "discovery.rule_ended", who: actor(caller), about: { rule: id, ...(rule.target ? { target: rule.target } : {}) }, outcome: "ok", facts: { pattern: rule.pattern, does: rule.does } });
});
export const ruleList = async (db: Reader, caller: Caller): Promise<(discoveries.ListedRule & { readonly group: string | null })[]> => {
  if (!may(caller.person, "discovery.rules")) throw new Fault("forbidden", "Your roles do not allow this.");
  const names = new Map((await collections.all(db)).map((c) => [c.id, c.name]));
  return (await discoveries.rules(db)).map((r) => ({ ...r, group: r.collection === null ? null : names.get(r.collection) ?? "a group that is gone" }));
};

/** As `applyRules` has it for a rule that is new: no person has put it into the vault or kept it from rules, and no other rule has taken it up. */
const undecided = ({ stage, found: { ruleSaid } }: Staged): boolean => stage === "unmanaged" && ruleSaid !== TAKEN && ruleSaid !== BY_HAND;
const groupsOf = async (db: Reader): Promise<(t: TargetId) => CollectionId[]> => {
  const sets = await collections.all(db);
  return (t) => sets.filter((c) => c.members.includes(t)).map((c) => c.id);
};

/** What rules say of accounts nobody has decided about since the last list. Derived from the rows: done late, twice or after a crash it comes to the same. */
export const applyRules = async (deps: Deps): Promise<void> => {
  const rules = deps.passive.why === null ? await discoveries.rules(deps.db) : [];
  if (rules.length === 0) return;
  const waiting = Map.groupBy(await discoveries.undecided(deps.db), (f) => f.target), groups = await groupsOf(deps.db);
  for (const [id, rows] of waiting) {
    const t = (await targets.find(deps.db, id))!, due = rows.map((f) => [f, ruleFor(rules, f, id, groups(id))] as const).filter(([, r]) => r !== null);
    const staged = due.length === 0 ? [] : await stagedOn(deps, deps.db, t);
    for (const [f, rule] of due) {
      const s = staged.find((x) => x.found.name === f.name);
      // What is in the vault and unmanaged was put there by a person; only what this rule itself began is gone on with.
      if (s && (s.stage === "unmanaged" || (s.stage === "kept" && f.rule === rule!.id))) await apply(deps, t, s, rule!);
    }
  }
};
const apply = async (deps: Deps, t: Target, s: Staged, rule: Rule): Promise<void> => {
  const author = await people.find(deps.db, rule.by), who = broker(`rule ${rule.pattern}`), f = s.found;
  if (!author || !may(author, rule.does === "adopt" ? "account.manage" : "discovery.run", { owner: t.owner })) return noted(deps, t, f, rule, `${author?.name ?? "its author"} may no longer do this there`, false);
  if (rule.does === "ignore") return noted(deps, t, f, rule, "ignored", true);
  await deps.db.transaction((tx) => discoveries.ruled(tx, f, rule.id, null));
  const done = await takeUp(deps, { person: author, address: "", means: "portal" }, t, s, who);
  await noted(deps, t, f, rule, done.ok ? TAKEN : done.said, done.ok);
};
const noted = (deps: Deps, t: Target, f: Found, rule: Rule, said: string, ok: boolean): Promise<void> => deps.db.transaction(async (tx) => {
  await discoveries.ruled(tx, f, rule.id, said);
  if (rule.does === "ignore" && ok) await discoveries.ignore(tx, t.id, [f.name], rule.by, rule.reason);
  await record(deps, tx, { what: "discovery.rule_applied", who: broker("discovery"), about: { rule: rule.id, target: t.id }, outcome: ok ? "ok" : "refused", why: said, facts: { name: f.name, does: rule.does } });
  tx.onCommit(() => deps.bus.publish(t.id));
});
