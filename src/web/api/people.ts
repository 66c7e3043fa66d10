/** People and their SSH keys. Rule: a password given here is a Secret from the body's schema on, and only its hash goes on. */
import { z } from "@hono/zod-openapi";
import { Fault } from "../../kernel/fault.ts";
import type { PersonId } from "../../kernel/ids.ts";
import { Secret } from "../../kernel/secret.ts";
import { Role, type Person } from "../../domain/person.ts";
import { addPerson, addSshKey, changePerson, PersonInput, removeSshKey, type PersonChange } from "../../flow/people.ts";
import { resetSecondFactor } from "../../flow/second-factor.ts";
import { directory, keysOf } from "../../identity/directory.ts";
import { requireGoodPassword } from "../../identity/passwords.ts";
import { COST, hashPassword } from "../../identity/secrets.ts";
import { readPublicKey } from "../../identity/ssh-keys.ts";
import type { ApiDeps, Who } from "./deps.ts";
import { Done, endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { KeyOut, PersonOut, personOut } from "./shapes.ts";

const tag = "people";
/** A declared password: turned into a Secret before anything else sees it. */
export const Password = z
  .string()
  .min(1)
  .max(1_024)
  .transform((t) => Secret.of(t))
  .openapi({ type: "string", format: "password", writeOnly: true });

/** A password or private key of an account on a target, likewise. */
export const AccountSecret = z
  .string()
  .min(1)
  .max(16_384)
  .transform((t) => Secret.of(t))
  .openapi({ type: "string", format: "password", writeOnly: true, description: "a password, or where the target's accounts have keys a private key without a passphrase" });

/** By id or login name; `me` is the caller. */
const find = async (deps: ApiDeps, { caller }: Who, text: string): Promise<Person> => {
  if (text === "me" || text === caller.person.id || text === caller.person.name) return caller.person;
  const found = (await directory(deps.flow.db, caller.person)).people.find((p) => p.id === text || p.name === text);
  if (!found) throw new Fault("not_found", "No such person.");
  return found;
};

const list: Endpoint = endpoint({
  method: "get",
  path: "/people",
  tag,
  summary: "Everybody",
  query: Paging,
  answer: pageOf(PersonOut),
  run: async (deps, { caller, query }) => {
    const p = cut((await directory(deps.flow.db, caller.person)).people, query, (x) => x.id);
    return { ...p, items: p.items.map(personOut) };
  },
});
const one: Endpoint = endpoint({
  method: "get",
  path: "/people/{id}",
  tag,
  summary: "One person, by id or name",
  params: Id,
  answer: PersonOut,
  run: async (deps, a) => personOut(await find(deps, a, a.params.id)),
});

const add: Endpoint = endpoint({
  method: "post",
  path: "/people",
  tag,
  summary: "Add a person",
  says: "Without a password they log in by SSH key alone.",
  body: PersonInput.extend({ password: Password.optional() }),
  answer: PersonOut,
  status: 201,
  run: async (deps, { caller, body: { password, ...input } }) => {
    using secret = password ?? Secret.of("");
    if (password) requireGoodPassword(secret, input.name);
    const hash = password ? await hashPassword(secret, deps.identity.cost ?? COST) : null;
    return personOut(await addPerson(deps.flow, caller, input, hash));
  },
});

const nullable = z.string().trim().max(200).nullable().optional();
const Change = z.object({
  fullName: z.string().trim().min(1).max(200).optional(),
  mail: nullable,
  subject: nullable,
  employeeNo: nullable,
  roles: z.array(Role).optional(),
  disabled: z.boolean().optional(),
});
const change: Endpoint = endpoint({
  method: "patch",
  path: "/people/{id}",
  tag,
  summary: "Change a person",
  says: "Disabling cuts their live sessions at once.",
  params: Id,
  body: Change,
  answer: PersonOut,
  run: async (deps, a) => {
    const set = Object.fromEntries(Object.entries(a.body).filter(([, v]) => v !== undefined)) as PersonChange;
    return personOut(await changePerson(deps.flow, a.caller, (await find(deps, a, a.params.id)).id, set));
  },
});

const keys: Endpoint = endpoint({
  method: "get",
  path: "/people/{id}/keys",
  tag,
  summary: "SSH keys of a person (`me` for your own)",
  params: Id,
  answer: z.object({ items: z.array(KeyOut) }),
  run: async (deps, a) => ({ items: await keysOf(deps.flow.db, await find(deps, a, a.params.id)) }),
});
const addKey: Endpoint = endpoint({
  method: "post",
  path: "/people/{id}/keys",
  tag,
  summary: "Add an SSH key",
  params: Id,
  body: z.object({ key: z.string().max(20_000), label: z.string().trim().max(80).default("") }),
  answer: KeyOut,
  status: 201,
  run: async (deps, a) => {
    const whose = (await find(deps, a, a.params.id)).id;
    // A token ends and may be bound to an address; a key does neither.
    if (a.bearer && "person" in a.caller && whose === a.caller.person.id) throw new Fault("forbidden", "A token cannot give its own person a key to log in with: a key outlives it. Add the key in the portal.");
    const { fingerprint, line, comment } = readPublicKey(a.body.key),
      label = a.body.label || comment.slice(0, 80) || "key";
    await addSshKey(deps.flow, a.caller, whose, { fingerprint, line, label });
    return { fingerprint, label, key: line };
  },
});
const removeKey: Endpoint = endpoint({
  method: "delete",
  path: "/people/{id}/keys",
  tag,
  summary: "Remove an SSH key",
  params: Id,
  query: z.object({ fingerprint: z.string().min(1).max(200) }),
  answer: Done,
  run: async (deps, a) => {
    await removeSshKey(deps.flow, a.caller, (await find(deps, a, a.params.id)).id as PersonId, a.query.fingerprint);
    return { ok: true as const };
  },
});

const reset: Endpoint = endpoint({
  method: "post",
  path: "/people/{id}/reset-second-factor",
  tag,
  summary: "Reset a lost second factor",
  says: "Their logins end; it waits for a second person where it helps its author.",
  params: Id,
  answer: Done,
  run: async (deps, a) => {
    await resetSecondFactor(deps.flow, a.caller, (await find(deps, a, a.params.id)).id);
    return { ok: true as const };
  },
});

export const people: readonly Endpoint[] = [reset, list, one, add, change, keys, addKey, removeKey];
