/** People and what they are. Rule: roles add up; what a person may do is decided in may.ts alone. */
import { z } from "zod";
import type { GroupId, PersonId } from "../kernel/ids.ts";

export const ROLES = ["user", "approver", "owner", "admin", "auditor"] as const;
export type Role = (typeof ROLES)[number];
export const Role = z.enum(ROLES);

/** The login name: what stands before the first `@` of an SSH user name. */
export const PersonName = z.string().regex(/^[a-z0-9._-]{1,64}$/, "1 to 64 of a-z, 0-9, dot, dash, underscore");

/** What ties two logins to one human. */
export type Ties = { readonly mail: string | null; readonly subject: string | null; readonly employeeNo: string | null };

export type Person = Ties & {
  readonly id: PersonId;
  readonly name: string;
  readonly fullName: string;
  /** Earlier ties whose end nobody but its author has confirmed: until then they tie as before. */
  readonly was?: readonly Ties[];
  readonly roles: readonly Role[];
  readonly groups: readonly GroupId[];
  /** May nothing: disabled for good, or locked by an admin (`locked`) until that is lifted. */
  readonly disabled: boolean;
  readonly locked?: boolean;
  readonly totp: boolean;
};

export const has = (p: Person, role: Role): boolean => p.roles.includes(role);

const plain = (x: string | null): string => x?.trim().toLowerCase() ?? "";
const tie = (x: string | null, y: string | null): boolean => plain(x) !== "" && plain(x) === plain(y);
const tied = (a: Ties, b: Ties): boolean => tie(a.mail, b.mail) || tie(a.subject, b.subject) || tie(a.employeeNo, b.employeeNo);
const tiesOf = (p: Person): readonly Ties[] => [p, ...p.was ?? []];

/**
 * law: nobody votes on their own request through a second login. Compares everything that ties two logins to one human, or did until a change that is
 * still unconfirmed; a blank ties nobody.
 */
export const samePerson = (a: Person, b: Person): boolean => a.id === b.id || tiesOf(a).some((x) => tiesOf(b).some((y) => tied(x, y)));

/** Must this login present a second factor? portal.md: admins and approvers always. */
export const needsTotp = (p: Pick<Person, "roles">): boolean => p.roles.includes("admin") || p.roles.includes("approver");
