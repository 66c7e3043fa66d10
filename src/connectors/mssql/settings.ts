/**
 * What a SQL Server target is set to, and whom a name means there. Rule: a login of the server itself; a password is sent inside TLS or not at all.
 */
import { z } from "zod";
import { reveal } from "../../kernel/reveal.ts";
import type { Secret } from "../../kernel/secret.ts";
import { certificatePin, certifiedShape, complete } from "../../wires/trust.ts";
import type { Login, Naming, Pin } from "../connector.ts";
import { sendable } from "../connector.ts";

export const config = z.object(certifiedShape).superRefine(complete);
export type MssqlConfig = z.infer<typeof config>;

// eslint-disable-next-line no-control-regex
export const forbidden = /[\x00-\x1f\x7f]/;
/** sysname, and a password, have 128 places of UTF-16; half of a pair is no character. */
const LONGEST = 128;
export const naming: Naming = {
  fits: (name) => name !== "" && name === name.trim() && name.length <= LONGEST && name.isWellFormed() && !/[\p{C}\\:]/u.test(name),
  says: "the name of a SQL login as sys.sql_logins spells it, up to 128 characters, no backslash or colon: logins of Windows have no password here",
};
export const NO_NAME = "this cannot be the name of a SQL login";

/** Why this is not sent at all. */
export const unsuited = (account: Login, to: Secret): string | undefined => {
  const text = reveal(to);
  if (!naming.fits(account.name)) return NO_NAME;
  if (!sendable({ forbidden }, text) || !text.isWellFormed()) return "the password is empty or holds a control character";
  return text.length > LONGEST ? `a password of SQL Server has at most ${LONGEST} characters` : undefined;
};

const COMPARE =
  "the certificate that SQL Server Configuration Manager names for the instance, in PowerShell: " +
  "(Get-Item Cert:\\LocalMachine\\My\\THUMBPRINT).GetCertHashString('SHA256')";
export const pin = (identity: string): Pin | undefined => (identity === "plain" ? undefined : certificatePin(identity, COMPARE, ""));
