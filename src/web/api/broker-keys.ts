/** The broker's own agent keys. Rule: fingerprints alone; who is cut off by a press is named in the press. */
import { z } from "@hono/zod-openapi";
import { PRESENCES } from "../../domain/agent.ts";
import { KNOWS } from "../../domain/broker-key.ts";
import { brokerKeysCard, type BrokerKeysCard, type Knowing } from "../../flow/broker-key-look.ts";
import { retireBrokerKey, rollBrokerKey } from "../../flow/broker-keys.ts";
import { endpoint, type Endpoint } from "./endpoint.ts";
import { iso, When } from "./shapes.ts";

const tag = "agents",
  text = z.string();
const KnowingOut = z.object({
  id: text,
  name: text,
  knows: z.enum(KNOWS).openapi({ description: "which of the two it has pinned; unknown: it has not come since that is written down" }),
  presence: z.enum(PRESENCES),
  heardAt: When,
});
const KeysOut = z
  .object({
    current: z.object({ fingerprint: text, since: When }).nullable(),
    following: z.object({ fingerprint: text, since: When, by: text }).nullable(),
    agents: z.array(KnowingOut),
    all: z.boolean().openapi({ description: "the lists hold everybody, and not only those that are yours" }),
    cutOff: z.array(KnowingOut).openapi({ description: "whom the retirement of the present key cuts off; where none follows, who is cut off already" }),
  })
  .openapi("BrokerKeys");
const knowing = (k: Knowing): z.input<typeof KnowingOut> => ({ id: k.id, name: k.name, knows: k.knows, presence: k.presence, heardAt: iso(k.heardAt) });
const out = ({ current, following, agents, cutOff, all }: BrokerKeysCard): z.input<typeof KeysOut> => ({
  current: current && { fingerprint: current.fingerprint, since: iso(current.since) },
  following: following && { fingerprint: following.fingerprint, since: iso(following.since), by: following.by },
  agents: agents.map(knowing),
  all,
  cutOff: cutOff.map(knowing),
});

export const brokerKeys: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/broker-keys",
    tag,
    summary: "By which keys this broker proves itself to agents, and who knows them",
    answer: KeysOut,
    run: async (deps, a) => out(await brokerKeysCard(deps.flow, a.caller)),
  }),
  endpoint({
    method: "post",
    path: "/broker-keys/roll",
    tag,
    summary: "Make another key, to follow the present one",
    says: "Each agent is told of it over its own connection, or when it next comes. The present one goes by itself when all have pinned the new one.",
    answer: KeysOut,
    run: async (deps, a) => {
      await rollBrokerKey(deps.flow, a.caller);
      return out(await brokerKeysCard(deps.flow, a.caller));
    },
  }),
  endpoint({
    method: "post",
    path: "/broker-keys/retire",
    tag,
    summary: "Retire the present key now",
    says: "`cutOff` names, by id or name, exactly those agents who have not pinned the one that follows: their connections end, and they are enrolled again.",
    body: z.object({ cutOff: z.array(text.min(1).max(64)).max(10_000) }),
    answer: KeysOut,
    run: async (deps, a) => {
      await retireBrokerKey(deps.flow, a.caller, a.body.cutOff);
      return out(await brokerKeysCard(deps.flow, a.caller));
    },
  }),
];
