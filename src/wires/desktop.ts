/** The settings by which a target says that it has a desktop, for every kind whose accounts log in there. Rule: read by domain/desktop.ts; a port without a pinned certificate is refused. */
import { z } from "zod";
import { fingerprintText } from "./tls.ts";

const FINGERPRINT = /^[0-9A-F:]{95}$/;
/** Beside a kind's own settings in its schema, with `desktopComplete` as a refinement of the whole. */
export const desktopShape = {
  rdpPort: z.int().min(0).max(65_535).default(0).describe("Port of its RDP server, usually 3389. 0: it has no desktop."),
  rdpCertificates: z.array(z.string().overwrite(fingerprintText).regex(FINGERPRINT, "a SHA-256 fingerprint: AA:BB:…")).default([])
    .describe("SHA-256 fingerprints of the RDP server's certificate, one a line. Read it and compare it on the target's page, under Desktop."),
  rdpSecurity: z.enum(["tls", "nla"]).default("tls").describe("nla: Windows, which asks for the password before it draws anything. tls: xrdp and others that ask for it on the screen."),
  rdpDomain: z.string().max(128).default("").describe("Domain of the login at the desktop; empty: the machine's own accounts."),
};
/** Of a host whose accounts log in by SSH: a VNC server on its own loopback address, reached through that very login. */
export const vncShape = {
  vncPort: z.int().min(1).max(65_535).optional().describe("Port of a VNC server on the host's own loopback address, reached through SSH; 5901 is the first one's. Empty: none."),
};
/** The same of a Windows machine, which asks before it draws. */
export const windowsDesktop = { ...desktopShape, rdpSecurity: desktopShape.rdpSecurity.unwrap().default("nla").describe(desktopShape.rdpSecurity.description ?? "") };
type Settings = { readonly rdpPort: number; readonly rdpCertificates: readonly string[]; readonly vncPort?: number | undefined };
type Issues = { addIssue(issue: { code: "custom"; path: string[]; message: string }): void };
export const desktopComplete = (c: Settings, ctx: Issues): void => {
  if (c.rdpPort > 0 && c.rdpCertificates.length === 0) ctx.addIssue({ code: "custom", path: ["rdpCertificates"], message: "at least one fingerprint, or 0 for the port" });
  if (c.rdpPort > 0 && (c.vncPort ?? 0) > 0) ctx.addIssue({ code: "custom", path: ["vncPort"], message: "a target has one desktop: RDP or VNC; empty, or 0 for the RDP port" });
};
