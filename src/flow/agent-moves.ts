/**
 * An agent's life in people's hands: paused, revoked, mapped elsewhere, given another key. Rule: whatever changes where a machine's passwords go is a
 * change of its target's identity, and waits for somebody else like every other.
 */
import { aboutAgent, isState, outOfUse, pause, remove, resume, revoke, type Agent, type Step } from "../domain/agent.ts";
import type { EventName } from "../domain/audit.ts";
import { Pair } from "../domain/carry.ts";
import { may } from "../domain/may.ts";
import { byAgent } from "../domain/platform.ts";
import { fingerprintOf } from "../crypto/envelope.ts";
import { Fault } from "../kernel/fault.ts";
import { isId, type AgentId } from "../kernel/ids.ts";
import * as accounts from "../store/accounts.ts";
import * as agents from "../store/agents.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as targets from "../store/targets.ts";
import { ownerNamed } from "./agent-enrol.ts";
import type { Deps } from "./deps.ts";
import { noteChange } from "./four-eyes.ts";
import { actor, record, type Caller } from "./record.ts";
import { hashIdentity } from "./targets.ts";

type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus" | "tunnel" | "times">;

/** Theirs, or none: unknown and not allowed read the same. */
export const managedAgent = (caller: Caller, a: Agent | null): Agent => {
  if (a && a.state !== "deleted" && may(caller.person, "agent.manage", { owner: a.owner })) return a;
  throw new Fault("not_found", "No such agent.");
};
const locked = async (tx: Tx, caller: Caller, id: AgentId): Promise<Agent> => managedAgent(caller, await agents.lock(tx, id));
const reason = (why: string): string => {
  const text = why.trim();
  if (text.length < 3 || text.length > 300)
    throw new Fault("invalid", "Say why, in 3 to 300 characters: it stands in the log and on the agent's page.");
  return text;
};
const told = (
  deps: Small,
  tx: Tx,
  caller: Caller,
  a: Agent,
  what: EventName,
  more: { why?: string; facts?: Record<string, string | number | boolean | null> } = {},
): Promise<void> => {
  tx.onCommit(() => {
    deps.bus.publish("agents");
    deps.bus.publish(a.id);
  });
  return record(deps, tx, {
    what,
    who: actor(caller),
    about: aboutAgent(a),
    outcome: "ok",
    ...(more.why ? { why: more.why } : {}),
    facts: { name: a.name, ...more.facts },
  });
};
const move = (
  deps: Small,
  caller: Caller,
  id: AgentId,
  what: EventName,
  make: (a: Agent, now: Date, why: string) => Step | string,
  given?: string,
): Promise<void> =>
  deps.db.transaction(async (tx) => {
    const a = await locked(tx, caller, id),
      why = given === undefined ? undefined : reason(given),
      step = make(a, tx.now, why ?? "");
    if (typeof step === "string") throw new Fault("conflict", step);
    await agents.save(tx, step);
    await told(deps, tx, caller, a, what, why === undefined ? {} : { why });
    // It is not let in again; what it carries ends with its connection.
    if (step.to.state === "revoked") tx.onCommit(() => deps.tunnel.drop(id));
  });
const is = (a: Agent): string => `This agent is ${a.state}.`;

/** It stays connected and is asked nothing. */
export const pauseAgent = (deps: Small, caller: Caller, id: AgentId, why: string): Promise<void> =>
  move(deps, caller, id, "agent.paused", (a, now, text) => (isState(a, "active") ? pause(a, caller.person.id, text, now) : is(a)), why);
export const resumeAgent = (deps: Small, caller: Caller, id: AgentId): Promise<void> =>
  move(deps, caller, id, "agent.resumed", (a) => (isState(a, "paused") ? resume(a) : is(a)));
/** Its key counts no more: to come back it enrols again, with a key of its own. */
export const revokeAgent = (deps: Small, caller: Caller, id: AgentId, why: string): Promise<void> =>
  move(
    deps,
    caller,
    id,
    "agent.revoked",
    (a, now, text) => (isState(a, "enrolled", "active", "paused") ? revoke(a, caller.person.id, text, now) : is(a)),
    why,
  );
/** Off the lists, its row and its events stay. Its target stays too, with nobody to reach it by. */
export const deleteAgent = (deps: Small, caller: Caller, id: AgentId): Promise<void> =>
  move(
    deps,
    caller,
    id,
    "agent.deleted",
    (a, now) => (isState(a, "revoked") ? remove(a, caller.person.id, "deleted", now) : `${is(a)} Revoke it first.`),
    "deleted",
  );

