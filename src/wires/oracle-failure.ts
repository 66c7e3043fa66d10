/**
 * What went wrong with an Oracle Database, in one of few kinds. Rule: the error table; codes alone decide, because words come in the server's
 * language.
 */
import { CUT, LOST_AT_LOGIN, NumberedFailure, onTheWay } from "./numbered-failure.ts";

/** `number`: of ORA-. */
export class OracleFailure extends NumberedFailure { override readonly name = "OracleFailure"; }

export const WRONG = 1017;
/** Wrong, locked, expired, no right to connect, a proxy alone. */
const NOT_IN = new Set([WRONG, 1045, 28000, 28001, 28058]);
/** Starting, stopping, restricted, full, no such service. */
const NOT_NOW = new Set([18, 20, 257, 1033, 1034, 1035, 1089, 1109, 12505, 12514, 12516, 12518, 12519, 12520, 12528, 27101]);
/** Sentences of the driver name an address of ours, so they are not passed on. */
const DRIVERS_OWN: Readonly<Record<string, string>> = {
  "NJS-518": "the listener knows no such service: look at the target's setting `service`",
  "NJS-511": "the listener refused the connection",
  "NJS-138": "this version of the server is too old for the driver (12.1 at least)",
};

type Told = { readonly code?: unknown; readonly message?: unknown };
/** ORA-…: up to the end of its line; what follows is a link to its help. */
const saidBy = (e: Told): { number: number; says: string } | null => {
  const m = /^ORA-(\d{1,6})$/.exec(String(e.code ?? ""));
  return m ? { number: Number(m[1]), says: String(e.message ?? "").split("\n")[0]! } : null;
};
export const failureOf = (e: unknown, atLogin: boolean): OracleFailure => {
  const way = onTheWay(OracleFailure, e);
  if (way !== undefined) return way;
  const told = (e ?? {}) as Told,
    said = saidBy(told);
  if (said === null)
    return new OracleFailure(
      atLogin ? "unreachable" : "closed",
      DRIVERS_OWN[String(told.code)] ??
        (atLogin ? LOST_AT_LOGIN : CUT),
    );
  return new OracleFailure(
    !atLogin ? "said" : NOT_IN.has(said.number) ? "auth" : NOT_NOW.has(said.number) ? "unreachable" : "said",
    said.says,
    said.number,
  );
};
