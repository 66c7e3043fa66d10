/** People, groups, keys and policies. Rule: law no-way-round 4: what could help its author is noted as an unconfirmed change in the same transaction. */
import { z } from "zod";
import { Fault } from "../kernel/fault.ts";
import { newId, type GroupId, type PersonId, type PolicyId } from "../kernel/ids.ts";
import { may } from "../domain/may.ts";
import { PersonName, Role, samePerson, type Person, type Ties } from "../domain/person.ts";
import { PolicyInput, type Policy } from "../domain/policy.ts";
import * as locks from "../store/locks.ts";
import * as people from "../store/people.ts";
import * as policies from "../store/policies.ts";
import * as requests from "../store/requests.ts";
import type { Deps } from "./deps.ts";
import { endAccess } from "./end-access.ts";
import { noteChange } from "./four-eyes.ts";
import { actor, record, type Caller } from "./record.ts";
import { counted } from "./vote.ts";

type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus">;
const optional = z.string().trim().max(200).nullable().default(null);
export const PersonInput = z.object({ name: PersonName, fullName: z.string().trim().min(1).max(200), mail: optional, subject: optional, employeeNo: optional, roles: z.array(Role).default(["user"]) });

const refuse = (caller: Caller, act: "person.manage" | "policy.manage"): void => {
  if (!may(caller.person, act)) throw new Fault("forbidden", "Only admins do that.");
};

/** `passwordHash`: argon2id, made by identity; null = logs in by key or OIDC only. */
export const addPerson = (deps: Small, caller: Caller, raw: z.input<typeof PersonInput>, passwordHash: string | null): Promise<Person> => {
  refuse(caller, "person.manage");
  const input = PersonInput.parse(raw);
  return deps.db.transaction(async (tx) => {
    const id = newId("person", deps.random);
    await people.add(tx, { id, ...input, disabled: false }, passwordHash);
    await noteChange(deps, tx, caller, id, `added with the roles ${input.roles.join(", ")}`);
    await record(deps, tx, { what: "person.added", who: actor(caller), about: { person: id }, outcome: "ok", facts: { name: input.name, roles: input.roles.join(",") } });
    return (await people.find(tx, id))!;
  });
};

export type PersonChange = Partial<Pick<Person, "fullName" | "mail" | "subject" | "employeeNo" | "roles" | "disabled">>;
/** What tied their logins before; null: it stays as it is. */
const untied = ({ mail, subject, employeeNo }: Person, set: PersonChange): Ties | null => {
  const was = { mail, subject, employeeNo };
  return (Object.keys(was) as (keyof Ties)[]).some((k) => set[k] !== undefined && set[k] !== was[k]) ? was : null;
};
/** Disabling ends what the person holds and cuts their live sessions within a second, as a lock on them does. */
export const changePerson = (deps: Deps, caller: Caller, id: PersonId, set: PersonChange): Promise<Person> => {
  refuse(caller, "person.manage");
  return deps.db.transaction(async (tx) => {
    if (set.disabled) await locks.gate(tx, "lock");
    const before = await people.find(tx, id);
    if (!before) throw new Fault("not_found", "No such person.");
    if (id === caller.person.id && (set.disabled || (set.roles && !set.roles.includes("admin")))) throw new Fault("conflict", "You cannot take your own administrator's rights away; another admin can.");
    await people.change(tx, id, set);
    if (set.roles || set.disabled === false || set.mail !== undefined || set.subject !== undefined || set.employeeNo !== undefined) await noteChange(deps, tx, caller, id, `changed ${Object.keys(set).join(", ")}`, untied(before, set));
    await record(deps, tx, { what: set.disabled ? "person.disabled" : "person.changed", who: actor(caller), about: { person: id }, outcome: "ok", facts: Object.fromEntries(Object.entries(set).map(([k, v]) => [k, Array.isArray(v) ? v.join(",") : (v as string | boolean | null)])) });
    if (set.disabled) await endAccess(deps, tx, caller, { kind: "person", id, reason: "access to the broker was disabled", said: "your access to the broker was disabled" });
    tx.onCommit(() => deps.bus.publish("people"));
    return (await people.find(tx, id))!;
  });
};

