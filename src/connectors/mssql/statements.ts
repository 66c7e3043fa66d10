/**
 * The statements for SQL Server. Rules: a name is an identifier in brackets, a text a string in quotes with N before it; neither is read differently
 * by any setting of the session. A password stands in a statement only where the server takes no verifier (CHECK_POLICY, or the login's own change).
 */
export const ident = (text: string): string => `[${text.replaceAll("]", "]]")}]`;
export const literal = (text: string): string => `N'${text.replaceAll("'", "''")}'`;

/** One row: what we may, who we are, and whom the name means. */
export const look = (name: string): string =>
  `select has_perms_by_name(null, null, 'ALTER ANY LOGIN') as may, original_login() as me,
  cast(serverproperty('ProductVersion') as nvarchar(128)) as version,
  p.name as name, p.type as type, l.is_policy_checked as policed, convert(varchar(max), l.password_hash, 1) as hash
from (select 1 as one) as o left join sys.server_principals as p on p.name = ${literal(name)}
left join sys.sql_logins as l on l.principal_id = p.principal_id`;
export type Looked = {
  readonly may: number | null;
  readonly me: string;
  readonly version: string;
  readonly name: string | null;
  readonly type: string | null;
  readonly policed: boolean | null;
  readonly hash: string | null;
};

/**
 * Why a right password may be refused. COSQ: CONNECT SQL, which nobody has but by a grant of its own, by one to a role or to everybody (principal 2),
 * by CONTROL SERVER (CL) or as sysadmin; a revoked grant leaves no row, so what is granted is counted as well as what is denied.
 */
const theirs = (right: string): string =>
  `(${right}.grantee_principal_id in (p.principal_id, 2) or exists (select 1 from sys.server_role_members as m
    where m.member_principal_id = p.principal_id and m.role_principal_id = ${right}.grantee_principal_id))`;
export const doors = (name: string): string =>
  `select cast(serverproperty('IsIntegratedSecurityOnly') as int) as windows, p.name as name, p.is_disabled as disabled,
  cast(loginproperty(${literal(name)}, 'IsLocked') as int) as locked, cast(loginproperty(${literal(name)}, 'IsExpired') as int) as expired,
  cast(loginproperty(${literal(name)}, 'IsMustChange') as int) as must, is_srvrolemember('sysadmin', p.name) as mighty,
  (select count(*) from sys.server_permissions as g where g.type in ('COSQ', 'CL') and g.state in ('G', 'W') and ${theirs("g")}) as granted,
  (select count(*) from sys.server_permissions as d where d.type = 'COSQ' and d.state = 'D' and ${theirs("d")}) as denied
from (select 1 as one) as o left join sys.server_principals as p on p.name = ${literal(name)} and p.type = 'S'`;
export type Doors = {
  readonly windows: number | null;
  readonly name: string | null;
  readonly disabled: boolean | null;
  readonly locked: number | null;
  readonly expired: number | null;
  readonly must: number | null;
  readonly mighty: number | null;
  readonly granted: number;
  readonly denied: number;
};

export const EVERYONE = `select has_perms_by_name(null, null, 'ALTER ANY LOGIN') as may, l.name as name, l.is_disabled as disabled,
  cast(loginproperty(l.name, 'IsLocked') as int) as locked,
  is_srvrolemember('sysadmin', l.name) as mighty,
  (select count(*) from sys.server_permissions as g where g.type = 'CL' and g.state in ('G', 'W') and g.grantee_principal_id = l.principal_id)
    as controls
from (select 1 as one) as o left join sys.sql_logins as l on 1 = 1`;
export type Everyone = {
  readonly may: number | null;
  readonly name: string | null;
  readonly disabled: boolean | null;
  readonly locked: number | null;
  readonly mighty: number | null;
  readonly controls: number;
};

/** Those of this login but ours, as numbers: KILL takes nothing else. `sees`: without that right only one's own are there. */
export const sessionsOf = (name: string): string =>
  `select has_perms_by_name(null, null, 'VIEW SERVER STATE') as sees, s.session_id as id from (select 1 as one) as o
left join sys.dm_exec_sessions as s on s.is_user_process = 1 and s.session_id <> @@spid and s.original_login_name = ${literal(name)}`;
export type Sessions = { readonly sees: number | null; readonly id: number | null };
export const kill = (session: number): string => `kill ${Math.trunc(session)}`;

/** `hash`: `0x…`. */
export const setHash = (name: string, hash: string): string => `alter login ${ident(name)} with password = ${hash} hashed`;
export const setText = (name: string, to: string): string => `alter login ${ident(name)} with password = ${literal(to)}`;
export const setOwn = (name: string, to: string, from: string): string => `${setText(name, to)} old_password = ${literal(from)}`;
