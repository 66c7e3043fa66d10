/** People and what they are. Rule: roles add up; what a person may do is decided in may.ts alone. */
import { z } from "zod";
import type { GroupId, PersonId } from "../kernel/ids.ts";

export const ROLES = ["user", "approver", "owner", "admin", "auditor"] as const;
export type Role = (typeof ROLES)[number];
export const Role = z.enum(ROLES);

/** The login name: what stands before the first `@` of an SSH user name. */
export const PersonName = z.string().regex(/^[a-z0-9._-]{1,64}$/, "1 to 64 of a-z, 0-9, dot, dash, underscore");

export type Person = {
  readonly id: PersonId;
  readonly name: string;
  readonly fullName: string;
  readonly mail: string | null;
  /** Two logins with the same subject or employee number are one person when votes are counted. */
  readonly subject: string | null;
  readonly employeeNo: string | null;
  readonly roles: readonly Role[];
  readonly groups: readonly GroupId[];
  /** May nothing: disabled for good, or locked by an admin (`locked`) until that is lifted. */
  readonly disabled: boolean;
  readonly locked?: boolean;
  readonly totp: boolean;
};

export const has = (p: Person, role: Role): boolean => p.roles.includes(role);

/** law: nobody votes on their own request through a second login. Compares everything that ties two logins to one human; a blank ties nobody. */
export const samePerson = (a: Person, b: Person): boolean => {
  const plain = (x: string | null) => x?.trim().toLowerCase() ?? "";
  const tie = (x: string | null, y: string | null) => plain(x) !== "" && plain(x) === plain(y);
  return a.id === b.id || tie(a.mail, b.mail) || tie(a.subject, b.subject) || tie(a.employeeNo, b.employeeNo);
};

/** Must this login present a second factor? portal.md: admins and approvers always. */
export const needsTotp = (p: Pick<Person, "roles">): boolean => p.roles.includes("admin") || p.roles.includes("approver");
