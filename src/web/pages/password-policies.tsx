/** /password-policies: what there is, what is bound where, and who breaks it. Rule: rules and sentences only; no password comes near this page. */
import type { z } from "zod";
import { may } from "../../domain/may.ts";
import { inWords, PasswordPolicy, PasswordPolicyFields } from "../../domain/password-policy.ts";
import { Fault } from "../../kernel/fault.ts";
import { gradedName } from "../../flow/command-sets.ts";
import { bindPlatform, bindTarget, passwordPolicyList, platformBindings, putPasswordPolicy, removePasswordPolicy } from "../../flow/password-policies.ts";
import { target } from "../../flow/registers.ts";
import { violations } from "../../flow/violations.ts";
import { PasswordPolicies, PasswordPolicyEdit, type PolicyDraft } from "../../../views/password-policies.tsx";
import { ViolationsPage } from "../../../views/violations.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, type Fields } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

const list = async (c: Ctx, deps: WebDeps) => {
  const caller = callerOf(c), all = await passwordPolicyList(deps.flow.db, caller), bound = await platformBindings(deps.flow.db, caller);
  const lines = all.map((l) => ({ name: l.policy.name, says: inWords(l.policy), builtIn: l.builtIn, uses: l.uses })), platforms = [...deps.flow.connectors.keys()].map((name) => ({ ...gradedName(name), policy: bound.get(name) ?? null }));
  return render(c, deps, { title: "Password policies", wide: true }, <PasswordPolicies lines={lines} platforms={platforms} manages={may(me(c).person, "policy.manage")} />);
};
const broken = async (c: Ctx, deps: WebDeps) => render(c, deps, { title: "Policy violations", wide: true }, <ViolationsPage {...await violations(deps.flow, callerOf(c))} />);

const find = async (c: Ctx, deps: WebDeps, name: string) => {
  const found = (await passwordPolicyList(deps.flow.db, callerOf(c))).find((l) => l.policy.name === name);
  if (!found) throw new Fault("not_found", "No such password policy.");
  return found;
};
/** A copy of `?from=`, or of medium; its name is to be chosen. */
const fresh = async (c: Ctx, deps: WebDeps) => {
  const from = await find(c, deps, c.req.query("from") ?? "medium");
  return render(c, deps, { title: "Add a password policy" }, <PasswordPolicyEdit draft={{ ...from.policy, name: "" }} id={null} />);
};
const page = async (c: Ctx, deps: WebDeps) => {
  const { policy, builtIn, uses } = await find(c, deps, param(c, "name"));
  return render(c, deps, { title: policy.name }, <PasswordPolicyEdit draft={policy} id={policy.name} fixed={builtIn || !may(me(c).person, "policy.manage")} uses={uses} />);
};

const NUMBERS = ["length", "maxLength", "lower", "upper", "digit", "symbol", "maxRepeat", "history", "minAgeHours", "maxAgeDays"] as const, FLAGS = ["noLogin", "noWords", "noSequences"] as const, TEXTS = ["symbols", "allowed", "forbidden"] as const;
const read = (f: Fields, name: string): PolicyDraft => ({
  name, ...Object.fromEntries(NUMBERS.map((k) => [k, /^\d{1,5}$/.test((f[k] ?? "").trim()) ? Number(f[k]) : NaN])), ...Object.fromEntries(FLAGS.map((k) => [k, f[k] === "yes"])), ...Object.fromEntries(TEXTS.map((k) => [k, f[k] ?? ""])),
}) as PolicyDraft;
const says = (e: z.ZodError): string => `${e.issues.map((i) => `${i.path.join(".") || "the policy"}: ${i.message}`).join("; ")}.`;
const save = (id: (c: Ctx) => string | null) => async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c), was = id(c), draft = read(f, was ?? (f["name"] ?? "").trim()), shape = PasswordPolicyFields.safeParse(draft), parsed = shape.success ? PasswordPolicy.safeParse(draft) : shape;
  const taken = was === null && (await passwordPolicyList(deps.flow.db, callerOf(c))).some((l) => l.policy.name === draft.name);
  const wrong = !parsed.success ? says(parsed.error) : taken ? `There is a password policy named ${draft.name} already.` : null;
  if (wrong !== null) return render(c, deps, { title: was ?? "Add a password policy", status: 422 }, <PasswordPolicyEdit draft={draft} id={was} wrong={wrong} />);
  await putPasswordPolicy(deps.flow, callerOf(c), draft);
  return c.redirect(`/password-policies?done=${was ? "bound" : "added"}`, 303);
};
const remove = async (c: Ctx, deps: WebDeps) => { await removePasswordPolicy(deps.flow, callerOf(c), param(c, "name")); return c.redirect("/password-policies?done=removed", 303); };
const platform = async (c: Ctx, deps: WebDeps) => {
  const f = await fields(c);
  await bindPlatform(deps.flow, callerOf(c), f["platform"] ?? "", f["policy"] ?? "");
  return c.redirect("/password-policies?done=bound", 303);
};
const onTarget = async (c: Ctx, deps: WebDeps) => {
  const { id } = await target(deps.flow.db, me(c).person, param(c, "id"));
  await bindTarget(deps.flow, callerOf(c), id, (await fields(c))["policy"] ?? "");
  return c.redirect(`/targets/${id}?done=bound`, 303);
};

const at = "/password-policies";
export const PASSWORD_RULES: readonly Route[] = [
  { method: "GET", path: at, act: "password_policy.see", handle: list },
  { method: "GET", path: `${at}/violations`, act: "password_policy.see", handle: broken },
  { method: "GET", path: `${at}/new`, act: "policy.manage", handle: fresh },
  { method: "POST", path: at, act: "policy.manage", handle: save(() => null) },
  { method: "POST", path: `${at}/platform`, act: "policy.manage", handle: platform },
  { method: "GET", path: `${at}/:name`, act: "password_policy.see", handle: page },
  { method: "POST", path: `${at}/:name`, act: "policy.manage", handle: save((c) => param(c, "name")) },
  { method: "POST", path: `${at}/:name/remove`, act: "policy.manage", handle: remove },
  { method: "POST", path: "/targets/:id/password-policy", act: "target.manage", verb: true, handle: onTarget },
];
