/**
 * The verbs of a machine's own agent, for the connector of such machines. Rule: law A3 and I6 hold as for every target: secrets are sealed to that
 * agent's key at the moment of use, and the agent asked is the one its target's identity names.
 */
import type { AgentHand } from "../kernel/link.ts";
import { isId } from "../kernel/ids.ts";
import { Fault } from "../kernel/fault.ts";
import { outOfUse } from "../domain/agent.ts";
import type { Target } from "../domain/target.ts";
import * as agents from "../store/agents.ts";
import type { Deps } from "./deps.ts";

type Small = Pick<Deps, "db" | "keyring" | "tunnel">;
/** Absent: this target names no agent. */
export const handOf = (deps: Small, t: Pick<Target, "id" | "name" | "settings">): AgentHand | undefined => {
  const id = String(t.settings["agent"] ?? "");
  if (!isId("agent", id)) return undefined;
  const asked = async () => {
    const a = await agents.find(deps.db, id),
      no =
        outOfUse(a) ?? (a!.target === t.id ? null : `The agent ${a!.name} does not stand for ${t.name} any more. Map it there on the agent's page.`);
    if (no !== null) throw new Fault("unavailable", no);
    return a!;
  };
  return {
    id,
    call: async (verb, ask, signal) => {
      await asked();
      return deps.tunnel.call(id, verb, ask, signal);
    },
    seal: async (secret, context) => deps.keyring.handOver(secret, (await asked()).boxKey, context),
  };
};
