/** What went wrong with SQL Server, in one of few kinds. Rule: the error table; numbers alone decide, because words come in the server's language. */
import { LOST_AT_LOGIN, NumberedFailure, onTheWay } from "./numbered-failure.ts";

export class TdsFailure extends NumberedFailure { override readonly name = "TdsFailure"; }

/** A wrong password, an unknown login, and much else: 18456 is said of all of them. */
export const WRONG = 18456;
/** Disabled, locked out, expired, to be changed, not trusted, no right to connect. */
const NOT_IN = new Set([WRONG, 18452, 18470, 18486, 18487, 18488]);
/** Starting, stopping, paused, one user alone, too many. */
const NOT_NOW = new Set([17142, 17188, 17197, 17809, 18401, 18451, 18461, 10928, 10929, 40613]);
/** `numbers`: all that were said; a login's refusal comes last, after its reason where it has one of its own. */
export const refusedLogin = (numbers: readonly { readonly number: number; readonly message: string }[]): TdsFailure => {
  const own = numbers.find((n) => n.number !== WRONG) ?? numbers[0];
  if (own === undefined) return new TdsFailure("unreachable", LOST_AT_LOGIN);
  return new TdsFailure(NOT_IN.has(own.number) ? "auth" : NOT_NOW.has(own.number) ? "unreachable" : "said", own.message, own.number);
};
/** Before anything of a change was sent. */
export const failureOf = (e: unknown): TdsFailure => onTheWay(TdsFailure, e) ?? new TdsFailure("unreachable", LOST_AT_LOGIN);
