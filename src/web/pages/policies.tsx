/** /policies. */
import type { z } from "zod";
import { gradedName } from "../../flow/command-sets.ts";
import { singleAdministrator } from "../../flow/four-eyes.ts";
import { putPolicy } from "../../flow/people.ts";
import { policyWarnings } from "../../flow/preflight.ts";
import { tryPolicy } from "../../flow/try-policy.ts";
import { may } from "../../domain/may.ts";
import { PolicyInput, type Policy } from "../../domain/policy.ts";
import type { PolicyId } from "../../kernel/ids.ts";
import { Fault } from "../../kernel/fault.ts";
import { policyList } from "../../flow/registers.ts";
import { directory } from "../../identity/directory.ts";
import { Policies, PolicyPage } from "../../../views/policies.tsx";
import { PolicyEdit, PolicyPreview } from "../../../views/policy-form.tsx";
import type { Draft } from "../../../views/policy-sections.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields } from "../forms.ts";
import { me } from "../login-session.ts";
import { fragment, isPartial, render } from "../render.tsx";
import type { Route } from "../route.ts";
import { changesFor } from "./people.tsx";
import { FRESH, readPolicy } from "./policy-fields.ts";

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
  return render(
    c,
    deps,
    { title: "Policies", wide: true },
    <Policies
      policies={await policyList(deps.flow.db, person)}
      names={await namesOf(c, deps)}
      changes={await changesFor(c, deps)}
      me={person.id}
      manages={may(person, "policy.manage")}
      alone={await singleAdministrator(deps.flow.db)}
    />,
  );
};
/** As it stands, or as it was typed; `wrong` where that cannot be saved. */
const edit = async (c: Ctx, deps: WebDeps, policy: Policy | null, typed: { draft: Draft; wrong?: string | undefined } | null = null) => {
  const { person } = me(c),
    d = await directory(deps.flow.db, person),
    from = { people: d.people, groups: d.groups, platforms: [...deps.flow.connectors.keys()].map(gradedName) },
    draft = typed?.draft ?? policy ?? FRESH,
    asked = { ...draft, id: policy?.id ?? ("" as PolicyId) };
  const view = {
    id: policy?.id ?? null,
    draft,
    from,
    names: await namesOf(c, deps),
    tried: await tryPolicy(deps.flow.db, person, asked),
    ahead: await policyWarnings(deps.flow.db, person, asked),
    wrong: typed?.wrong,
  };
  return isPartial(c)
    ? fragment(c, deps, <PolicyPreview {...view} />)
    : render(
        c,
        deps,
        { title: policy?.name ?? "Add a policy", wide: true, status: typed?.wrong === undefined ? 200 : 422 },
        <PolicyEdit {...view} />,
      );
};
const wrongIn = (e: z.ZodError): string => `${e.issues.map((i) => `${i.path.join(".") || "the form"}: ${i.message}`).join("; ")}.`;
/** What was typed, as far as it can be a policy; the fields that cannot stay as they were. */
const typedIn = async (c: Ctx, was: Policy | null): Promise<{ draft: Draft; wrong: string | undefined }> => {
  const { input, active } = await readPolicy(c, was ?? FRESH),
    parsed = PolicyInput.safeParse(input);
  if (parsed.success) return { draft: { ...parsed.data, active }, wrong: undefined };
  return { draft: { ...(was ?? FRESH), name: input.name, active }, wrong: wrongIn(parsed.error) };
};
/** Looks, and keeps nothing. */
const attempt = async (c: Ctx, deps: WebDeps) => {
  const wanted = c.req.query("policy"),
    was = wanted === undefined ? null : ((await policyList(deps.flow.db, me(c).person)).find((p) => p.id === wanted) ?? null);
  return edit(c, deps, was, await typedIn(c, was));
};
const page = async (c: Ctx, deps: WebDeps) => {
  const policy = await find(c, deps);
  return may(me(c).person, "policy.manage")
    ? edit(c, deps, policy)
    : render(c, deps, { title: policy.name }, <PolicyPage policy={policy} names={await namesOf(c, deps)} />);
};

const UNSEEN = "Not saved yet: every use under this policy ends with a change of the password, and some targets have rules of their own against that. They are listed below; tick that you have seen them, and save again.";
const save = (was: (c: Ctx, deps: WebDeps) => Promise<Policy | null>) => async (c: Ctx, deps: WebDeps) => {
  const old = await was(c, deps), { input, active } = await readPolicy(c, old ?? FRESH);
  const parsed = PolicyInput.safeParse(input);
  if (parsed.success && (await fields(c))["seen"] !== "yes") {
    const draft = { ...parsed.data, active }, { warnings } = await policyWarnings(deps.flow.db, me(c).person, { ...draft, id: old?.id ?? "" as PolicyId });
    if (active && warnings.length > 0) return edit(c, deps, old, { draft, wrong: UNSEEN });
  }
  const saved = await putPolicy(deps.flow, callerOf(c), input, old?.id, active);
  return c.redirect(`/policies/${saved.id}?done=${old ? "changed" : "added"}`, 303);
};

export const POLICIES: readonly Route[] = [
  { method: "GET", path: "/policies", act: "policy.see", handle: list },
  { method: "GET", path: "/policies/new", act: "policy.manage", handle: (c, deps) => edit(c, deps, null) },
  { method: "POST", path: "/policies", act: "policy.manage", handle: save(() => Promise.resolve(null)) },
  { method: "POST", path: "/policies/try", act: "policy.manage", handle: attempt },
  { method: "GET", path: "/policies/:id", act: "policy.see", handle: page },
  { method: "POST", path: "/policies/:id", act: "policy.manage", handle: save(find) },
];
