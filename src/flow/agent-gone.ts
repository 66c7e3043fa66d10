/**
 * Agents that were not heard of for so long that somebody should look. Rule: derived from rows and the log: told once for each time one went, late
 * or after a crash all the same.
 */
import { aboutAgent, presence, isState, type Agent } from "../domain/agent.ts";
import * as agents from "../store/agents.ts";
import * as events from "../store/events.ts";
import type { Deps } from "./deps.ts";
import { broker, record } from "./record.ts";

type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus" | "clock" | "times" | "tunnel" | "passive">;
const isGone = (deps: Small, a: Agent): boolean =>
  isState(a, "active") && presence(a, deps.tunnel.heard(a.id), deps.clock.now(), deps.times) === "gone";
const tellOne = (deps: Small, seen: Agent): Promise<void> =>
  deps.db.transaction(async (tx) => {
    const a = await agents.lock(tx, seen.id),
      [last] = await events.list(tx, { what: "agent.gone", about: seen.id, limit: 1 });
    if (!a || !isGone(deps, a) || (last && a.seenAt && last.at > a.seenAt)) return;
    await record(deps, tx, {
      what: "agent.gone",
      who: broker("agents"),
      about: aboutAgent(a),
      outcome: "failed",
      why: "it was not heard of for long",
      facts: { name: a.name, mode: a.mode, seen_at: a.seenAt?.toISOString() ?? null },
    });
  });
export const tellGone = async (deps: Small): Promise<void> => {
  if (deps.passive.why) return;
  for (const a of await agents.all(deps.db)) if (isGone(deps, a)) await tellOne(deps, a);
};
