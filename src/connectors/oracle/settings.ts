/**
 * What an Oracle target is set to, and whom a name means there. Rule: an ordinary user of one service, spelled as DBA_USERS spells it; everything
 * goes inside TLS.
 */
import { z } from "zod";
import { reveal } from "../../kernel/reveal.ts";
import type { Secret } from "../../kernel/secret.ts";
import { certificatePin, certifiedShape, complete } from "../../wires/trust.ts";
import type { Login, Naming, Pin } from "../connector.ts";

export const config = z
  .object({
    ...certifiedShape,
    service: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.$#-]{0,127}$|^$/, "a service name: letters, digits and . _ $ # -")
      .default("")
      .describe("The service, as `lsnrctl status` lists it: of a pluggable database, its own. Nothing works before it is set."),
  })
  .superRefine(complete);
export type OracleConfig = z.infer<typeof config>;

/** A password stands between double quotes; nothing can stand for one in it. Other alphabets depend on the database's character set. */
export const forbidden = /[^\x20\x21\x23-\x7e]/;
/** Unquoted at a login and quoted in a statement it means the same. SYS is who the database is run by: its password stands in a file, too. */
export const naming: Naming = {
  fits: (name) => name !== "SYS" && /^[A-Z][A-Z0-9_$#]{0,127}$/.test(name),
  says:
    "the user as DBA_USERS spells it: capitals, digits and _ $ #, beginning with a letter; " +
    "SYS, and users with small letters or other signs in their names, are not spoken to",
};
export const NO_NAME = "this cannot be the name of a user here: it is written in capitals, as DBA_USERS spells it";
const LONGEST = 1_024;

/** Why this is not sent at all. */
export const unsuited = (account: Login, to: Secret): string | undefined => {
  const text = reveal(to);
  if (!naming.fits(account.name)) return NO_NAME;
  if (text === "" || forbidden.test(text)) return "the password is empty, or holds a double quote, a control character or a letter beyond ASCII";
  return text.length > LONGEST ? `a password of Oracle has at most ${LONGEST} characters` : undefined;
};
export const NO_SERVICE = "no service is set: name it on the target's page (setting `service`)";

const COMPARE = "orapki wallet display -wallet DIRECTORY -complete, of the wallet that sqlnet.ora and listener.ora name (SHA-256 fingerprint)";
export const pin = (identity: string): Pin | undefined => (identity === "plain" ? undefined : certificatePin(identity, COMPARE, ""));
