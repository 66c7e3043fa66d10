/**
 * What depends on an account's password: written by an admin, accepted by another one, put in order, taken away, tried. Rule: law
 * no-way-round-3: it runs on a target with its administrator's rights and may be given a password, so what nobody else accepted is inert, and what
 * was accepted is kept as it was written: to change it is to write a new one.
 */
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId, type DependentId } from "../kernel/ids.ts";
import type { TestResult } from "../connectors/connector.ts";
import type { Account } from "../domain/account.ts";
import { inWords, MOST, skip, type Dependent, type DependentInput, type Run } from "../domain/dependent.ts";
import { may } from "../domain/may.ts";
import { samePerson } from "../domain/person.ts";
import { platformOf } from "../domain/platform.ts";
import type { Target } from "../domain/target.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as store from "../store/dependents.ts";
import * as people from "../store/people.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import { taskOf } from "./dependent-run.ts";
import { withAdmin } from "./lend.ts";
import { stopNow } from "./obstacle.ts";
import { actor, record, type Caller } from "./record.ts";
import { call, credentialOf } from "./target-calls.ts";
import { connectorOf } from "./targets.ts";

type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus" | "connectors">;
/** An account whose dependents this caller may see. */
export const dependentsOf = async (db: Reader, caller: Caller, text: string): Promise<{ readonly account: Account; readonly target: Target }> => {
  const account = text.startsWith("acc_") ? await accounts.find(db, text as AccountId) : await accounts.named(db, text), target = account && await targets.find(db, account.target);
  if (!account || !target || !may(caller.person, "dependent.see", { owner: target.owner })) throw new Fault("not_found", "No such account.");
  return { account, target };
};
/** One of them, with its account and where it is done. */
export const dependentOne = async (db: Reader, caller: Caller, id: DependentId): Promise<{ readonly d: Dependent; readonly account: Account; readonly on: Target }> => {
  const d = await store.find(db, id);
  if (!d) throw new Fault("not_found", "No such dependent.");
  const { account } = await dependentsOf(db, caller, d.account);
  return { d, account, on: (await targets.find(db, d.target))! };
};
const writes = (caller: Caller): void => { if (!may(caller.person, "dependent.write")) throw new Fault("forbidden", "Only admins say what is done with a password: it runs on a target with its administrator's rights."); };
const about = (d: Pick<Dependent, "id" | "account" | "target">): Record<string, string> => ({ account: d.account, dependent: d.id, target: d.target });
const facts = (d: Pick<Dependent, "what" | "phase" | "goOn">, on: Target) => ({ does: inWords(d.what), on: on.name, phase: d.phase, go_on: d.goOn, ...(d.what.does === "rewrite" ? { line: d.what.line, form: d.what.form } : {}) });

/** Written down, last in its list, and inert. */
export const addDependent = (deps: Small, caller: Caller, text: string, input: DependentInput): Promise<DependentId> => deps.db.transaction(async (tx) => {
  const { account } = await dependentsOf(tx, caller, text);
  writes(caller);
  const on = input.target.startsWith("tgt_") ? await targets.find(tx, input.target as never) : await targets.named(tx, input.target);
  if (!on) throw new Fault("not_found", `There is no target "${input.target}".`);
  if (!connectorOf(deps, on.platform).follower?.does.includes(input.what.does)) throw new Fault("conflict", `${on.name} is ${platformOf(on.platform).one}: the broker cannot ${inWords(input.what)} there.`);
  const there = await store.of(tx, (await accounts.lock(tx, account.id)).id), same = there.filter((d) => d.phase === input.phase);
  if (there.length >= MOST) throw new Fault("conflict", `An account has at most ${MOST} dependents.`);
  const d = { id: newId("dependent", deps.random), account: account.id, target: on.id, phase: input.phase, no: 1 + Math.max(0, ...same.map((s) => s.no)), goOn: input.goOn, what: input.what, by: caller.person.id };
  await store.add(tx, d);
  await record(deps, tx, { what: "dependent.added", who: actor(caller), about: about(d), outcome: "ok", facts: facts(d, on) });
  return d.id;
});

/** The targets on which something can be done, by name. */
export const followers = async (deps: Pick<Deps, "db" | "connectors">): Promise<{ readonly name: string; readonly does: readonly string[] }[]> =>
  (await targets.all(deps.db)).map((t) => ({ name: t.name, does: deps.connectors.get(t.platform)?.follower?.does ?? [] })).filter((t) => t.does.length > 0);

