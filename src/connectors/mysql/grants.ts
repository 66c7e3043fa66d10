/**
 * The grant tables of MySQL and MariaDB. Rule: rows are taken by exact name; a statement names an account as an identifier, which no SQL mode reads
 * differently.
 */
import { MysqlFailure, type MysqlServer, type MysqlSession } from "../../wires/mysql.ts";
import { words } from "../connector.ts";
import { keptBy, type Kept } from "./verifier.ts";
import type { Who } from "./settings.ts";

export type Row = {
  readonly user: string;
  readonly host: string;
  readonly kept: Kept;
  readonly role: boolean;
  readonly locked: boolean;
  readonly privileged: boolean;
};

/** Of no use with NO_BACKSLASH_ESCAPES off: PROLOGUE turns it on. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
export const ident = (text: string): string => `\`${text.replaceAll("`", "``")}\``;
export const accountOf = (r: { readonly user: string; readonly host: string }): string => `${ident(r.user)}@${ident(r.host)}`;

/** Nobody's SQL mode and character set decide what our statements say. */
export const PROLOGUE = ["set session sql_mode = 'NO_BACKSLASH_ESCAPES'", "set names utf8mb4"] as const;
/** What makes an account one that may do what its administrators may: GRANT, SUPER, CREATE USER, and writing the grant tables themselves. */
const MIGHTY = (1 << 10) | (1 << 15) | (1 << 25) | 2 | 4 | 8;

type MariaRow = { user: string; host: string; priv: string; mighty: number | string };
type Priv = {
  plugin?: string;
  authentication_string?: string;
  auth_or?: { plugin?: string; authentication_string?: string }[];
  account_locked?: boolean;
  is_role?: boolean;
};
const MARIADB = `select User as user, Host as host, cast(Priv as char) as priv,
  cast(json_value(Priv, '$.access') as unsigned) & ${MIGHTY} as mighty from mysql.global_priv`;
/** `auth_or` lists the ways in, of which `{}` is the one beside it. Of the ways that take a password there is to be one. */
const keptIn = (p: Priv): Kept => {
  const all = (p.auth_or ?? [{}]).map((way) =>
    way.plugin === undefined ? keptBy(p.plugin ?? "", p.authentication_string ?? "") : keptBy(way.plugin, way.authentication_string ?? ""),
  );
  const withOne = all.filter((k) => k.how !== "none");
  return withOne.length === 0 ? { how: "none" } : withOne.length === 1 ? withOne[0]! : { how: "foreign", plugin: "more than one password" };
};
const mariaRow = (r: MariaRow): Row => {
  const p = JSON.parse(r.priv) as Priv;
  return {
    user: r.user,
    host: r.host,
    kept: keptIn(p),
    role: p.is_role === true,
    locked: p.account_locked === true,
    privileged: Number(r.mighty) !== 0,
  };
};

type MyRow = { user: string; host: string; plugin: string; hash: string | null; locked: string; mighty: string };
const MYSQL = `select User as user, Host as host, plugin, cast(authentication_string as char) as hash, account_locked as locked,
  if(Super_priv = 'Y' or Create_user_priv = 'Y' or Grant_priv = 'Y' or Update_priv = 'Y', 'Y', 'N') as mighty from mysql.user`;
const myRow = (r: MyRow): Row => ({
  user: r.user,
  host: r.host,
  kept: keptBy(r.plugin, r.hash ?? ""),
  role: false,
  locked: r.locked === "Y",
  privileged: r.mighty === "Y",
});

export const everyRow = async (s: MysqlSession): Promise<Row[]> =>
  s.server.mariadb ? (await s.rows<MariaRow>(MARIADB)).map(mariaRow) : (await s.rows<MyRow>(MYSQL)).map(myRow);
/** Those this name means, by exact comparison: the server's own takes `app ` for `app`. */
export const rowsOf = async (s: MysqlSession, who: Who): Promise<Row[]> => {
  const where = ` where User = ${literal(who.user)}`;
  const rows = s.server.mariadb ? (await s.rows<MariaRow>(MARIADB + where)).map(mariaRow) : (await s.rows<MyRow>(MYSQL + where)).map(myRow);
  return rows.filter((r) => r.user === who.user && (who.host === null || r.host.toLowerCase() === who.host.toLowerCase()));
};

/** Who may write the grant tables by a right on their database alone; null: the administrative account may not look (GRANT SELECT ON mysql.db). */
export const writersOf = async (s: MysqlSession): Promise<ReadonlySet<string> | null> => {
  try {
    const rows = await s.rows<{ user: string }>(
      "select User as user from mysql.db where 'mysql' like Db and 'Y' in (Insert_priv, Update_priv, Delete_priv)",
    );
    return new Set(rows.map((r) => r.user));
  } catch (e) {
    if (e instanceof MysqlFailure && e.kind === "said") return null;
    throw e;
  }
};

const older = (s: MysqlServer, than: readonly [number, number, number]): boolean =>
  s.version[0] !== than[0] ? s.version[0] < than[0] : s.version[1] !== than[1] ? s.version[1] < than[1] : s.version[2] < than[2];
export const tooOld = (s: MysqlServer): string | undefined =>
  s.mariadb
    ? older(s, [10, 4, 0])
      ? "MariaDB older than 10.4 keeps its accounts in another way"
      : undefined
    : older(s, [5, 7, 6])
      ? "MySQL older than 5.7.6 keeps its accounts in another way"
      : undefined;

/** A statement's own refusal is no refused login. */
export const told = async <T>(ask: () => Promise<T>): Promise<T | { unknown: string }> => {
  try {
    return await ask();
  } catch (e) {
    if (e instanceof MysqlFailure && e.kind === "said") return { unknown: words(e.why, []) };
    throw e;
  }
};
