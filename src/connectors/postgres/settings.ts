/** What a PostgreSQL target is set to, and what may be sent to one. Rule: what is not sure to be read alike by everybody is not sent. */
import { z } from "zod";
import type { Secret } from "../../kernel/secret.ts";
import { reveal } from "../../kernel/reveal.ts";
import { certificatePin, complete, trustShape } from "../../wires/trust.ts";
import type { Login, Pin } from "../connector.ts";
import { sendable } from "../connector.ts";
import { sameForAll } from "./scram.ts";

export const config = z.object({
  ...trustShape,
  database: z.string().min(1).max(63).default("postgres").describe("Where the broker logs in: any database every role may connect to."),
}).superRefine(complete);
export type PostgresConfig = z.infer<typeof config>;

// eslint-disable-next-line no-control-regex
export const forbidden = /[\x00-\x1f\x7f]/;

/** NAMEDATALEN: a longer name is cut by the server without an error. No control, format or unassigned characters: they cannot be seen. */
export const naming = {
  fits: (name: string): boolean => name !== "" && name === name.trim() && Buffer.byteLength(name) <= 63 && !/[\p{C}:]/u.test(name),
  says: "1 to 63 bytes, any visible characters but a colon, as they are: capitals count",
};
export const NO_NAME = "this cannot be the name of a role here";

/** Why this is not sent at all. */
export const unsuited = (account: Login, secret: Secret): string | undefined => {
  const to = reveal(secret);
  if (!naming.fits(account.name)) return NO_NAME;
  if (!sendable({ forbidden }, to)) return "the password is empty or holds a control character";
  return sameForAll(to) ? undefined : "the password holds characters that PostgreSQL's clients do not read alike (wide or ligature letters, special spaces); use another";
};

/** On the server, as the user it runs as; the file's name may be relative to the data directory. */
const COMPARE = "cd \"$(psql -Atc 'show data_directory')\" && openssl x509 -noout -fingerprint -sha256 -in \"$(psql -Atc 'show ssl_cert_file')\"";
export const pin = (identity: string): Pin | undefined => certificatePin(identity, COMPARE, "psql -c 'show ssl'");
