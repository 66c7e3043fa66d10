/**
 * What went wrong with a PostgreSQL server, in one of few kinds. Rule: the error table. SQLSTATE alone decides, because severity and words
 * come in the server's language; what is not in the table is not known.
 */
import { TlsFailure } from "../../wires/tls.ts";
import { Fault } from "../../kernel/fault.ts";

/** unreachable: nothing came about · identity: not the trusted one · auth: the login was refused · closed: cut, or words we do not know. */
export type Kind = "unreachable" | "identity" | "auth" | "closed";
export class PgFailure extends Error {
  override readonly name = "PgFailure";
  readonly kind: Kind;
  readonly why: string;
  constructor(kind: Kind, why: string, options?: { cause?: unknown }) {
    super(`${kind}: ${why}`, options);
    this.kind = kind;
    this.why = why;
  }
}

/** A server's own error: anything with five characters of SQLSTATE. */
export type ServerError = Error & { readonly code: string; readonly detail?: string };
export const isServerError = (e: unknown): e is ServerError => e instanceof Error && /^[0-9A-Z]{5}$/.test((e as { code?: string }).code ?? "");
export const wordsOf = (e: ServerError): string => e.detail ? `${e.message} (${e.detail})` : e.message;

/** 28P01 is a wrong password, an unknown role and an expired one alike. */
export const PASSWORD_REFUSED = "28P01";
const AT_LOGIN: readonly (readonly [RegExp, Kind])[] = [
  [/^28/, "auth"], // not this password, no line in pg_hba.conf, no right to log in
  [/^(53|57|3D|42|55|08|0A|58|XX)/, "unreachable"], // full, starting or stopping, no such database, no right to it, too old
];
/** Before anything of a change was sent. */
export const atLogin = (e: unknown): PgFailure => {
  if (e instanceof PgFailure) return e;
  if (e instanceof TlsFailure) return new PgFailure(e.kind === "identity" ? "identity" : "unreachable", e.why, { cause: e });
  if (e instanceof Fault) return new PgFailure("unreachable", e.message, { cause: e });
  if (isServerError(e)) return new PgFailure(AT_LOGIN.find(([code]) => code.test(e.code))?.[1] ?? "closed", wordsOf(e), { cause: e });
  return new PgFailure("closed", "the connection was lost before the login was decided", { cause: e });
};

/**
 * After the statement was sent. Rolled back for certain: data, syntax and rights, what is not supported, an exception of a checking module.
 * Everything else (shutdown, cancel, resources, a crash, no answer) may have come after the commit, or may work the next time.
 */
const ROLLED_BACK = /^(0A|0L|0P|22|23|28|2B|42|P0)/;
export const afterSend = (e: unknown): { readonly refused: string } | { readonly unknown: string } =>
  isServerError(e) ? (ROLLED_BACK.test(e.code) ? { refused: wordsOf(e) } : { unknown: wordsOf(e) })
    : { unknown: "the connection was cut before the target said how it ended" };
