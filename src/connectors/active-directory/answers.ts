/**
 * What a domain controller's answers mean. Rule: the error table, by number: LDAP's, and the Windows error behind it ("data 52e", "0000052D").
 * A controller looks at the password before it looks at the account, but for a lock-out: so what it says of the account proves the password.
 */
import { LDAP, LdapFailure } from "../../wires/ldap.ts";
import type { Answer, ChangeResult } from "../connector.ts";
import { words } from "../connector.ts";

export const failed = (e: unknown): LdapFailure => e instanceof LdapFailure ? e : new LdapFailure("closed", "the connection was lost in a way we do not know", { cause: e });
/** Hexadecimal, as in "AcceptSecurityContext error, data 775,". */
const dataOf = (f: LdapFailure): string | undefined => /\bdata ([0-9a-f]{2,8})\b/i.exec(f.why)?.[1]?.toLowerCase().replace(/^0+/, "");

/** 49 by its sub-code: what a bind says of the password that was sent. */
const AT_BIND: Readonly<Record<string, { readonly password: "right" | "wrong" | "locked"; readonly says: string }>> = {
  "525": { password: "wrong", says: "no such account" }, "52e": { password: "wrong", says: "a wrong password, or no such account" },
  "52f": { password: "right", says: "a restriction of the account" }, "530": { password: "right", says: "it may not log in at this hour" },
  "531": { password: "right", says: "it may not log in from here" }, "532": { password: "right", says: "its password has expired" },
  "533": { password: "right", says: "the account is disabled" }, "568": { password: "right", says: "it is in too many groups" },
  "701": { password: "right", says: "the account has expired" }, "773": { password: "right", says: "its password must be changed at the next logon" },
  "775": { password: "locked", says: "the account is locked out" },
};
const readable = (f: LdapFailure): string => {
  const data = dataOf(f), known = data === undefined || f.code !== LDAP.INVALID_CREDENTIALS ? undefined : AT_BIND[data];
  return known === undefined ? f.why : `${known.says} (data ${data!})`;
};
/** A bind as the account itself, over a verified certificate. */
export const atProbe = (e: unknown, hidden: readonly string[]): Answer => {
  const f = failed(e), known = f.kind === "answer" && f.code === LDAP.INVALID_CREDENTIALS ? AT_BIND[dataOf(f) ?? ""] : undefined;
  if (known?.password === "wrong") return "no";
  if (known?.password === "right") return "yes";
  return { unknown: known === undefined ? words(f.why, hidden) : "the account is locked out in the domain, so a refused login proves nothing" };
};
/** Before a byte of the change. */
export const notSent = (e: unknown, hidden: readonly string[]): Extract<ChangeResult, { not_sent: string }> => {
  const f = failed(e), auth = f.kind === "answer" && [7, 8, 13, 48, LDAP.INVALID_CREDENTIALS, LDAP.INSUFFICIENT_ACCESS].includes(f.code!);
  return { not_sent: f.kind === "identity" ? "identity" : auth ? "auth_of_as" : "unreachable", why: words(readable(f), hidden) };
};

/** The Windows error before the colon, where it tells more than LDAP's number. */
const SUB: Readonly<Record<string, string>> = {
  "0000052d": "the password does not meet the domain's rules (length, complexity, history or minimum age)", "00000056": "the present password is not the one that was given",
  "00000005": "the administrative account may not reset its password", "00002098": "the administrative account may not reset its password",
};
/** Nothing was changed, for certain. */
const REFUSED: readonly number[] = [1, 2, 7, 8, 12, 13, 16, 17, 18, LDAP.CONSTRAINT, 20, 21, LDAP.NO_SUCH_OBJECT, 34, LDAP.INSUFFICIENT_ACCESS, 53, 64, 65, 10];
export const afterSend = (e: unknown, hidden: readonly string[]): ChangeResult => {
  const f = failed(e);
  if (f.kind !== "answer") return { unknown: "the connection was cut before the target said how it ended" };
  if (!REFUSED.includes(f.code!)) return { unknown: words(f.why, hidden) };
  const sub = SUB[/^([0-9A-Fa-f]{8}):/.exec(f.why)?.[1]?.toLowerCase() ?? ""] ?? (f.code === LDAP.INSUFFICIENT_ACCESS ? SUB["00000005"] : f.code === 10 ? "this controller is read-only and takes no changes; name another" : undefined);
  return { refused: words(sub === undefined ? f.why : `${sub} (${f.why})`, hidden) };
};
export const whyOf = (e: unknown, hidden: readonly string[]): string => words(readable(failed(e)), hidden);
/** The administrative login's own refusal: a bind that was answered. */
export const isStranger = (e: unknown): boolean => failed(e).kind === "identity";
export const refusedLogin = (e: unknown): boolean => failed(e).kind === "answer" && failed(e).code === LDAP.INVALID_CREDENTIALS;
