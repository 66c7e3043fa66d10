/** The broker's own agent keys as people see them, and who has pinned which. Rule: read-only; public halves' fingerprints alone. */
import { presence, type Presence } from "../domain/agent.ts";
import { knows, strangersTo, type Knows } from "../domain/broker-key.ts";
import { may } from "../domain/may.ts";
import { fingerprintOf } from "../crypto/envelope.ts";
import { Fault } from "../kernel/fault.ts";
import type { AgentId } from "../kernel/ids.ts";
import * as agents from "../store/agents.ts";
import * as keys from "../store/broker-keys.ts";
import * as people from "../store/people.ts";
import type { Deps } from "./deps.ts";
import type { Caller } from "./record.ts";

type Small = Pick<Deps, "db" | "clock" | "times" | "tunnel">;
export type Knowing = { readonly id: AgentId; readonly name: string; readonly knows: Knows; readonly presence: Presence; readonly heardAt: Date | null };
export type BrokerKeysCard = {
  readonly current: { readonly fingerprint: string; readonly since: Date } | null;
  /** `by`: who had it made. */
  readonly following: { readonly fingerprint: string; readonly since: Date; readonly by: string } | null;
  /** Not revoked, by name; those this caller may see. */
  readonly agents: readonly Knowing[];
  /** Whom a retirement of the present key cuts off; where none follows, who is cut off already. */
  readonly cutOff: readonly Knowing[];
  /** Everybody is in these lists; else those alone who are the caller's. */
  readonly all: boolean;
  readonly manages: boolean;
};

export const brokerKeysCard = async (deps: Small, caller: Caller): Promise<BrokerKeysCard> => {
  if (!may(caller.person, "agent.list")) throw new Fault("forbidden", "Your roles do not allow this.");
  const { current, following } = await keys.living(deps.db),
    now = current === null ? "" : fingerprintOf(current.line),
    next = following === null ? null : fingerprintOf(following.line);
  const all = (await agents.all(deps.db)).filter((a) => a.state !== "revoked" && may(caller.person, "agent.see", { owner: a.owner }));
  const heard = (a: (typeof all)[number]): Knowing => {
    const h = deps.tunnel.heard(a.id);
    return { id: a.id, name: a.name, knows: knows(a, now, next), presence: presence(a, h, deps.clock.now(), deps.times), heardAt: h?.beatAt ?? a.seenAt };
  };
  const strangers = next === null ? strangersTo(all, now).filter((a) => a.brokerKeys.length > 0) : strangersTo(all, next);
  return {
    current: current === null ? null : { fingerprint: now, since: current.currentAt },
    following: following === null ? null : { fingerprint: next!, since: following.at, by: (following.by && (await people.byId(deps.db)).get(following.by)?.name) ?? "" },
    agents: all.map(heard),
    cutOff: strangers.map(heard),
    all: may(caller.person, "agent.see", { owner: null }),
    manages: may(caller.person, "agent.broker_key"),
  };
};
