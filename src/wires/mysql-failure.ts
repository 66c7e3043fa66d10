/**
 * What went wrong with a MySQL or MariaDB server, in one of few kinds. Rules: the error table. Numbers alone decide, because words come in the
 * server's language; mysql2's errors carry the statement in a field, so none is kept as a cause.
 */
import { Fault } from "../kernel/fault.ts";
import type { Trust } from "./tls.ts";
import { TlsFailure } from "./tls.ts";

/**
 * unreachable: nothing came about · identity: not the trusted one · auth: the login was refused · said: the server's own number · closed: cut, or
 * not understood.
 */
export type MysqlKind = "unreachable" | "identity" | "auth" | "said" | "closed";
export class MysqlFailure extends Error {
  override readonly name = "MysqlFailure";
  readonly kind: MysqlKind;
  readonly why: string;
  /** The server's number for it; 0 where it said none. */
  readonly errno: number;
  constructor(kind: MysqlKind, why: string, errno = 0) {
    super(`${kind}: ${why}`);
    this.kind = kind;
    this.why = why;
    this.errno = errno;
  }
}

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
  if (e instanceof MysqlFailure) return e;
  if (e instanceof TlsFailure) return new MysqlFailure(e.kind === "identity" ? "identity" : "unreachable", e.why);
  if (e instanceof Fault) return new MysqlFailure("unreachable", e.message);
  const told = e as Told;
  if (told.sqlMessage !== undefined) return saidOf(told, true);
  if (told.code === "HANDSHAKE_NO_SSL_SUPPORT") return new MysqlFailure("unreachable", NO_TLS);
  return new MysqlFailure(
    told.code === "AUTH_SWITCH_PLUGIN_ERROR" || told.code === "MYSQL_CLEAR_PASSWORD_NOT_ENABLED" ? "closed" : "unreachable",
    told.code === "AUTH_SWITCH_PLUGIN_ERROR" || told.code === "MYSQL_CLEAR_PASSWORD_NOT_ENABLED"
      ? "the server asks for the password in a way the broker does not speak"
      : "the connection was lost before the login was decided",
  );
};

/** Words in the clear, before the server was known: nobody's refusal. */
export const trusted = (f: MysqlFailure, trust: Trust | null, seen: Seen): MysqlFailure =>
  f.kind === "auth" && f.errno !== 0 && (!seen.asked || (trust !== null && seen.proof === null))
    ? new MysqlFailure("unreachable", `before it proved itself the server said: ${f.why}`)
    : f;
