/** /policies. */
import { putPolicy } from "../../flow/people.ts";
import { may } from "../../domain/may.ts";
import type { Policy, PolicyInput } from "../../domain/policy.ts";
import { Fault } from "../../kernel/fault.ts";
import { directory, policyList } from "../../identity/directory.ts";
import { Policies, PolicyEdit, PolicyPage } from "../../../views/policies.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { many, whole, words } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";
import { changesFor } from "./people.tsx";

const find = async (c: Ctx, deps: WebDeps): Promise<Policy> => {
  const found = (await policyList(deps.flow.db, me(c).person)).find((p) => p.id === param(c, "id"));
  if (!found) throw new Fault("not_found", "No such policy.");
  return found;
};
const namesOf = async (c: Ctx, deps: WebDeps): Promise<ReadonlyMap<string, string>> => {
  const d = await directory(deps.flow.db, me(c).person);
  return new Map<string, string>([...d.people, ...d.groups].map((x) => [x.id, x.name]));
};
const list = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c);
  return render(c, deps, { title: "Policies", wide: true }, <Policies policies={await policyList(deps.flow.db, person)} names={await namesOf(c, deps)} changes={await changesFor(c, deps)} me={person.id} manages={may(person, "policy.manage")} />);
};
const edit = async (c: Ctx, deps: WebDeps, policy: Policy | null) => {
  const d = await directory(deps.flow.db, me(c).person);
  return render(c, deps, { title: policy?.name ?? "Add a policy" }, <PolicyEdit policy={policy} people={d.people} groups={d.groups} />);
};
const page = async (c: Ctx, deps: WebDeps) => {
  const policy = await find(c, deps);
  return may(me(c).person, "policy.manage") ? edit(c, deps, policy) : render(c, deps, { title: policy.name }, <PolicyPage policy={policy} names={await namesOf(c, deps)} />);
};

/** The form carries the common numbers; the rest stays as it was, or as the defaults are. */
const inputOf = async (c: Ctx, was: Policy | null): Promise<{ input: PolicyInput; active: boolean }> => {
  const f = await c.req.parseBody(), text = (name: string) => (typeof f[name] === "string" ? f[name].trim() : ""), number = (name: string) => whole(text(name));
  const terms = { ...was?.terms, preset: text("preset"), approvals: number("approvals"), maxMinutes: number("maxMinutes"), startWindowMinutes: number("startWindowMinutes"), reasonMin: number("reasonMin"), ticketPattern: text("ticketPattern"), recordInput: text("recordInput") === "yes" };
  const binding = {
    ...was?.binding, requesters: await many(c, "requesters"), requesterGroups: await many(c, "requesterGroups"), approvers: await many(c, "approvers"), approverGroups: await many(c, "approverGroups"),
    accountNames: words(text("accountNames")), targets: words(text("targets")), tags: words(text("tags")),
  };
  return { input: { name: text("name"), terms, binding } as PolicyInput, active: text("active") === "yes" };
};
const save = (was: (c: Ctx, deps: WebDeps) => Promise<Policy | null>) => async (c: Ctx, deps: WebDeps) => {
  const old = await was(c, deps), { input, active } = await inputOf(c, old);
  const saved = await putPolicy(deps.flow, callerOf(c), input, old?.id, active);
  return c.redirect(`/policies/${saved.id}?done=${old ? "changed" : "added"}`, 303);
};

export const POLICIES: readonly Route[] = [
  { method: "GET", path: "/policies", act: "policy.see", handle: list },
  { method: "GET", path: "/policies/new", act: "policy.manage", handle: (c, deps) => edit(c, deps, null) },
  { method: "POST", path: "/policies", act: "policy.manage", handle: save(() => Promise.resolve(null)) },
  { method: "GET", path: "/policies/:id", act: "policy.see", handle: page },
  { method: "POST", path: "/policies/:id", act: "policy.manage", handle: save(find) },
];