export const putGroup = (deps: Small, caller: Caller, name: string, members: readonly PersonId[], id?: GroupId): Promise<GroupId> => {
  refuse(caller, "person.manage");
  if (!/^[\p{L}\p{Nd} ._-]{1,64}$/u.test(name)) throw new Fault("invalid", "A group's name is 1 to 64 letters, digits, blanks, dots, dashes or underscores.");
  return deps.db.transaction(async (tx) => {
    const group = id ?? newId("group", deps.random);
    if (!id) await people.addGroup(tx, group, name);
    await people.setMembers(tx, group, members);
    await noteChange(deps, tx, caller, group, `group ${name}: members set`);
    await record(deps, tx, { what: "group.changed", who: actor(caller), about: { group }, outcome: "ok", facts: { name, members: members.length } });
    return group;
  });
};

/** A person's own key needs nobody; somebody else's is a credential given by its author. */
export const addSshKey = (deps: Small, caller: Caller, person: PersonId, key: { fingerprint: string; line: string; label: string }): Promise<void> => {
  if (person !== caller.person.id) refuse(caller, "person.manage");
  return deps.db.transaction(async (tx) => {
    await people.addKey(tx, { fingerprint: key.fingerprint, person, key: key.line, label: key.label });
    if (person !== caller.person.id) await noteChange(deps, tx, caller, person, "an SSH key was added");
    await record(deps, tx, { what: "person.changed", who: actor(caller), about: { person }, outcome: "ok", facts: { ssh_key: key.fingerprint } });
  });
};
export const removeSshKey = (deps: Small, caller: Caller, person: PersonId, fingerprint: string): Promise<void> => {
  if (person !== caller.person.id) refuse(caller, "person.manage");
  return deps.db.transaction(async (tx) => {
    if (!(await people.removeKey(tx, person, fingerprint))) throw new Fault("not_found", "No such key.");
    await record(deps, tx, { what: "person.changed", who: actor(caller), about: { person }, outcome: "ok", facts: { ssh_key_removed: fingerprint } });
  });
};

export const putPolicy = (deps: Small, caller: Caller, raw: z.input<typeof PolicyInput>, id?: PolicyId, active = true): Promise<Policy> => {
  refuse(caller, "policy.manage");
  const input = PolicyInput.parse(raw);
  return deps.db.transaction(async (tx) => {
    const policy: Policy = { id: id ?? newId("policy", deps.random), ...input, active };
    await policies.put(tx, policy);
    await noteChange(deps, tx, caller, policy.id, id ? "policy changed" : "policy added");
    await record(deps, tx, { what: id ? "policy.changed" : "policy.added", who: actor(caller), about: { policy: policy.id }, outcome: "ok", facts: { name: policy.name, preset: policy.terms.preset, approvals: policy.terms.approvals, max_minutes: policy.terms.maxMinutes } });
    return policy;
  });
};

/** The second pair of eyes. Requests that waited for it are counted again. */
export const confirmChange = (deps: Deps, caller: Caller, change: string): Promise<void> => deps.db.transaction(async (tx) => {
  if (!may(caller.person, "change.confirm")) throw new Fault("forbidden", "Only another admin or an auditor confirms a change.");
  const open = (await people.openChanges(tx)).find((c) => c.id === change);
  if (!open) throw new Fault("not_found", "No such open change.");
  const everyone = await people.byId(tx), author = everyone.get(open.author)!;
  if (samePerson(author, caller.person) || !(await people.confirmChange(tx, change, caller.person.id))) throw new Fault("forbidden", "You made this change: somebody else must confirm it.");
  await record(deps, tx, { what: "change.confirmed", who: actor(caller), about: { change, subject: open.subject, person: open.author }, outcome: "ok" });
  const waited = [...everyone.values()].filter((p) => samePerson(p, author) || p.id === open.subject).map((p) => p.id);
  for (const id of await requests.pendingOf(tx, waited)) {
    const request = await requests.lock(tx, id);
    if (request.state === "pending") await counted(deps, tx, request, "wait");
  }
});