const inUse = async (tx: Tx, caller: Caller, id: AgentId): Promise<Agent> => {
  const a = await locked(tx, caller, id);
  if (isState(a, "revoked", "deleted")) throw new Fault("conflict", is(a));
  return a;
};
/** The target whose machine this agent stands on from now on; its accounts stop until somebody else accepts. */
export const mapAgent = (deps: Small, caller: Caller, id: AgentId, to: string): Promise<void> =>
  deps.db.transaction(async (tx) => {
    const a = await inUse(tx, caller, id);
    if (!isId("target", to)) throw new Fault("invalid", "Choose the target whose machine this agent stands on.");
    const t = await targets.lock(tx, to);
    if (!t || !may(caller.person, "target.manage", { owner: t.owner })) throw new Fault("not_found", "No such target.");
    if (a.mode !== "agent") throw new Fault("conflict", "A gateway stands for no target: name it where a target says how it is reached.");
    if (t.platform !== byAgent(a.facts)) throw new Fault("conflict", `${t.name} is no target of an agent on such a machine; only those that one made are.`);
    if (a.target === to) return;
    const before = await agents.ofTarget(tx, to);
    if (before && outOfUse(before) === null && deps.tunnel.heard(before.id) !== null)
      throw new Fault("conflict", `The agent ${before.name} stands for ${t.name} and is connected. Revoke it first.`);
    if (before) await agents.setTarget(tx, before.id, null);
    await agents.setTarget(tx, id, to);
    const own = a.target ? await targets.find(tx, a.target) : null,
      settings = { ...t.settings, agent: id, ...(own?.settings["hostKeys"] ? { hostKeys: own.settings["hostKeys"] } : {}) };
    const place = { platform: t.platform, host: t.host, port: t.port, link: id, settings },
      identityHash = hashIdentity(place);
    await targets.setIdentity(tx, to, { ...place, identityHash }, caller.person.id);
    await accounts.blockForIdentity(tx, to);
    await record(deps, tx, {
      what: "target.identity_changed",
      who: actor(caller),
      about: { target: to, agent: id },
      outcome: "ok",
      why: `another agent stands for it: ${a.name}`,
      facts: { from: t.identityHash, to: identityHash },
    });
    await told(deps, tx, caller, { ...a, target: to }, "agent.mapped", { facts: { from: own?.name ?? null, to: t.name } });
  });
/** Whom its machine belongs to; that person manages it, so a second one confirms. */
export const giveAgent = (deps: Small, caller: Caller, id: AgentId, name: string): Promise<void> =>
  deps.db.transaction(async (tx) => {
    const a = await inUse(tx, caller, id),
      owner = await ownerNamed(tx, name);
    if (owner.id === a.owner) return;
    await agents.setOwner(tx, id, owner.id);
    // The machine's target goes along where it is the caller's to give.
    const t = a.target ? await targets.lock(tx, a.target) : null;
    if (t && may(caller.person, "target.manage", { owner: t.owner })) await targets.change(tx, t.id, { owner: owner.id });
    await noteChange(deps, tx, caller, a.target ?? id, `owner of ${a.name} changed to ${owner.name}`);
    await told(deps, tx, caller, a, "agent.owner_changed", { facts: { owner: owner.name } });
  });
const pairIn = (text: string): string => {
  const read = Pair.safeParse(text);
  if (!read.success) throw new Fault("invalid", `${read.error.issues[0]!.message}.`);
  return read.data;
};
/** Where it may carry to, beside nothing: the whole list, each time. */
export const allowAgent = (deps: Small, caller: Caller, id: AgentId, list: readonly string[]): Promise<void> =>
  deps.db.transaction(async (tx) => {
    const a = await inUse(tx, caller, id),
      clean = [...new Set(list.filter((d) => d.trim() !== "").map(pairIn))];
    if (clean.length > 500) throw new Fault("invalid", "A list holds at most 500 destinations.");
    for (const d of clean) {
      if (a.mode === "agent" && !d.startsWith("localhost:"))
        throw new Fault("invalid", `An agent carries to its own machine alone: localhost:22, and no ${d}. A gateway carries further.`);
    }
    const no = await agents.setAllow(tx, id, clean);
    await told(deps, tx, caller, a, "agent.allow_changed", { facts: { no, allow: clean.join(" ") } });
  });

/** A key of its own to follow the present one: announced on a connection the present one proves, then used; the first use makes it the only one. */
export const rollAgentKey = async (deps: Small, caller: Caller, id: AgentId): Promise<void> => {
  const seen = managedAgent(caller, await agents.find(deps.db as Reader, id)),
    no = outOfUse(seen);
  if (no !== null) throw new Fault("conflict", no);
  const ask = (yours: "announce" | "turn") =>
    deps.tunnel.call(id, "update-key", { yours }, AbortSignal.timeout(deps.times.agentCall)) as Promise<{ hostKey: string; next: string | null }>;
  const { hostKey, next } = await ask("announce");
  await deps.db.transaction(async (tx) => {
    const a = await inUse(tx, caller, id);
    if (hostKey !== a.hostKey || next === null || next === hostKey)
      throw new Fault("conflict", "The agent announced no key to follow the one it is known by. Nothing was changed.");
    await agents.announceKey(tx, id, next);
    await told(deps, tx, caller, a, "agent.key_announced", { facts: { from: fingerprintOf(hostKey), to: fingerprintOf(next) } });
  });
  // Unheard, nothing is lost: both keys are let in until the new one is used.
  await ask("turn").catch(() => undefined);
  deps.tunnel.drop(id);
};
