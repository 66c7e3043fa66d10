/** What went wrong with a server whose errors have numbers, in one of few kinds. Rule: the number decides; words come in the server's language and are only told. */
import { Fault } from "../kernel/fault.ts";
import { DriverMissing } from "./drivers.ts";
import { TlsFailure } from "./tls.ts";

/**
 * unreachable: nothing came about · identity: not the trusted one · auth: the login was refused · said: the server's own number · closed: cut, or
 * not understood.
 */
export type FailureKind = "unreachable" | "identity" | "auth" | "said" | "closed";
export class NumberedFailure extends Error {
  override readonly name: string = "NumberedFailure";
  readonly kind: FailureKind;
  readonly why: string;
  /** The server's own; 0 where it said none. */
  readonly number: number;
  constructor(kind: FailureKind, why: string, number = 0) {
    super(`${kind}: ${why}`);
    this.kind = kind;
    this.why = why;
    this.number = number;
  }
}
type Made<F extends NumberedFailure> = new (kind: FailureKind, why: string, number?: number) => F;

/** What came before the server had a word: the way to it, its TLS, a driver that is not here. Undefined: something else. */
export const onTheWay = <F extends NumberedFailure>(as: Made<F>, e: unknown): F | undefined => {
  if (e instanceof as) return e;
  if (e instanceof TlsFailure) return new as(e.kind === "identity" ? "identity" : "unreachable", e.why);
  if (e instanceof Fault) return new as("unreachable", e.message);
  return e instanceof DriverMissing ? new as("unreachable", e.why) : undefined;
};
export const LOST_AT_LOGIN = "the connection was lost before the login was decided";
export const CUT = "the connection was cut before the target answered";
/** A failure nobody foresaw. */
export const unforeseen = <F extends NumberedFailure>(as: Made<F>, e: unknown): F => (e instanceof as ? e : new as("closed", "the connection failed in a way we do not know"));
