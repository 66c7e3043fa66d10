/**
 * What went wrong with a MySQL or MariaDB server, in one of few kinds. Rules: the error table. Numbers alone decide, because words come in the
 * server's language; mysql2's errors carry the statement in a field, so none is kept as a cause.
 */
import { LOST_AT_LOGIN, NumberedFailure, onTheWay } from "./numbered-failure.ts";
import type { Trust } from "./tls.ts";

export class MysqlFailure extends NumberedFailure { override readonly name = "MysqlFailure"; }

/** How far a login got. `asked`: the server asked for the password (under TLS, where there is to be one). */
export type Seen = { asked: boolean; proof: string | null; failure: MysqlFailure | null };
const NO_TLS = "the server offers no TLS (have_ssl = DISABLED), and without it no password leaves";

const UNREACHABLE = new Set([1040, 1043, 1053, 1129, 1130, 1135, 1203, 1226, 3032]);
/** A wrong password and an unknown account alike; the server's own number is kept for what else there is. */
export const REFUSED = new Set([1045, 1698]);
const NOT_NOW = new Set([...REFUSED, 1820, 1862, 3118, 3955, 4150, 4151]);
export type Told = Error & { errno?: number; sqlMessage?: string; code?: string };
export const saidOf = (e: Told, atLogin: boolean): MysqlFailure => {
  const why = e.sqlMessage ?? "",
    errno = e.errno ?? 0;
  return new MysqlFailure(!atLogin ? "said" : NOT_NOW.has(errno) ? "auth" : UNREACHABLE.has(errno) ? "unreachable" : "said", why, errno);
};
/** Before anything of a change was sent. */
export const failureOf = (e: unknown): MysqlFailure => {
  const way = onTheWay(MysqlFailure, e);
  if (way !== undefined) return way;
  const told = e as Told;
  if (told.sqlMessage !== undefined) return saidOf(told, true);
  if (told.code === "HANDSHAKE_NO_SSL_SUPPORT") return new MysqlFailure("unreachable", NO_TLS);
  return new MysqlFailure(
    told.code === "AUTH_SWITCH_PLUGIN_ERROR" || told.code === "MYSQL_CLEAR_PASSWORD_NOT_ENABLED" ? "closed" : "unreachable",
    told.code === "AUTH_SWITCH_PLUGIN_ERROR" || told.code === "MYSQL_CLEAR_PASSWORD_NOT_ENABLED"
      ? "the server asks for the password in a way the broker does not speak"
      : LOST_AT_LOGIN,
  );
};

/** Words in the clear, before the server was known: nobody's refusal. */
export const trusted = (f: MysqlFailure, trust: Trust | null, seen: Seen): MysqlFailure =>
  f.kind === "auth" && f.number !== 0 && (!seen.asked || (trust !== null && seen.proof === null))
    ? new MysqlFailure("unreachable", `before it proved itself the server said: ${f.why}`)
    : f;
