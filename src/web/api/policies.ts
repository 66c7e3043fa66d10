/** Access policies. Rule: a put replaces the whole policy; what could help its author waits for somebody else (changes). */
import { z } from "@hono/zod-openapi";
import { Fault } from "../../kernel/fault.ts";
import type { PolicyId } from "../../kernel/ids.ts";
import { PolicyInput } from "../../domain/policy.ts";
import { putPolicy } from "../../flow/people.ts";
import { policyWarnings } from "../../flow/preflight.ts";
import { tryPolicy } from "../../flow/try-policy.ts";
import { policyList } from "../../flow/registers.ts";
import type { ApiDeps, Who } from "./deps.ts";
import { endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { PolicyOut, policyOut } from "./shapes.ts";

const tag = "policies",
  Put = PolicyInput.extend({ active: z.boolean().default(true) });
const Tried = z
  .object({
    askers: z.array(z.string()),
    approvers: z.array(z.string()),
    accounts: z.array(z.string()),
    quorum: z.boolean().openapi({ description: "enough approvers are seated, whoever asks" }),
    warnings: z
      .array(z.object({ account: z.string(), says: z.string(), stops: z.boolean() }))
      .openapi({ description: "where the target's own rules stand against ours, by the last pre-flight of each account" }),
    notLookedAt: z.int(),
    untried: z.array(z.string()).openapi({ description: "targets it covers whose command set is a draft that was never tried there: it gives nothing on them" }),
  })
  .openapi("TriedPolicy");
const find = async (deps: ApiDeps, { caller }: Who, text: string) => {
  const found = (await policyList(deps.flow.db, caller.person)).find((p) => p.id === text || p.name === text);
  if (!found) throw new Fault("not_found", "No such policy.");
  return found;
};

export const policies: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/policies",
    tag,
    summary: "Policies",
    query: Paging,
    answer: pageOf(PolicyOut),
    run: async (deps, { caller, query }) => {
      const p = cut(await policyList(deps.flow.db, caller.person), query, (x) => x.id);
      return { ...p, items: p.items.map(policyOut) };
    },
  }),
  endpoint({
    method: "get",
    path: "/policies/{id}",
    tag,
    summary: "One policy, by id or name",
    params: Id,
    answer: PolicyOut,
    run: async (deps, a) => policyOut(await find(deps, a, a.params.id)),
  }),
  endpoint({
    method: "post",
    path: "/policies",
    tag,
    summary: "Add a policy",
    body: Put,
    answer: PolicyOut,
    status: 201,
    run: async (deps, { caller, body: { active, ...input } }) => policyOut(await putPolicy(deps.flow, caller, input, undefined, active)),
  }),
  endpoint({
    method: "post",
    path: "/policies/try",
    tag,
    summary: "Who could ask for what under a policy, without saving it",
    body: Put,
    answer: Tried,
    run: async (deps, { caller, body: { active, ...input } }) => {
      const policy = { id: "" as PolicyId, ...input, active }, t = await tryPolicy(deps.flow.db, caller.person, policy), w = await policyWarnings(deps.flow.db, caller.person, policy);
      return { warnings: [...w.warnings], notLookedAt: w.unknown, askers: [...t.askers], approvers: [...t.approvers], accounts: [...t.accounts], quorum: t.quorum, untried: [...t.untried] };
    },
  }),
  endpoint({
    method: "put",
    path: "/policies/{id}",
    tag,
    summary: "Replace a policy",
    params: Id,
    body: Put,
    answer: PolicyOut,
    run: async (deps, a) => {
      const { active, ...input } = a.body;
      return policyOut(await putPolicy(deps.flow, a.caller, input, (await find(deps, a, a.params.id)).id as PolicyId, active));
    },
  }),
];
