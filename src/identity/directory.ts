/** Who there is, for pages that manage people. Rule: read-only, and may() decides before anything is read. */
import { Fault } from "../kernel/fault.ts";
import { may, type Act } from "../domain/may.ts";
import type { Person } from "../domain/person.ts";
import type { Reader } from "../store/db.ts";
import * as people from "../store/people.ts";

export type { Group, OpenChange, SshKey } from "../store/people.ts";

const refuse = (caller: Person, act: Act): void => { if (!may(caller, act)) throw new Fault("forbidden", "Your roles do not allow this."); };

export const keysOf = (db: Reader, person: Person): Promise<people.SshKey[]> => people.keysOf(db, person.id);
export const groupsOf = async (db: Reader, person: Person): Promise<string[]> => (await people.allGroups(db)).filter((g) => person.groups.includes(g.id)).map((g) => g.name);

export type Directory = { readonly people: readonly Person[]; readonly groups: readonly people.Group[] };
/** For those who manage people, or see the policies that name them. */
export const directory = async (db: Reader, caller: Person): Promise<Directory> => {
  if (!may(caller, "person.manage")) refuse(caller, "policy.see");
  return { people: await people.all(db), groups: await people.allGroups(db) };
};
/** Changes that could help their author and that nobody else has confirmed. */
export const openChanges = async (db: Reader, caller: Person): Promise<people.OpenChange[]> => (may(caller, "change.confirm") ? people.openChanges(db) : []);
/** When everybody last logged in, by whatever means. */
export const lastLogins = async (db: Reader, caller: Person): Promise<ReadonlyMap<string, Date>> => { refuse(caller, "person.manage"); return people.lastLogins(db); };
/** Those who own or may own targets; names only matter, and managing the target was asked before. */
export const ownersOf = async (db: Reader): Promise<Person[]> => (await people.all(db)).filter((p) => p.roles.includes("owner") || p.roles.includes("admin"));
/** Those who may be named as approvers on the page that asks: names only matter, and the policy has let the asker in before. */
export const approversOf = async (db: Reader): Promise<Person[]> => (await people.all(db)).filter((p) => p.roles.includes("approver") && !p.disabled);
