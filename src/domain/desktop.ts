/**
 * The desktop of a target: an RDP server beside whatever else the target is, named in its settings. Rule: one reading of them for everybody; where no
 * certificate is pinned there is no desktop.
 */
import type { Target } from "./target.ts";

export type DesktopSecurity = "tls" | "nla";
/** `certificates`: SHA-256 fingerprints, one of which it must show on the connection that carries the password. `domain`: of the login; empty for the machine's own accounts. */
export type Desktop = { readonly port: number; readonly certificates: readonly string[]; readonly security: DesktopSecurity; readonly domain: string };

export const desktopOf = ({ settings }: Pick<Target, "settings">): Desktop | null => {
  const { rdpPort: port, rdpCertificates: certificates, rdpSecurity: security, rdpDomain: domain } = settings;
  if (typeof port !== "number" || port < 1 || !Array.isArray(certificates) || certificates.length === 0) return null;
  return { port, certificates: certificates as string[], security: security === "nla" ? "nla" : "tls", domain: typeof domain === "string" ? domain : "" };
};
