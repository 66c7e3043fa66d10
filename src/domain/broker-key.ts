/**
 * The keys by which this broker proves itself to agents: one in force, and for a while one that follows it. Rule: a key is followed only by one that
 * every agent has pinned, or by a person's word that names whom it cuts off.
 */
import type { Agent } from "./agent.ts";
import type { BrokerKeyId, PersonId } from "../kernel/ids.ts";

/** `following`: shown beside the one in force and told to each agent. One whose file is gone is retired, whatever it was. */
export const NEXT = { following: ["current", "retired"], current: ["retired"], retired: [] } as const satisfies Record<string, readonly string[]>;
export type State = keyof typeof NEXT;

type Common = {
  readonly id: BrokerKeyId;
  /** Public, as in authorized_keys. */
  readonly line: string;
  readonly at: Date;
  /** Null: the broker itself, at its first start. */
  readonly by: PersonId | null;
};
type Shape = {
  following: { readonly state: "following" };
  current: { readonly state: "current"; readonly currentAt: Date };
  retired: { readonly state: "retired"; readonly currentAt: Date | null; readonly retiredAt: Date };
};
export type BrokerKey<S extends State = State> = { [K in S]: Common & Shape[K] }[S];
declare const made: unique symbol;
export type Step<S extends State = State, N extends State = State> = { readonly from: BrokerKey<S>; readonly to: BrokerKey<N>; readonly [made]: true };
const step = <S extends State, N extends (typeof NEXT)[S][number]>(from: BrokerKey<S>, to: Shape[N]): Step<S, N> =>
  ({ from, to: { id: from.id, line: from.line, at: from.at, by: from.by, ...to } }) as unknown as Step<S, N>;

export const takeOver = (k: BrokerKey<"following">, now: Date) => step<"following", "current">(k, { state: "current", currentAt: now });
export const retire = (k: BrokerKey<"following" | "current">, now: Date) =>
  step<"following" | "current", "retired">(k, { state: "retired", currentAt: k.state === "current" ? k.currentAt : null, retiredAt: now });

/** Those that count, in the order in which they are shown to an agent: one that knows the first is asked for no other. */
export type Living = { readonly current: BrokerKey<"current"> | null; readonly following: BrokerKey<"following"> | null };
export const linesOf = (l: Living): readonly string[] => [l.current, l.following].flatMap((k) => (k === null ? [] : [k.line]));

const OVER: readonly Agent["state"][] = ["revoked", "deleted"];
/** Whom it cuts off when only the key with this fingerprint is shown: agents not revoked that are not known to have pinned it. */
export const strangersTo = <A extends Pick<Agent, "state" | "brokerKeys">>(agents: readonly A[], fingerprint: string): readonly A[] =>
  agents.filter((a) => !OVER.includes(a.state) && !a.brokerKeys.includes(fingerprint));
/** What is known of an agent that has just accepted the key with this fingerprint: what it said before counts only where that fits. */
export const knownAfter = (before: readonly string[], accepted: string): readonly string[] => (before.includes(accepted) ? before : [accepted]);

/**
 * What is known of an agent: it has pinned both, one of the two, or neither; the one in force and still one that was retired (`older`); or it was not
 * heard of since that is written down.
 */
export const KNOWS = ["both", "following", "current", "older", "neither", "unknown"] as const;
export type Knows = (typeof KNOWS)[number];
/** Fingerprints; `following`: null where none does. */
export const knows = ({ brokerKeys }: Pick<Agent, "brokerKeys">, current: string, following: string | null): Knows => {
  const old = brokerKeys.includes(current),
    fresh = following !== null && brokerKeys.includes(following);
  if (brokerKeys.length === 0) return "unknown";
  if (old) return fresh ? "both" : following === null && brokerKeys.length > 1 ? "older" : "current";
  return fresh ? "following" : "neither";
};
