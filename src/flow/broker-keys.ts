/**
 * The broker's own agent key, followed by another with an overlap. Rules: law agent-key-pinned; rows say which keys count and files follow them, so a
 * broker that dies between the two goes on at its next start; the old key goes only when every agent has pinned the new one, or by a person's word.
 */
import { aboutAgent, isState, type Agent } from "../domain/agent.ts";
import { linesOf, retire, strangersTo, takeOver, type BrokerKey, type Living } from "../domain/broker-key.ts";
import { may } from "../domain/may.ts";
import type { Actor } from "../domain/audit.ts";
import { fingerprintOf } from "../crypto/envelope.ts";
import { Fault } from "../kernel/fault.ts";
import { newId, type AgentId, type PersonId } from "../kernel/ids.ts";
import * as agents from "../store/agents.ts";
import * as keys from "../store/broker-keys.ts";
import type { Tx } from "../store/db.ts";
import type { Deps } from "./deps.ts";
import { actor, broker, record, type Caller } from "./record.ts";

type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus" | "passive" | "brokerKeys">;
const PART = broker("agents");

/** After the commit: files, tunnel and pages go by what the rows say now. */
const counts = (deps: Small, tx: Tx, lines: readonly string[]): void =>
  tx.onCommit(() => {
    deps.brokerKeys.count(lines);
    for (const topic of ["broker-keys", "agents"]) deps.bus.publish(topic);
  });
const say = (deps: Small, tx: Tx, who: Actor, k: Pick<BrokerKey, "id" | "line">, what: "made" | "retired", why: string, facts: Record<string, string | number> = {}) =>
  record(deps, tx, {
    what: `agent.broker_key_${what}`,
    who,
    about: { broker_key: k.id },
    outcome: "ok",
    why,
    facts: { fingerprint: fingerprintOf(k.line), ...facts },
  });
const added = async (deps: Small, tx: Tx, line: string, by: PersonId | null): Promise<BrokerKey<"following">> => {
  const k: BrokerKey<"following"> = { id: newId("brokerKey", deps.random), line, at: tx.now, by, state: "following" };
  await keys.add(tx, k);
  return k;
};

const GONE = "its file is gone, so nothing can be proven by it";
/** What there is a file of counts; a row without one is retired, whatever it was, and a file that no row stands for is the first key there is. */
const matched = async (deps: Small, tx: Tx, there: readonly string[]): Promise<Living> => {
  const { current, following } = await keys.lockLiving(tx, "update");
  const lost = [current, following].filter((k) => k !== null).filter((k) => !there.includes(k.line));
  for (const k of lost) {
    await keys.save(tx, retire(k, tx.now));
    await say(deps, tx, PART, k, "retired", GONE);
  }
  const next = following !== null && !lost.includes(following) ? following : null;
  if (current !== null && !lost.includes(current)) return { current, following: next };
  const heir = next ?? (await added(deps, tx, there[0]!, null));
  if (next === null) await say(deps, tx, PART, heir, "made", "found in its file");
  return { current: await keys.save(tx, takeOver(heir, tx.now)), following: null };
};
/** At the start, before any agent is met. A passive broker writes nothing: it shows what it has files of. */
export const openBrokerKeys = async (deps: Small): Promise<void> => {
  const there = deps.brokerKeys.there();
  if (deps.passive.why) return deps.brokerKeys.count(there);
  await deps.db.transaction(async (tx) => counts(deps, tx, linesOf(await matched(deps, tx, there))));
};

const admin = (deps: Small, caller: Caller): void => {
  if (!may(caller.person, "agent.broker_key")) throw new Fault("forbidden", "Only admins give the broker another key.");
  if (deps.passive.why) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
};
/** Another key, to follow the present one. Its file is there before its row: a row without one could prove nothing. */
export const rollBrokerKey = async (deps: Small, caller: Caller): Promise<void> => {
  admin(deps, caller);
  const { following } = await keys.living(deps.db);
  if (following !== null) throw new Fault("conflict", `A key follows already: ${fingerprintOf(following.line)}.`);
  const line = deps.brokerKeys.follower();
  await deps.db.transaction(async (tx) => {
    const { current } = await keys.lockLiving(tx, "update");
    if (current === null) throw new Fault("conflict", "This broker has no key yet: its tunnel does not run.");
    const next = await added(deps, tx, line, caller.person.id);
    await say(deps, tx, actor(caller), next, "made", "another key follows", { follows: fingerprintOf(current.line) });
    counts(deps, tx, [current.line, line]);
  });
  await rollOn(deps);
};

