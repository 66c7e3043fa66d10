/** What an Active Directory target is set to, and what may be sent to one. Rule: an account is named by its sAMAccountName or its user principal name, and by nothing that reads as both. */
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
const DOMAIN = /^(?=.{1,255}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$/;

export const config = z.object({
  ...certifiedShape,
  encryption: z.enum(BEGINNINGS).default("auto").describe("auto: StartTLS on ports 389 and 3268, LDAPS elsewhere. Without TLS nothing is sent."),
  domain: z.string().regex(DOMAIN, "the domain's DNS name, as corp.example.com").describe("The domain's DNS name: corp.example.com."),
  netbios: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$|^$/, "up to 15 letters and digits").default("")
    .describe("The name before the backslash in CORP\\user; if empty, the first part of the domain."),
  kerberos: z.enum(["auto", "off"]).default("auto")
    .describe("auto: where kinit is installed a login is proven by Kerberos too, which takes no password of before the last change. off: by LDAP alone."),
  kdcPort: z.int().min(1).max(65_535).default(88).describe("Kerberos on the same host."),
  controllers: z.array(z.string().regex(BESIDE, "host:port")).default([])
    .describe("Other domain controllers, host:port, one a line: a new password is in force when each that answers takes it."),
}).superRefine(complete);
export type ActiveDirectoryConfig = z.infer<typeof config>;

/** What no sAMAccountName may hold, and what cannot be seen. */
const PART = /^[^"/\\[\]:;|=,+*?<>@\s\p{C}-][^"/\\[\]:;|=,+*?<>@\p{C}]{0,62}$/u;
export const naming = {
  fits: (name: string): boolean => {
    const [local = "", suffix, more] = name.split("@");
    return name === name.trim() && local === local.trim() && !local.endsWith(".") && PART.test(local) && more === undefined && (suffix === undefined || DOMAIN.test(suffix));
  },
  same: anyCase,
  says: "a sAMAccountName (svc-backup) or a user principal name (svc@corp.example.com), without the domain before a backslash",
};
export const NO_NAME = "this cannot be the name of an account in Active Directory";
export const isUpn = (name: string): boolean => name.includes("@");
/** CORP\name means the sAMAccountName and nothing else; name@domain would first be somebody else's principal name. */
export const binder = (c: ActiveDirectoryConfig, name: string): string => isUpn(name) ? name : `${c.netbios || c.domain.split(".")[0]!.toUpperCase()}\\${name}`;
export const realmOf = (c: ActiveDirectoryConfig): string => c.domain.toUpperCase();
export const baseOf = (c: ActiveDirectoryConfig): string => c.domain.split(".").map((part) => `DC=${part}`).join(",");

/** As the attribute wants it (MS-ADTS 3.1.1.3.1.5.1): in quotation marks, UTF-16. */
export const unicodePwd = (password: string): Buffer => Buffer.from(`"${password}"`, "utf16le");
/** What Windows' own logon takes. */
const LONGEST = 127;
/** Why this is not sent at all. */
export const unsuited = (account: Login, secret: Secret): string | undefined => {
  const to = reveal(secret);
  if (!naming.fits(account.name)) return NO_NAME;
  if (!sendable({ forbidden }, to)) return "the password is empty or holds a control character";
  return to.length > LONGEST ? `a Windows password has at most ${LONGEST} characters` : undefined;
};

/** What a controller shows before anybody logs in: its certificate, and the domain it says it serves. */
export const identityText = (fingerprint: string, domain: string | undefined, how: "ldaps" | "starttls"): string =>
  `${fingerprint}${domain === undefined ? "" : ` of ${domain}`}${how === "starttls" ? " by StartTLS" : ""}`;
/** DC=corp,DC=example,DC=com as a DNS name. */
export const domainIn = (context: string | undefined): string | undefined => {
  const domain = (context ?? "").split(",").map((part) => /^DC=([A-Za-z0-9-]+)$/i.exec(part.trim())?.[1] ?? "/").join(".");
  return DOMAIN.test(domain) ? domain : undefined;
};
const SHOWN = /^(.*?)(?: of ([A-Za-z0-9.-]+))?( by StartTLS)?$/;
export const pin = (identity: string): Pin | undefined => {
  const [, shown = "", domain, asks] = SHOWN.exec(identity) ?? [];
  const pinned = shown === PLAIN ? undefined : certificatePin(shown, "Get-ChildItem Cert:\\LocalMachine\\My | ForEach-Object { $_.GetCertHashString('SHA256') }", "");
  return pinned && { ...pinned, settings: { ...pinned.settings, ...(domain === undefined ? {} : { domain }), ...(asks === undefined ? {} : { encryption: "starttls" }) } };
};
