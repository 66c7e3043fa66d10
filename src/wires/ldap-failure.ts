/** What went wrong with a directory, in one of few kinds. Rule: a server's answer is known by its number (RFC 4511), its words are for people. */

/** unreachable: nothing came about · identity: not the trusted one · answer: the server said `code` · closed: cut, or nothing we know. */
export type LdapKind = "unreachable" | "identity" | "answer" | "closed";
export class LdapFailure extends Error {
  override readonly name = "LdapFailure";
  readonly kind: LdapKind;
  readonly why: string;
  readonly code: number | undefined;
  /** What ppolicy's own control said (draft-behera 6.2): 1 is a lock-out. */
  readonly policy: number | undefined;
  constructor(kind: LdapKind, why: string, o: { code?: number | undefined; policy?: number | undefined; cause?: unknown } = {}) {
    super(`${kind}: ${why}`, { cause: o.cause });
    this.kind = kind;
    this.why = why;
    this.code = o.code;
    this.policy = o.policy;
  }
}
/** The numbers that are named in code. */
export const LDAP = { NO_SUCH_ATTRIBUTE: 16, UNDEFINED_TYPE: 17, CONSTRAINT: 19, NO_SUCH_OBJECT: 32, INVALID_DN: 34, INVALID_CREDENTIALS: 49, INSUFFICIENT_ACCESS: 50 } as const;
export const PPOLICY = { EXPIRED: 0, LOCKED: 1, IN_HISTORY: 8 } as const;
