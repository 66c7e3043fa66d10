/** What is asked of a target that proves itself by a TLS certificate. Rule: the same three settings, names and words for every kind of target; there is no "off" here. */
import { z } from "zod";
import type { Trust } from "./tls.ts";
import { fingerprintText } from "./tls.ts";

const FINGERPRINT = /^[0-9A-F:]{95}$/;
export const tlsShape = {
  tls: z.enum(["pinned", "authority"]).default("pinned")
    .describe("pinned: one of the certificates below. authority: any certificate of the authority below for this host."),
  certificates: z.array(z.string().overwrite(fingerprintText).regex(FINGERPRINT, "a SHA-256 fingerprint: AA:BB:…")).default([])
    .describe("SHA-256 fingerprints, one a line: openssl x509 -in server.crt -noout -fingerprint -sha256"),
  authority: z.string().default("").meta({ contentMediaType: "application/x-pem-file" }).describe("Certificates of the authority, in PEM."),
};
export type TlsSettings = { readonly tls: "pinned" | "authority"; readonly certificates: readonly string[]; readonly authority: string };

/** Settings that trust somebody: a pin, or an authority. */
export const trusting = <T extends z.ZodType<TlsSettings>>(shape: T): T =>
  shape.refine((c) => c.tls !== "pinned" || c.certificates.length > 0, { path: ["certificates"], message: "at least one fingerprint, or tls: authority" })
    .refine((c) => c.tls !== "authority" || c.authority.includes("-----BEGIN CERTIFICATE-----"), { path: ["authority"], message: "certificates in PEM" });

export const trustOf = (c: TlsSettings): Trust => c.tls === "pinned" ? { certificates: c.certificates } : { authority: c.authority };
/** As a fingerprint, or undefined. */
export const fingerprintOf = (text: string): string | undefined => {
  const print = fingerprintText(text);
  return FINGERPRINT.test(print) ? print : undefined;
};
