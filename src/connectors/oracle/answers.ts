/**
 * The statements for Oracle, and what its answers mean. Rules: a name or a value of a question is bound; the error table is by number, and what is
 * not in it refuses nothing.
 */
import { OracleFailure, WRONG } from "../../wires/oracle.ts";
import { unforeseen } from "../../wires/numbered-failure.ts";
import type { FoundAccount, LockState } from "../connector.ts";
import { answersBy } from "../numbered.ts";

const quoted = (text: string): string => `"${text}"`;
/** Neither holds a double quote: settings.ts saw to it. */
export const setPassword = (name: string, to: string): string => `alter user ${quoted(name)} identified by ${quoted(to)}`;
export const LOOK = 'select username as "name", account_status as "status", authentication_type as "how" from dba_users where username = :name';
export type Looked = { readonly name: string; readonly status: string; readonly how: string };
export const RIGHT = "select count(*) as \"may\" from session_privs where privilege = 'ALTER USER'";
export const EVERYONE =
  `select username as "name", account_status as "status", authentication_type as "how", oracle_maintained as "own",
  to_char(sys_extract_utc(last_login), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "last" from dba_users`;
export type Everyone = Looked & { readonly last: string | null; readonly own: string };
export const NO_RIGHT = "it got in, but has no right to change others: grant it ALTER USER";

/** For certain nothing came of the statement: syntax, names, lengths, rights, the profile's rules, no such user, read only, a lock. */
const UNDONE = new Set([
  54, 900, 911, 921, 922, 931, 942, 972, 987, 988, 989, 990, 1031, 1918, 1935, 16000, 28003, 28007, 28008, 28221, 30006, 65066,
]);
export const failureIn = (e: unknown): OracleFailure => unforeseen(OracleFailure, e);
export const { failed, notIn, notTold } = answersBy({ read: failureIn, undone: UNDONE, wrong: WRONG });

export const noPassword = (l: Looked): string | undefined =>
  l.how === "PASSWORD" ? undefined : `"${l.name}" has no password of its own here (${l.how})`;
export const lockIn = (l: Looked | undefined): LockState => {
  if (l === undefined) return { unknown: "the account does not exist there" };
  if (l.how !== "PASSWORD") return { unknown: noPassword(l)! };
  return l.status === "OPEN" ? "open" : { locked: `the account is ${l.status}, so a refused login proves nothing` };
};
export const listIn = (rows: readonly Everyone[]): readonly FoundAccount[] =>
  rows.map((r) => ({
    name: r.name,
    enabled: !/LOCKED/.test(r.status) && r.how === "PASSWORD",
    privileged: null,
    lastLogin: r.last,
    says: [
      ...(r.status === "OPEN" ? [] : [r.status]),
      ...(r.how === "PASSWORD" ? [] : [`authentication ${r.how}`]),
      ...(r.own === "Y" ? ["Oracle's own"] : []),
    ],
  }));
