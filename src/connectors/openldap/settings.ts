/** What an OpenLDAP target is set to, and what may be sent to one. Rule: an account is an entry, named whole or by the one value that names it below the base. */
import { z } from "zod";
import type { Secret } from "../../kernel/secret.ts";
import { reveal } from "../../kernel/reveal.ts";
import { BESIDE } from "../../wires/beside.ts";
import { BEGINNINGS } from "../../wires/ldap.ts";
import { certificatePin, certifiedShape, complete, PLAIN } from "../../wires/trust.ts";
import type { Login, Pin } from "../connector.ts";
import { anyCase, sendable } from "../connector.ts";

// eslint-disable-next-line no-control-regex
export const forbidden = /[\x00-\x1f\x7f]/;
const visible = (text: string): boolean => text !== "" && text === text.trim() && Buffer.byteLength(text) <= 255 && !/[\p{C}:]/u.test(text);
/** RFC 4514: `attribute=value,…`; what means something stands in a value behind a backslash, or as two hexadecimal digits. */
const VALUE = "(?:[^,\\\\]|\\\\(?:[ \"#+,;<=>\\\\]|[0-9A-Fa-f]{2}))+", PART = `[A-Za-z][A-Za-z0-9-]*=${VALUE}`, DN = new RegExp(`^${PART}(?:,\\s*${PART})+$`, "u");
export const isDn = (name: string): boolean => DN.test(name);

export const config = z.object({
  ...certifiedShape,
  encryption: z.enum(BEGINNINGS).default("auto").describe("auto: StartTLS on port 389, LDAPS elsewhere. Without TLS nothing is sent."),
  base: z.string().max(255).refine((t) => t === "" || isDn(t) || /^[A-Za-z]+=[^,=]+$/.test(t), "a distinguished name").default("")
    .describe("Accounts named without their DN are looked up below this entry, and found again by discovery."),
  attribute: z.string().regex(/^[A-Za-z][A-Za-z0-9-]*$/, "the name of an attribute").default("uid").describe("What names an account below the base."),
  lockout: z.enum(["ask", "never"]).default("ask")
    .describe("A lock-out looks like a wrong password. ask: the administrative account is asked which it was. never: this directory locks nobody out."),
  policy: z.string().max(255).refine((t) => t === "" || isDn(t), "a distinguished name").default("")
    .describe("The entry of the default password policy (ppolicy_default), for pre-flight; where an entry names its own, that counts."),
  privileged: z.array(z.string().refine(isDn, "a distinguished name")).default([]).describe("DNs of groups whose members discovery calls privileged, one a line."),
  replicas: z.array(z.string().regex(BESIDE, "host:port")).default([])
    .describe("Other servers of the directory, host:port, one a line: a new password is in force when each that answers takes it."),
}).superRefine(complete);
export type OpenLdapConfig = z.infer<typeof config>;

export const naming = {
  fits: (name: string): boolean => visible(name) && (isDn(name) || !/[=,]/.test(name)),
  same: anyCase,
  says: "the DN of an entry (uid=app,ou=services,dc=example,dc=com), or the value that names it below the target's base; up to 255 bytes, no colon",
};
export const NO_NAME = "this cannot be the name of an account here";

/** RFC 4514. Only for a value that `naming` let through. */
export const escaped = (value: string): string => value.replace(/[",;<>\\+]/g, "\\$&").replace(/^#/, "\\#");
/** Where an account of this name stands: known without asking. Undefined: it has no DN of its own and there is no base. */
export const dnOf = (c: OpenLdapConfig, name: string): string | undefined =>
  isDn(name) ? name : c.base === "" ? undefined : `${c.attribute}=${escaped(name)},${c.base}`;

/** Why this is not sent at all. */
export const unsuited = (account: Login, secret: Secret): string | undefined =>
  !naming.fits(account.name) ? NO_NAME : sendable({ forbidden }, reveal(secret)) ? undefined : "the password is empty or holds a control character";

const STARTTLS = " by StartTLS";
export const identityText = (fingerprint: string, how: "ldaps" | "starttls"): string => how === "starttls" ? `${fingerprint}${STARTTLS}` : fingerprint;
export const pin = (identity: string): Pin | undefined => {
  const asks = identity.endsWith(STARTTLS), shown = asks ? identity.slice(0, -STARTTLS.length) : identity;
  const pinned = shown === PLAIN ? undefined : certificatePin(shown, "openssl x509 -noout -fingerprint -sha256 -in (the file that olcTLSCertificateFile names)", "");
  return pinned && (asks ? { ...pinned, settings: { ...pinned.settings, encryption: "starttls" } } : pinned);
};
