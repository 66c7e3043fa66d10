/** What the broker's agent keys say of themselves and of lists. Rule: each text names the agent it is for, and is signed by a key that agent has pinned. */
import { fingerprintOf } from "../crypto/envelope.ts";
import type { AgentId } from "../kernel/ids.ts";
import { pinText, signedText, type Ask, type SignedList } from "../wires/agent-words.ts";
import type { Deps } from "./deps.ts";

type Small = Pick<Deps, "brokerKeys">;
export const fingerprints = ({ brokerKeys }: Small): readonly string[] => brokerKeys.lines().map(fingerprintOf);
/** The keys that count, each proven by itself. */
export const pinAsk = ({ brokerKeys }: Small, agent: AgentId): Ask<"update-key"> => {
  const lines = brokerKeys.lines(),
    text = pinText(agent, lines);
  return { broker: lines.map((key) => ({ key, proof: brokerKeys.sign(key, text) })) };
};
/** `pinned`: fingerprints of what this agent knows of ours. */
export const signedList = ({ brokerKeys }: Small, pinned: readonly string[], list: string): SignedList => {
  const lines = brokerKeys.lines(),
    known = lines.find((l) => pinned.includes(fingerprintOf(l))) ?? lines[0]!;
  return { list, signature: brokerKeys.sign(known, signedText(list)) };
};
