/** What OpenLDAP's answers mean. Rule: the error table. The number alone decides, because words differ; what is not in the table is not known. */
import { LDAP, LdapFailure, PPOLICY } from "../../wires/ldap.ts";
import type { Answer, ChangeResult } from "../connector.ts";
import { words } from "../connector.ts";

/** Nothing was changed, for certain: syntax, rights, quality, no such entry, a replica's referral, what is not supported. */
const REFUSED: readonly number[] = [1, 2, 7, 8, 10, 12, 13, 16, 17, 18, LDAP.CONSTRAINT, 20, 21, LDAP.NO_SUCH_OBJECT, 33, 34, 36, 48, LDAP.INVALID_CREDENTIALS, LDAP.INSUFFICIENT_ACCESS, 53, 54, 64, 65];
const MEANS: Readonly<Record<number, string>> = {
  10: "this server is a replica and takes no changes; name the provider", 13: "the server wants a stronger connection", 50: "the administrative account may not write its password",
};
const failed = (e: unknown): LdapFailure => e instanceof LdapFailure ? e : new LdapFailure("closed", "the connection was lost in a way we do not know", { cause: e });

const said = (f: LdapFailure): string => f.code !== undefined && MEANS[f.code] !== undefined ? `${MEANS[f.code]} (${f.why})` : f.why;
export const afterSend = (e: unknown, hidden: readonly string[]): ChangeResult => {
  const f = failed(e);
  if (f.kind !== "answer") return { unknown: "the connection was cut before the target said how it ended" };
  return REFUSED.includes(f.code!) ? { refused: words(said(f), hidden) } : { unknown: words(f.why, hidden) };
};
/** Before a byte of the change. Inside a session that is bound nothing but the connection fails us; a bind that is answered is answered by its own. */
export const notSent = (e: unknown, hidden: readonly string[]): Extract<ChangeResult, { not_sent: string }> => {
  const f = failed(e), auth = f.kind === "answer" && [7, 8, 13, 19, 48, 49, 50, 53].includes(f.code!);
  return { not_sent: f.kind === "identity" ? "identity" : auth ? "auth_of_as" : "unreachable", why: words(f.why, hidden) };
};
export const IN_DOUBT = "the login was refused: a wrong password, or an account that is locked";
/** A bind as the account itself. */
export const atProbe = (e: unknown, lockout: "ask" | "never", hidden: readonly string[]): Answer => {
  const f = failed(e);
  if (f.kind !== "answer") return { unknown: words(f.why, hidden) };
  if (f.policy === PPOLICY.LOCKED) return { unknown: "the account is locked on the target, so a refused login proves nothing" };
  if (f.policy === PPOLICY.EXPIRED) return { unknown: "its password has expired on the target, so a refused login proves nothing" };
  if (f.code !== LDAP.INVALID_CREDENTIALS) return { unknown: words(f.why, hidden) };
  return lockout === "never" ? "no" : { unknown: IN_DOUBT, refused: true };
};
/** The administrative login's own refusal, over a verified certificate. */
export const isStranger = (e: unknown): boolean => failed(e).kind === "identity";
export const refusedLogin = (e: unknown): boolean => failed(e).kind === "answer";
export const whyOf = (e: unknown, hidden: readonly string[]): string => words(failed(e).why, hidden);
export const kindOf = (e: unknown): LdapFailure["kind"] => failed(e).kind;
export const codeOf = (e: unknown): number | undefined => failed(e).code;
export const isHistory = (e: unknown): boolean => failed(e).policy === PPOLICY.IN_HISTORY;
