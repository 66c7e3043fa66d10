/** Password policies: what there is, what is bound where, who breaks it. Rule: rules and sentences only; no answer here holds or hints at a password. */
import { z } from "@hono/zod-openapi";
import { PASSWORD_POLICIES, PasswordPolicy, PasswordPolicyFields } from "../../domain/password-policy.ts";
import { Fault } from "../../kernel/fault.ts";
import type { TargetId } from "../../kernel/ids.ts";
import { changeAccount } from "../../flow/account-change.ts";
import { accountCard } from "../../flow/look.ts";
import { bindPlatform, bindTarget, passwordPolicyList, platformBindings, putPasswordPolicy, removePasswordPolicy, type PolicyLine } from "../../flow/password-policies.ts";
import { target } from "../../flow/registers.ts";
import { violations } from "../../flow/violations.ts";
import { endpoint, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { iso, When } from "./shapes.ts";

const tag = "password policies", Name = z.object({ name: z.string().max(40) }), Rules = PasswordPolicyFields.omit({ name: true });
const Uses = z.object({ platforms: z.array(z.string()), targets: z.array(z.string()), accounts: z.int() });
const Out = PasswordPolicyFields.extend({ builtIn: z.boolean(), uses: Uses }).openapi("PasswordPolicy");
const out = ({ policy, builtIn, uses }: PolicyLine): z.input<typeof Out> => ({ ...policy, builtIn, uses: { ...uses, platforms: [...uses.platforms], targets: [...uses.targets] } });

const Bind = z.object({
  kind: z.enum(["account", "target", "platform"]), subject: z.string().min(1).max(300).openapi({ description: "root@web-1, a target's name, or a platform's" }), policy: z.string().max(40).nullable().openapi({ description: "null: none of its own" }),
});
const Bound = z.object({ kind: z.string(), subject: z.string(), policy: z.string().nullable() }).openapi("PasswordPolicyBinding");
const bind: Endpoint = endpoint({
  method: "post", path: "/password-policies/bind", tag, summary: "Bind a policy to an account, a target or a platform", says: "The most specific binding wins. The next change goes by it.", body: Bind, answer: Bound,
  run: async (deps, { caller, body: b }) => {
    if (b.kind === "account") await changeAccount(deps.flow, caller, (await accountCard(deps.flow.db, caller.person, b.subject)).account.id, { passwordPolicy: b.policy });
    else if (b.kind === "target") await bindTarget(deps.flow, caller, (await target(deps.flow.db, caller.person, b.subject)).id as TargetId, b.policy);
    else await bindPlatform(deps.flow, caller, b.subject, b.policy);
    return b;
  },
});
const one = async (list: Promise<readonly PolicyLine[]>, name: string) => {
  const found = (await list).find((l) => l.policy.name === name);
  if (!found) throw new Fault("not_found", "No such password policy.");
  return out(found);
};
const Broken = z.object({
  account: z.string(), policy: z.string(), from: z.string(), broken: z.array(z.string()).openapi({ description: "what the password in force needs" }), since: When, tooOldSince: When,
}).openapi("PasswordViolation");

export const passwordPolicies: readonly Endpoint[] = [
  endpoint({
    method: "get", path: "/password-policies", tag, summary: "Password policies, and what they are bound to", query: Paging, answer: pageOf(Out),
    run: async (deps, { caller, query }) => { const p = cut(await passwordPolicyList(deps.flow.db, caller), query, (l) => l.policy.name); return { ...p, items: p.items.map(out) }; },
  }),
  endpoint({
    method: "get", path: "/password-policies/platforms", tag, summary: "Which policy each platform goes by", answer: z.object({ items: z.array(Bound) }),
    run: async (deps, { caller }) => { const bound = await platformBindings(deps.flow.db, caller); return { items: [...deps.flow.connectors.keys()].map((subject) => ({ kind: "platform", subject, policy: bound.get(subject) ?? null })) }; },
  }),
  endpoint({ method: "get", path: "/password-policies/{name}", tag, summary: "One password policy", params: Name, answer: Out, run: async (deps, { caller, params }) => one(passwordPolicyList(deps.flow.db, caller), params.name) }),
  bind,
  endpoint({
    method: "put", path: "/password-policies/{name}", tag, summary: "Add a password policy, or replace its rules", says: `${Object.keys(PASSWORD_POLICIES).join(", ")} are built in and stay.`, params: Name, body: Rules, answer: Out,
    run: async (deps, { caller, params, body }) => { const p = await putPasswordPolicy(deps.flow, caller, PasswordPolicy.parse({ ...body, name: params.name })); return one(passwordPolicyList(deps.flow.db, caller), p.name); },
  }),
  endpoint({
    method: "delete", path: "/password-policies/{name}", tag, summary: "Remove one that nothing is bound to", params: Name, answer: Name,
    run: async (deps, { caller, params }) => { await removePasswordPolicy(deps.flow, caller, params.name); return { name: params.name }; },
  }),
  endpoint({
    method: "get", path: "/password-violations", tag, summary: "Accounts whose password in force breaks its policy or is too old for it", query: Paging, answer: pageOf(Broken),
    run: async (deps, { caller, query }) => {
      const p = cut((await violations(deps.flow, caller)).list, query, (v) => v.account);
      return { ...p, items: p.items.map((v) => ({ account: v.name, policy: v.bound.policy.name, from: v.bound.from, broken: [...v.broken], since: iso(v.since), tooOldSince: iso(v.goneBy) })) };
    },
  }),
];
