/**
 * The desktop of a target: an RDP or a VNC server beside whatever else the target is, named in its settings. Rule: one reading of them for everybody; where
 * nothing proves who is there, there is no desktop: RDP by the pinned certificate, VNC by the pinned host key of the SSH connection it is reached through.
 */
import type { Target } from "./target.ts";

export type DesktopSecurity = "tls" | "nla";
/** `certificates`: SHA-256 fingerprints, one of which it must show on the connection that carries the password. `domain`: of the login; empty for the machine's own accounts. */
export type RdpDesktop = { readonly kind: "rdp"; readonly port: number; readonly certificates: readonly string[]; readonly security: DesktopSecurity; readonly domain: string };
/** `port`: on the target's own loopback address. */
export type VncDesktop = { readonly kind: "vnc"; readonly port: number };
export type Desktop = RdpDesktop | VncDesktop;

export const desktopOf = ({ settings }: Pick<Target, "settings">): Desktop | null => {
  const { rdpPort: port, rdpCertificates: certificates, rdpSecurity: security, rdpDomain: domain, vncPort, hostKeys } = settings;
  if (typeof vncPort === "number" && vncPort > 0 && Array.isArray(hostKeys) && hostKeys.length > 0) return { kind: "vnc", port: vncPort };
  if (typeof port !== "number" || port < 1 || !Array.isArray(certificates) || certificates.length === 0) return null;
  return { kind: "rdp", port, certificates: certificates as string[], security: security === "nla" ? "nla" : "tls", domain: typeof domain === "string" ? domain : "" };
};
/** What it must show, for people to compare. */
export const desktopPins = (t: Pick<Target, "settings">): readonly string[] => { const d = desktopOf(t); return d?.kind === "rdp" ? d.certificates : []; };
