/** The roles of a PostgreSQL server, as pg_roles tells them to everybody. Rule: one statement, so the list is whole or an error; roles that cannot log in are listed too, as such. */
import type { FoundAccount } from "../connector.ts";

/** The server's own roles (pg_…) belong to nobody. `through`: a superuser's role that this one may become. */
export const ROLES = `select r.rolname as name, r.rolcanlogin as login, r.rolsuper as super, r.rolcreaterole as createrole, r.rolreplication as replication, r.rolbypassrls as bypass,
  coalesce(r.rolvaliduntil <= now(), false) as expired, to_char(r.rolvaliduntil, 'YYYY-MM-DD') as until,
  (select min(s.rolname) from pg_roles s where s.rolsuper and s.oid <> r.oid and not r.rolsuper and pg_has_role(r.oid, s.oid, 'member')) as through,
  (select min(p.rolname) from pg_roles p where p.rolname in ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')
    and not r.rolsuper and pg_has_role(r.oid, p.oid, 'member')) as program
  from pg_roles r where r.rolname !~ '^pg_' order by 1`;
export type Role = {
  readonly name: string; readonly login: boolean; readonly super: boolean; readonly createrole: boolean; readonly replication: boolean; readonly bypass: boolean;
  readonly expired: boolean; readonly until: string | null; readonly through: string | null; readonly program: string | null;
};

export const foundRole = (r: Role): FoundAccount => {
  const rights = [
    ...(r.super ? ["superuser"] : []), ...(r.createrole ? ["CREATEROLE"] : []), ...(r.replication ? ["REPLICATION"] : []), ...(r.bypass ? ["BYPASSRLS"] : []),
    ...(r.through === null ? [] : [`member of superuser ${r.through}`]), ...(r.program === null ? [] : [`member of ${r.program}`]),
  ];
  return { name: r.name, enabled: r.login && !r.expired, privileged: rights.length > 0, says: [...rights, ...(r.login ? [] : ["NOLOGIN"]), ...(r.expired ? [`expired on ${r.until}`] : [])] };
};
