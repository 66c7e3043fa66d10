/** Agents and gateways: seen, moved, examined. Rule: each is named by its id or its name, and is theirs or none. */
import { z } from "@hono/zod-openapi";
import { MODES, PRESENCES } from "../../domain/agent.ts";
import { agentCard, agentList, askDoctor, type AgentCard } from "../../flow/agent-look.ts";
import { allowAgent, deleteAgent, giveAgent, mapAgent, pauseAgent, resumeAgent, revokeAgent, rollAgentKey } from "../../flow/agent-moves.ts";
import { manageable } from "../../flow/targets.ts";
import { Fault } from "../../kernel/fault.ts";
import type { AgentId } from "../../kernel/ids.ts";
import type { ApiDeps, Who } from "./deps.ts";
import { Done, endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { iso, When } from "./shapes.ts";

const tag = "agents",
  text = z.string(),
  maybe = text.nullable();
const AgentOut = z
  .object({
    id: text,
    name: text,
    mode: z.enum(MODES),
    state: z.enum(["enrolled", "active", "paused", "revoked", "deleted"]),
    presence: z.enum(PRESENCES).openapi({ description: "by this node's tunnel, at this moment" }),
    heardAt: When,
    owner: text,
    target: maybe,
    version: text,
    skewMs: z.int().nullable().openapi({ description: "its clock less the broker's" }),
    fingerprint: text,
    nextFingerprint: maybe.openapi({ description: "of a key that was announced to follow" }),
    brokerKeys: z.array(text).openapi({ description: "fingerprints of the broker's keys that it has pinned, as it last said or showed" }),
    allow: z.array(text),
    allowNo: z.int(),
    enrolledAt: When,
    why: maybe,
    facts: z.record(z.string(), z.union([text, z.number(), z.boolean(), z.null()])),
  })
  .openapi("Agent");
const out = (l: AgentCard): z.input<typeof AgentOut> => {
  const { agent: a } = l;
  return {
    id: a.id,
    name: a.name,
    mode: a.mode,
    state: a.state,
    presence: l.presence,
    heardAt: iso(l.beatAt),
    owner: l.ownerName,
    target: l.target?.name ?? null,
    version: a.version,
    skewMs: a.skewMs,
    fingerprint: l.fingerprint,
    nextFingerprint: l.nextFingerprint,
    brokerKeys: [...a.brokerKeys],
    allow: [...a.allow],
    allowNo: a.allowNo,
    enrolledAt: iso(a.enrolledAt),
    why: "why" in a ? a.why : null,
    facts: { ...a.facts },
  };
};
const Reason = z.object({ reason: text.trim().min(3).max(300) });

const idOf = async (deps: ApiDeps, { caller }: Who, id: string): Promise<AgentId> => (await agentCard(deps.flow, caller, id)).agent.id;
const post = (path: string, summary: string, says?: string) =>
  ({ method: "post", path: `/agents/{id}/${path}`, tag, summary, ...(says ? { says } : {}), params: Id, answer: AgentOut }) as const;
/** A move, and the agent as it then is. */
const moved = (path: string, summary: string, act: (flow: ApiDeps["flow"], who: Who, id: AgentId) => Promise<void>, says?: string): Endpoint =>
  endpoint({
    ...post(path, summary, says),
    run: async (deps, a) => {
      const id = await idOf(deps, a, a.params.id);
      await act(deps.flow, a, id);
      return out(await agentCard(deps.flow, a.caller, id));
    },
  });
const movedFor = <B extends z.ZodType>(
  path: string,
  summary: string,
  body: B,
  act: (deps: ApiDeps, who: Who, id: AgentId, body: z.output<B>) => Promise<void>,
  says?: string,
): Endpoint =>
  endpoint({
    ...post(path, summary, says),
    body,
    run: async (deps, a) => {
      const id = await idOf(deps, a, a.params.id);
      await act(deps, a, id, a.body as z.output<B>);
      return out(await agentCard(deps.flow, a.caller, id));
    },
  });
const targetNamed = async (deps: ApiDeps, { caller }: Who, name: string) => {
  const t = (await manageable(deps.flow.db, caller)).find((x) => x.id === name || x.name === name);
  if (!t) throw new Fault("not_found", "No such target.");
  return t.id;
};

export const agents: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/agents",
    tag,
    summary: "Agents and gateways, by name",
    query: Paging,
    answer: pageOf(AgentOut),
    run: async (deps, a) => {
      const p = cut(await agentList(deps.flow, a.caller), a.query, (l) => l.agent.id);
      return { ...p, items: p.items.map(out) };
    },
  }),
  endpoint({
    method: "get",
    path: "/agents/{id}",
    tag,
    summary: "One, by id or name",
    params: Id,
    answer: AgentOut,
    run: async (deps, a) => out(await agentCard(deps.flow, a.caller, a.params.id)),
  }),
  movedFor(
    "pause",
    "Ask nothing of it and carry nothing new by it",
    Reason,
    ({ flow }, { caller }, id, b) => pauseAgent(flow, caller, id, b.reason),
    "It stays connected.",
  ),
  moved("resume", "Use it again", (flow, { caller }, id) => resumeAgent(flow, caller, id)),
  movedFor(
    "revoke",
    "Let it in no more",
    Reason,
    ({ flow }, { caller }, id, b) => revokeAgent(flow, caller, id, b.reason),
    "Its connection ends at once, with every session it carries.",
  ),
  endpoint({
    method: "delete",
    path: "/agents/{id}",
    tag,
    summary: "Off the lists",
    says: "After it was revoked. Its events and its target stay.",
    params: Id,
    answer: Done,
    run: async (deps, a) => {
      await deleteAgent(deps.flow, a.caller, await idOf(deps, a, a.params.id));
      return { ok: true as const };
    },
  }),
  movedFor(
    "map",
    "Let it stand for another target",
    z.object({ target: text.min(1).max(64) }),
    async (deps, a, id, b) => mapAgent(deps.flow, a.caller, id, await targetNamed(deps, a, b.target)),
    "The target's accounts are blocked until somebody else has accepted its identity.",
  ),
  movedFor(
    "give",
    "Give it, and its target, to somebody else",
    z.object({ owner: text.min(1).max(64) }),
    ({ flow }, { caller }, id, b) => giveAgent(flow, caller, id, b.owner),
    "A second person confirms it.",
  ),
  movedFor(
    "allow",
    "Where it may carry to",
    z.object({ allow: z.array(text.max(270)).max(500) }),
    ({ flow }, { caller }, id, b) => allowAgent(flow, caller, id, b.allow),
    "The whole list, each time: it is signed and sent.",
  ),
  moved(
    "roll-key",
    "Have it make another key",
    (flow, { caller }, id) => rollAgentKey(flow, caller, id),
    "Announced over a connection that the present one proves; the first use makes it the only one.",
  ),
  endpoint({
    method: "post",
    path: "/agents/{id}/doctor",
    tag,
    summary: "Have the machine examine itself",
    says: "Changes nothing. The checks stand in their order; after one that failed, what rests on it was not asked.",
    params: Id,
    answer: z.object({
      checks: z.array(z.object({ check: text, ok: z.boolean(), says: text, hint: maybe })),
      unreachable: maybe.openapi({ description: "why it could not be asked" }),
    }),
    run: async (deps, a) => {
      const d = await askDoctor(deps.flow, a.caller, await idOf(deps, a, a.params.id));
      return { checks: d.checks.map((c) => ({ check: c.check, ok: c.ok, says: c.says, hint: c.hint ?? null })), unreachable: d.unreachable };
    },
  }),
];
