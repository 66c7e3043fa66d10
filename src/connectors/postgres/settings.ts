/** What a PostgreSQL target is set to, and what may be sent to one. Rule: what is not sure to be read alike by everybody is not sent. */
import { z } from "zod";
import type { Secret } from "../../kernel/secret.ts";
import { reveal } from "../../kernel/reveal.ts";
import type { Trust } from "../../wires/tls.ts";
import { fingerprintText } from "../../wires/tls.ts";
import type { Login, Pin } from "../connector.ts";
import { sendable } from "../connector.ts";
import { PLAIN } from "./reach.ts";
import { sameForAll } from "./scram.ts";

export const config = z.object({
  tls: z.enum(["pinned", "authority", "off"]).default("pinned")
    .describe("pinned: one of the certificates below. authority: any certificate of the authority below for this host. off: plain, to this machine's own loopback address alone."),
  certificates: z.array(z.string().overwrite(fingerprintText).regex(/^[0-9A-F:]{95}$/, "a SHA-256 fingerprint: AA:BB:…")).default([])
    .describe("SHA-256 fingerprints, one a line: openssl x509 -in server.crt -noout -fingerprint -sha256"),
  authority: z.string().default("").meta({ contentMediaType: "application/x-pem-file" }).describe("Certificates of the authority, in PEM."),
  database: z.string().min(1).max(63).default("postgres").describe("Where the broker logs in: any database every role may connect to."),
}).refine((c) => c.tls !== "pinned" || c.certificates.length > 0, { path: ["certificates"], message: "at least one fingerprint, or tls: authority or off" })
  .refine((c) => c.tls !== "authority" || c.authority.includes("-----BEGIN CERTIFICATE-----"), { path: ["authority"], message: "certificates in PEM" });
export type PostgresConfig = z.infer<typeof config>;

// eslint-disable-next-line no-control-regex
export const forbidden = /[\x00-\x1f\x7f]/;

/** NAMEDATALEN: a longer name is cut by the server without an error. No control, format or unassigned characters: they cannot be seen. */
export const naming = {
  fits: (name: string): boolean => name !== "" && name === name.trim() && Buffer.byteLength(name) <= 63 && !/[\p{C}:]/u.test(name),
  says: "1 to 63 bytes, any visible characters but a colon, as they are: capitals count",
};
export const NO_NAME = "this cannot be the name of a role here";

export const trustOf = (c: PostgresConfig): Trust | null =>
  c.tls === "off" ? null : c.tls === "pinned" ? { certificates: c.certificates } : { authority: c.authority };

/** Why this is not sent at all. */
export const unsuited = (account: Login, secret: Secret): string | undefined => {
  const to = reveal(secret);
  if (!naming.fits(account.name)) return NO_NAME;
  if (!sendable({ forbidden }, to)) return "the password is empty or holds a control character";
  return sameForAll(to) ? undefined : "the password holds characters that PostgreSQL's clients do not read alike (wide or ligature letters, special spaces); use another";
};

/** On the server, as the user it runs as; the file's name may be relative to the data directory. */
const COMPARE = "cd \"$(psql -Atc 'show data_directory')\" && openssl x509 -noout -fingerprint -sha256 -in \"$(psql -Atc 'show ssl_cert_file')\"";
export const pin = (identity: string): Pin | undefined => {
  if (identity === PLAIN) return { settings: { tls: "off" }, fingerprint: "no certificate: a plain connection, on the broker's own machine alone", compareWith: "psql -c 'show ssl'" };
  const fingerprint = fingerprintText(identity);
  return /^[0-9A-F:]{95}$/.test(fingerprint)
    ? { settings: { certificates: [fingerprint] }, fingerprint, compareWith: COMPARE } : undefined;
};
