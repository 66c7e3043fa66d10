/**
 * Which keys its broker proves itself by. Rules (law agent-key-pinned): those of agent.conf, which is root's; or those that followed them, by the
 * word of one that was pinned, each proven by itself, and never one that came before; and whoever writes another BrokerKey into agent.conf overrules all that was learned.
 */
import { fingerprintOf } from "../src/crypto/envelope.ts";
import { Fault } from "../src/kernel/fault.ts";
import { pinText, type Ask } from "../src/wires/agent-words.ts";
import { provesLine } from "../src/wires/ssh.ts";
import type { Conf } from "./conf.ts";
import type { State } from "./state.ts";

type Of = Pick<Conf, "BrokerKey">;
const same = (a: readonly string[], b: readonly string[]): boolean => [...a].sort().join(" ") === [...b].sort().join(" ");

/** Public lines, or fingerprints where no line is known yet. */
export const pinnedKeys = (conf: Of, state: Pick<State, "pins">): readonly string[] => {
  const learned = state.pins();
  return learned !== undefined && same(learned.instead, conf.BrokerKey) ? learned.keys : conf.BrokerKey;
};
const knows = (pinned: readonly string[], line: string): boolean => pinned.includes(line) || pinned.includes(fingerprintOf(line));
export const pinnedFingerprints = (conf: Of, state: Pick<State, "pins">): readonly string[] =>
  pinnedKeys(conf, state).map((one) => (one.startsWith("SHA256:") ? one : fingerprintOf(one)));
/** Lines of them, as far as they have proven themselves or were told of: by these a list of destinations may be signed. */
export const pinnedLines = (conf: Of, state: Pick<State, "pins" | "brokerKeys">): readonly string[] => {
  const pinned = pinnedKeys(conf, state);
  return [...new Set([...state.brokerKeys(), ...pinned.filter((one) => !one.startsWith("SHA256:"))])].filter((line) => knows(pinned, line));
};

/** Of these, in the order in which one follows the other: what is pinned already, and what comes after it. One that came before is not learned. */
const learned = (pinned: readonly string[], lines: readonly string[]): readonly string[] => {
  const first = lines.findIndex((line) => knows(pinned, line));
  return first === -1 ? [] : lines.slice(first);
};
/** These and no others, from the next connection on: fsynced before it is answered. The fingerprints. */
export const pin = (conf: Of, state: State, { broker }: Extract<Ask<"update-key">, { broker: unknown }>): string[] => {
  const lines = broker.map((one) => one.key),
    text = pinText(state.agent() ?? "", lines);
  if (!broker.every((one) => provesLine(one.key, text, one.proof))) throw new Fault("forbidden", "One of these keys has not proven itself to this agent. None was pinned.");
  const keys = learned(pinnedKeys(conf, state), lines);
  if (keys.length === 0) throw new Fault("forbidden", "None of these keys is pinned here, so none of them is believed.");
  state.keepPins({ instead: [...conf.BrokerKey], keys: [...keys] });
  return keys.map(fingerprintOf);
};
