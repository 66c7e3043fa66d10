/** Every failure a person can cause or must see, translated once per exit. Rule: anything else is a bug and becomes "internal". */
export const FAULTS = {
  invalid:         { http: 422, exit: 2, title: "That cannot be done as asked" },
  unauthenticated: { http: 401, exit: 7, title: "Please log in" },
  forbidden:       { http: 403, exit: 3, title: "Not allowed" },
  not_found:       { http: 404, exit: 4, title: "Not found" },
  conflict:        { http: 409, exit: 5, title: "Somebody or something was first" },
  upstream:        { http: 502, exit: 6, title: "The target did not do it" },
  too_many:        { http: 429, exit: 8, title: "Too many tries" },
  unavailable:     { http: 503, exit: 9, title: "Not available right now" },
  internal:        { http: 500, exit: 1, title: "Something went wrong" },
} as const;
export type FaultCode = keyof typeof FAULTS;

export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  constructor(code: FaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The database could not be asked: the connection failed, not what was asked over it. Made by store/db.ts alone. */
export class Away extends Error { override readonly name = "Away"; }
export const isAway = (e: unknown): boolean => e instanceof Away || (e instanceof Error && e.cause !== undefined && isAway(e.cause));
const AWAY = "The broker's database cannot be reached right now, so nothing can be looked at or changed. Running sessions go on, and auditors and admins "
  + "who were here a moment ago can still end them. Try again in a moment.";

/** What may be shown. The cause stays in the log. */
export const toFault = (e: unknown): Fault =>
  e instanceof Fault ? e
    : isAway(e) ? new Fault("unavailable", AWAY, { cause: e })
    : new Fault("internal", "Something went wrong on our side. It has been logged.", { cause: e });