type Over = { readonly current: BrokerKey<"current">; readonly following: BrokerKey<"following">; readonly strangers: readonly Agent[] };
const overlap = async (tx: Tx): Promise<Over | null> => {
  const { current, following } = await keys.lockLiving(tx, "update");
  return current && following ? { current, following, strangers: strangersTo(await agents.all(tx), fingerprintOf(following.line)) } : null;
};
const finish = async (deps: Small, tx: Tx, who: Actor, { current, following, strangers }: Over, why: string): Promise<void> => {
  await keys.save(tx, retire(current, tx.now));
  await keys.save(tx, takeOver(following, tx.now));
  const cut = strangers.map((a) => a.name).join(" ");
  await say(deps, tx, who, current, "retired", why, { followed_by: fingerprintOf(following.line), cut_off: strangers.length, ...(cut === "" ? {} : { names: cut.slice(0, 4_000) }) });
  counts(deps, tx, [following.line]);
};
/** Where every agent has pinned the key that follows, the one before it goes by itself. */
export const rollOn = async (deps: Small): Promise<void> => {
  if (deps.passive.why || (await keys.living(deps.db)).following === null) return;
  await deps.db.transaction(async (tx) => {
    const over = await overlap(tx);
    if (over !== null && over.strangers.length === 0) await finish(deps, tx, PART, over, "every agent has pinned the key that follows it");
  });
};
const named = (a: Agent, given: readonly string[]): boolean => given.includes(a.id) || given.includes(a.name);
/** `cutOff`: ids or names of exactly those who have not pinned the key that follows: whoever came to know it meanwhile, or did not, changes the list. */
export const retireBrokerKey = async (deps: Small, caller: Caller, cutOff: readonly string[]): Promise<void> => {
  admin(deps, caller);
  await deps.db.transaction(async (tx) => {
    const over = await overlap(tx);
    if (over === null) throw new Fault("conflict", "No key follows the present one, so it is not retired.");
    const { strangers } = over,
      unnamed = strangers.filter((a) => !named(a, cutOff)),
      others = cutOff.filter((x) => !strangers.some((a) => a.id === x || a.name === x));
    if (unnamed.length > 0) throw new Fault("conflict", `This would cut off ${unnamed.map((a) => a.name).join(", ")}: not yet told of the key that follows. Name them all, or wait until they have come.`);
    if (others.length > 0) throw new Fault("conflict", `Not cut off by this: ${others.join(", ")}. Look again, and name those alone who are.`);
    await finish(deps, tx, actor(caller), over, strangers.length === 0 ? "retired by hand" : "retired by hand: those named are cut off until they are enrolled again");
  });
};

/**
 * Whether somebody who has accepted the key of this line, and has pinned those of these fingerprints, would be let prove itself again. Held until the
 * end of the transaction: a key that is retired at this moment has either named this agent, or is retired already.
 */
export const stillMet = async (tx: Tx, line: string, pinned: readonly string[]): Promise<boolean> => {
  const shown = linesOf(await keys.lockLiving(tx, "share"));
  return shown.some((l) => pinned.includes(fingerprintOf(l))) || !(await keys.wasRetired(tx, line));
};
/** It has said, on a connection that a pinned key proved, which keys of this broker it has pinned now. */
export const agentPinned = (deps: Small, id: AgentId, pinned: readonly string[]): Promise<void> =>
  deps.db.transaction(async (tx) => {
    const a = await agents.lock(tx, id);
    if (!a || isState(a, "revoked", "deleted")) return;
    await agents.pinned(tx, id, pinned);
    await told(deps, tx, a, "ok", { pinned: pinned.join(" ") });
  });
/** It was told and did not take it: by its own word, so asking again on the same connection is no use. */
export const agentDidNotPin = (deps: Small, id: AgentId, why: string): Promise<void> =>
  deps.db.transaction(async (tx) => {
    const a = await agents.lock(tx, id);
    if (a) await told(deps, tx, a, "failed", {}, why);
  });
const told = (deps: Small, tx: Tx, a: Agent, outcome: "ok" | "failed", facts: Record<string, string>, why?: string): Promise<void> => {
  tx.onCommit(() => deps.bus.publish("agents"));
  return record(deps, tx, { what: "agent.broker_key_told", who: PART, about: aboutAgent(a), outcome, ...(why === undefined ? {} : { why }), facts: { name: a.name, ...facts } });
};