/** Does somebody else who may accept it exist at all? */
export const someoneElse = (everyone: Awaited<ReturnType<typeof people.byId>>, caller: Caller): boolean => [...everyone.values()].some((p) => !samePerson(p, caller.person) && may(p, "dependent.accept"));
/** The row is never edited, so what was looked at is what is accepted. */
export const acceptDependent = (deps: Small, caller: Caller, id: DependentId): Promise<void> => deps.db.transaction(async (tx) => {
  const { d, on } = await dependentOne(tx, caller, id), everyone = await people.byId(tx);
  if (!may(caller.person, "dependent.accept")) throw new Fault("forbidden", "Only admins accept what is done with a password.");
  const own = samePerson(everyone.get(d.by)!, caller.person), alone = own && !someoneElse(everyone, caller);
  if (own && !alone) throw new Fault("forbidden", "You wrote this dependent, so another admin must accept it.");
  if (!(await store.accept(tx, id, caller.person.id, alone))) throw new Fault("conflict", "It was accepted already.");
  await record(deps, tx, { what: "dependent.accepted", who: actor(caller), about: about(d), outcome: "ok", facts: { ...facts(d, on), four_eyes: !alone }, ...(alone ? { why: "single administrator: changes are not four-eyed" } : {}) });
});

/** One place up or down among those of its phase. */
export const moveDependent = (deps: Small, caller: Caller, id: DependentId, to: "up" | "down"): Promise<void> => deps.db.transaction(async (tx) => {
  const { d, on } = await dependentOne(tx, caller, id);
  writes(caller);
  await accounts.lock(tx, d.account);
  const list = (await store.of(tx, d.account)).filter((x) => x.phase === d.phase).map((x) => x.id), at = list.indexOf(id), other = at + (to === "up" ? -1 : 1);
  if (other < 0 || other >= list.length) throw new Fault("conflict", `It is the ${to === "up" ? "first" : "last"} already.`);
  [list[at], list[other]] = [list[other]!, list[at]!];
  await store.order(tx, list);
  await record(deps, tx, { what: "dependent.moved", who: actor(caller), about: about(d), outcome: "ok", facts: { does: inWords(d.what), on: on.name, to, place: other + 1 } });
});
/** From the next change on it is not done; runs that wait are passed over. */
export const removeDependent = (deps: Small, caller: Caller, id: DependentId): Promise<void> => deps.db.transaction(async (tx) => {
  const { d, on } = await dependentOne(tx, caller, id);
  writes(caller);
  await accounts.lock(tx, d.account);
  await store.end(tx, id, caller.person.id);
  for (const run of await store.left(tx, d.account)) if (run.dependent === id) await store.save(tx, skip(run as Run<"waiting" | "failed" | "unknown">, `${caller.person.name} took it away`, tx.now));
  await record(deps, tx, { what: "dependent.removed", who: actor(caller), about: about(d), outcome: "ok", facts: facts(d, on) });
});

/** Logs in, looks at rights and place, changes nothing. Only what was accepted: a look by its administrator tells something of a target too. */
export const testDependent = async (deps: Deps, caller: Caller, id: DependentId): Promise<TestResult> => {
  const { d, on, account } = await dependentOne(deps.db, caller, id);
  writes(caller);
  if (d.accepted === null) throw new Fault("conflict", "Nobody else has accepted it yet, so nothing of it is done, not even tried.");
  const said = await tried(deps, d, account, on);
  await deps.db.transaction((tx: Tx) => record(deps, tx, { what: "dependent.tested", who: actor(caller), about: about(d), outcome: said.ok ? "ok" : "failed", facts: facts(d, on), ...(said.ok ? {} : { why: said.why }) }));
  return said;
};
const tried = async (deps: Deps, d: Dependent, account: Account, on: Target): Promise<TestResult> => {
  const follower = connectorOf(deps, on.platform).follower, admin = on.administrative ? await accounts.find(deps.db, on.administrative) : null;
  if (!follower || !admin) return { ok: false, stage: "right", why: admin ? "it cannot be done on a target of this kind" : `no administrative account is named on ${on.name}` };
  const own = (await targets.find(deps.db, account.target))!;
  const no = deps.passive.why ?? await stopNow(deps.db, account, own) ?? await stopNow(deps.db, admin, on);
  if (no) return { ok: false, stage: "reach", why: no };
  const said = await withAdmin<TestResult | { unknown: string }>(deps, admin.id, on, newId("event", deps.random), async () => {
    const as = await credentialOf(deps, deps.db, admin.id), limit = deps.times.dependentLimit;
    try {
      const answer = await call(deps, { connector: connectorOf(deps, on.platform), target: on }, "test", (_c, link, config) => follower.rehearse(config, link, taskOf(d, account, own, on), as, AbortSignal.timeout(limit)), limit);
      return { answer, login: "ok" in answer && answer.ok ? "accepted" as const : "ok" in answer && answer.stage === "login" ? { refused: answer.why } : "unknown" as const };
    } finally { as.secret.wipe(); }
  });
  return "unknown" in said ? { ok: false, stage: "reach", why: said.unknown } : said;
};
