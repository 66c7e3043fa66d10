/** What a Windows machine over SMB is set to, and what may be sent to one. Rule: local accounts of that machine alone, by their own name. */
import { z } from "zod";
import type { Secret } from "../../kernel/secret.ts";
import { reveal, revealBytes } from "../../kernel/reveal.ts";
import { desktopComplete, windowsDesktop } from "../../wires/desktop.ts";
import { LOGIN_BYTES } from "../../wires/samr.ts";
import type { Login, Pin } from "../connector.ts";
import { sendable } from "../connector.ts";
import { naming, NO_NAME } from "../windows-names.ts";

export { naming, NO_NAME };

// eslint-disable-next-line no-control-regex
export const forbidden = /[\x00-\x1f\x7f]/;
const own = z.object({
  machine: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,14}$|^$/, "the machine's own name, up to 15 letters and digits").default("")
    .describe("The machine's own name, as `hostname` says it, if it belongs to a domain: so that its local accounts are meant. If empty, the machine decides."),
});
export const config = own.extend(windowsDesktop).superRefine(desktopComplete);
export type WindowsSmbConfig = z.infer<typeof own>;

export const domainOf = (c: WindowsSmbConfig): string => c.machine || ".";

/** Why this is not sent at all. */
export const unsuited = (account: Login, secret: Secret): string | undefined => {
  if (!naming.fits(account.name)) return NO_NAME;
  if (!sendable({ forbidden }, reveal(secret))) return "the password is empty or holds a control character";
  return revealBytes(secret).length > LOGIN_BYTES ? `a password for SMB has at most ${LOGIN_BYTES} bytes here` : undefined;
};

/** SMB shows nothing before a login: what a server proves itself by is that it knows the password, in every login. */
export const IDENTITY = "smb3";
export const pin = (identity: string): Pin | undefined => identity !== IDENTITY ? undefined : {
  settings: {}, fingerprint: "nothing to pin: SMB has no certificate. In every login the server proves that it knows the account's password, and the connection is signed and encrypted",
  compareWith: "Get-SmbServerConfiguration | Select-Object EnableSMB2Protocol, EncryptData, RequireSecuritySignature",
};
