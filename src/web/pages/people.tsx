/** /people and /groups. */
import { singleAdministrator } from "../../flow/four-eyes.ts";
import { addPerson, addSshKey, changePerson, confirmChange, putGroup, removeSshKey, type PersonChange } from "../../flow/people.ts";
import { resetSecondFactor } from "../../flow/second-factor.ts";
import { ROLES, Role } from "../../domain/person.ts";
import { Fault } from "../../kernel/fault.ts";
import type { GroupId, PersonId } from "../../kernel/ids.ts";
import { directory, groupsOf, keysOf, lastLogins, openChanges } from "../../identity/directory.ts";
import { requireGoodPassword } from "../../identity/passwords.ts";
import { hashPassword } from "../../identity/secrets.ts";
import { readPublicKey } from "../../identity/ssh-keys.ts";
import type { ChangeView } from "../../../views/changes.tsx";
import type { Done } from "../../../views/notices.ts";
import { PeoplePage } from "../../../views/people.tsx";
import { PersonPage } from "../../../views/person.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, many, secretField, type Fields } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

export const changesFor = async (c: Ctx, deps: WebDeps): Promise<ChangeView[]> => {
  const { person } = me(c),
    { db } = deps.flow,
    names = new Map((await directory(db, person)).people.map((p) => [p.id, p.name]));
  return (await openChanges(db, person)).map((o) => ({ ...o, authorName: names.get(o.author) ?? "?" }));
};
const list = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c),
    { people, groups } = await directory(deps.flow.db, person);
  const alone = await singleAdministrator(deps.flow.db),
    changes = await changesFor(c, deps),
    logins = await lastLogins(deps.flow.db, person);
  return render(
    c,
    deps,
    { title: "People" },
    <PeoplePage people={people} groups={groups} roles={ROLES} changes={changes} me={person} alone={alone} lastLogins={logins} />,
  );
};
const page = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c),
    { db } = deps.flow,
    found = (await directory(db, person)).people.find((p) => p.id === param(c, "id"));
  if (!found) throw new Fault("not_found", "No such person.");
  const changes = (await changesFor(c, deps)).filter((o) => o.subject === found.id),
    lastLogin = (await lastLogins(db, person)).get(found.id) ?? null;
  return render(
    c,
    deps,
    { title: found.name },
    <PersonPage
      person={found}
      roles={ROLES}
      self={found.id === person.id}
      me={person.id}
      groups={await groupsOf(db, found)}
      keys={await keysOf(db, found)}
      lastLogin={lastLogin}
      changes={changes}
    />,
  );
};
const done = (c: Ctx, id: PersonId, word: Done) => c.redirect(`/people/${id}?done=${word}`, 303);
const addKey = async (c: Ctx, deps: WebDeps) => {
  const f = await body(c),
    key = readPublicKey(f["key"] ?? ""),
    id = param(c, "id") as PersonId;
  await addSshKey(deps.flow, callerOf(c), id, {
    fingerprint: key.fingerprint,
    line: key.line,
    label: (f["label"] ?? "").trim().slice(0, 80) || key.comment || "key",
  });
  return done(c, id, "noted-change");
};
const removeKey = async (c: Ctx, deps: WebDeps) => {
  const id = param(c, "id") as PersonId;
  await removeSshKey(deps.flow, callerOf(c), id, (await fields(c))["fingerprint"] ?? "");
  return done(c, id, "removed");
};
const resetFactor = async (c: Ctx, deps: WebDeps) => {
  const id = param(c, "id") as PersonId;
  await resetSecondFactor(deps.flow, callerOf(c), id);
  return done(c, id, "factor-reset");
};
const orNull = (text: string | undefined): string | null => ((text ?? "").trim() === "" ? null : text!.trim());
const facts = async (c: Ctx, f: Fields) => ({
  fullName: (f["fullName"] ?? "").trim(),
  mail: orNull(f["mail"]),
  employeeNo: orNull(f["employeeNo"]),
  roles: (await many(c, "roles")).map((r) => Role.parse(r)),
});

const one = (f: Record<string, unknown>): Fields =>
  Object.fromEntries(Object.entries(f).filter((e): e is [string, string] => typeof e[1] === "string"));
const body = async (c: Ctx): Promise<Fields> => one(await c.req.parseBody());

const add = async (c: Ctx, deps: WebDeps) => {
  const f = await body(c),
    name = (f["name"] ?? "").trim();
  using password = secretField(f, "password");
  requireGoodPassword(password, name);
  await addPerson(deps.flow, callerOf(c), { name, ...(await facts(c, f)) }, await hashPassword(password, deps.identity.cost));
  return c.redirect("/people?done=added", 303);
};
const change = (set: (c: Ctx) => Promise<PersonChange>) => async (c: Ctx, deps: WebDeps) => {
  const id = param(c, "id") as PersonId;
  await changePerson(deps.flow, callerOf(c), id, await set(c));
  return c.redirect(`/people/${id}?done=changed`, 303);
};
const group = (id?: (c: Ctx) => GroupId) => async (c: Ctx, deps: WebDeps) => {
  await putGroup(deps.flow, callerOf(c), ((await body(c))["name"] ?? "").trim(), (await many(c, "members")) as PersonId[], id?.(c));
  return c.redirect("/people?done=changed", 303);
};
const confirm = async (c: Ctx, deps: WebDeps) => {
  await confirmChange(deps.flow, callerOf(c), (await fields(c))["change"] ?? "");
  return c.redirect(`${me(c).person.roles.includes("admin") ? "/people" : "/policies"}?done=confirmed`, 303);
};

export const PEOPLE: readonly Route[] = [
  { method: "GET", path: "/people", act: "person.manage", handle: list },
  { method: "GET", path: "/people/:id", act: "person.manage", handle: page },
  { method: "POST", path: "/people", act: "person.manage", handle: add },
  { method: "POST", path: "/people/:id", act: "person.manage", handle: change(async (c) => facts(c, await body(c))) },
  { method: "POST", path: "/people/:id/disable", act: "person.manage", handle: change(() => Promise.resolve({ disabled: true })) },
  { method: "POST", path: "/people/:id/enable", act: "person.manage", handle: change(() => Promise.resolve({ disabled: false })) },
  { method: "POST", path: "/people/:id/keys", act: "person.manage", handle: addKey },
  { method: "POST", path: "/people/:id/keys/remove", act: "person.manage", handle: removeKey },
  { method: "POST", path: "/people/:id/reset-factor", act: "person.manage", handle: resetFactor },
  { method: "POST", path: "/groups", act: "person.manage", handle: group() },
  { method: "POST", path: "/groups/:id", act: "person.manage", handle: group((c) => param(c, "id") as GroupId) },
  { method: "POST", path: "/changes/confirm", act: "change.confirm", handle: confirm },
];
