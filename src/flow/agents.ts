/**
 * What the tunnel asks and tells about agents. Rule: law agent-key-pinned: an agent is let in by the key it enrolled with or one that followed it,
 * asked again under its row's lock; what it says of itself is written down and decides nothing.
 */
import { aboutAgent, isState, legibleFacts, LET_IN, outOfUse, pinnedKeys, settle, type Agent, type HostFacts } from "../domain/agent.ts";
import { knownAfter } from "../domain/broker-key.ts";
import { fingerprintOf } from "../crypto/envelope.ts";
import { plainLine } from "../domain/notice.ts";
import { Fault } from "../kernel/fault.ts";
import { isId, type AgentId } from "../kernel/ids.ts";
import * as agents from "../store/agents.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as people from "../store/people.ts";
import * as rotations from "../store/rotations.ts";
import { firstTarget } from "./agent-first.ts";
import { stillMet } from "./broker-keys.ts";
import type { Deps } from "./deps.ts";
import { boxText } from "../wires/agent-words.ts";
import { provesLine } from "../wires/ssh.ts";
import { broker, record } from "./record.ts";

type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus">;
const PART = broker("tunnel");

/** The keys it may show, or null: whoever names that id is not let in. */
export const whoIs = async ({ db }: { readonly db: Reader }, id: string): Promise<readonly string[] | null> => {
  const a = isId("agent", id) ? await agents.find(db, id) : null;
  return a && LET_IN.includes(a.state) ? pinnedKeys(a) : null;
};
export const mayUse = async ({ db }: { readonly db: Reader }, id: AgentId): Promise<string | null> => outOfUse(await agents.find(db, id));

/** What a column holds of a clock that is off by years. */
const SKEW_MOST = 2_147_483_647;
/** As it said when it connected. `skewMs`: its clock less ours. `allowNo`: of the list it goes by. */
export type Up = {
  readonly hostKey: string;
  /** Of this broker: the line of the key that it accepted on that connection. */
  readonly brokerKey: string;
  readonly version: string;
  readonly boxKey: string;
  readonly boxProof: string;
  readonly allowNo: number;
  readonly facts: HostFacts;
  readonly sshKeys: readonly string[];
  readonly skewMs: number;
};
/** What it is told of itself. */
export type Standing = { readonly state: "active" | "paused"; readonly owner: string; readonly why: string | null; readonly brokerKeys: readonly string[] };
/** Also which of our keys it has pinned: what it said of that before counts only where it fits the one it has just accepted. */
const keptPins = async (tx: Tx, a: Agent, line: string): Promise<readonly string[]> => {
  const known = knownAfter(a.brokerKeys, fingerprintOf(line));
  if (!(await stillMet(tx, line, known))) throw new Fault("forbidden", "This agent has pinned a key that its broker no longer has. Enroll it again.");
  if (known !== a.brokerKeys) await agents.pinned(tx, a.id, known);
  return known;
};
const keyTurned = async (deps: Small, tx: Tx, a: Agent, hostKey: string): Promise<void> => {
  if (hostKey !== a.nextHostKey) return;
  await agents.turnKey(tx, a);
  await record(deps, tx, { what: "agent.key_turned", who: PART, about: aboutAgent(a), outcome: "ok" });
};

/** It is connected and has shown a pinned key on that very connection. The first time, its machine becomes a target. */
export const agentUp = (deps: Small, id: AgentId, up: Up): Promise<Standing> =>
  deps.db.transaction(async (tx) => {
    const a = await agents.lock(tx, id);
    if (!a || !isState(a, "enrolled", "active", "paused") || !pinnedKeys(a).includes(up.hostKey))
      throw new Fault("forbidden", "This agent is not let in (any more).");
    // Passwords are sealed to that key: the tunnel's word for it is not enough.
    if (!provesLine(up.hostKey, boxText(id, up.boxKey), up.boxProof))
      throw new Fault("forbidden", "This agent did not prove the key that passwords are sealed to by the key it is known by.");
    const skewMs = Math.max(-SKEW_MOST, Math.min(SKEW_MOST, Math.round(up.skewMs)));
    const brokerKeys = await keptPins(tx, a, up.brokerKey);
    await agents.liftAllow(tx, id, up.allowNo);
    await keyTurned(deps, tx, a, up.hostKey);
    if (isState(a, "enrolled")) await agents.save(tx, settle(a));
    await agents.told(tx, id, {
      version: plainLine(up.version, 40),
      skewMs,
      facts: legibleFacts(up.facts),
      boxKey: up.boxKey,
      seenAt: tx.now,
    });
    await record(deps, tx, {
      what: "agent.up",
      who: PART,
      about: aboutAgent(a),
      outcome: "ok",
      facts: { name: a.name, version: plainLine(up.version, 40), skew_ms: skewMs },
    });
    if (a.mode === "agent" && a.target === null && isState(a, "enrolled")) await firstTarget(deps, tx, { ...a, facts: legibleFacts(up.facts) }, up.sshKeys);
    // What waited for it goes on at once.
    if (a.target !== null) await rotations.wakeWaiting(tx, a.target);
    await rotations.wakeOrders(tx, id);
    tx.onCommit(() => {
      deps.bus.publish("agents");
      deps.bus.publish("rotations");
    });
    return {
      state: isState(a, "paused") ? "paused" : "active",
      owner: (await people.find(tx, a.owner))?.name ?? "",
      why: isState(a, "paused") ? a.why : null,
      brokerKeys,
    };
  });

export const agentDown = (deps: Small, id: AgentId, why: string): Promise<void> =>
  deps.db.transaction(async (tx) => {
    const a = await agents.lock(tx, id);
    if (!a) return;
    await agents.told(tx, id, { seenAt: tx.now });
    await record(deps, tx, { what: "agent.down", who: PART, about: aboutAgent(a), outcome: "ok", why, facts: { name: a.name } });
    tx.onCommit(() => deps.bus.publish("agents"));
  });
/** Beats, in batches: for after a restart, when nobody remembers when each was last there. */
export const agentsSeen = (deps: Pick<Deps, "db">, ids: readonly AgentId[]): Promise<void> => deps.db.transaction((tx) => agents.seen(tx, ids));
