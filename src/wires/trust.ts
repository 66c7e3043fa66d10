/** Whom a target is trusted to be over TLS, as a person says it. Rule: one spelling for every kind of target; what trusts nobody is no setting. */
import { z } from "zod";
import type { Address } from "../kernel/link.ts";
import type { Trust } from "./tls.ts";
import { fingerprintText } from "./tls.ts";

const FINGERPRINT = /^[0-9A-F:]{95}$/;
/** The three settings; beside a kind's own ones in its schema, with `complete` as a refinement of the whole. */
export const trustShape = {
  tls: z
    .enum(["pinned", "authority", "off"])
    .default("pinned")
    .describe(
      [
        "pinned: one of the certificates below.",
        "authority: any certificate of the authority below for this host.",
        "off: plain, to this machine's own loopback address alone.",
      ].join(" "),
    ),
  certificates: z
    .array(z.string().overwrite(fingerprintText).regex(FINGERPRINT, "a SHA-256 fingerprint: AA:BB:…"))
    .default([])
    .describe("SHA-256 fingerprints, one a line: openssl x509 -in server.crt -noout -fingerprint -sha256"),
  authority: z.string().default("").meta({ contentMediaType: "application/x-pem-file" }).describe("Certificates of the authority, in PEM."),
};
/** For kinds that show a password to whoever listens: there is no "off". */
export const certifiedShape = {
  ...trustShape, tls: z.enum(["pinned", "authority"]).default("pinned").describe("pinned: one of the certificates below. authority: any certificate of the authority below for this host."),
};
export type CertifiedSettings = { readonly tls: "pinned" | "authority"; readonly certificates: readonly string[]; readonly authority: string };
export const certifiedBy = (c: CertifiedSettings): Trust => c.tls === "pinned" ? { certificates: c.certificates } : { authority: c.authority };
export type TrustSettings = { readonly tls: "pinned" | "authority" | "off"; readonly certificates: readonly string[]; readonly authority: string };
type Issues = { addIssue(issue: { code: "custom"; path: string[]; message: string }): void };
export const complete = (c: TrustSettings, ctx: Issues): void => {
  if (c.tls === "pinned" && c.certificates.length === 0)
    ctx.addIssue({ code: "custom", path: ["certificates"], message: "at least one fingerprint, or another choice of tls" });
  if (c.tls === "authority" && !c.authority.includes("-----BEGIN CERTIFICATE-----"))
    ctx.addIssue({ code: "custom", path: ["authority"], message: "certificates in PEM" });
};
/** Null: plain. */
export const trustOf = (c: TrustSettings): Trust | null =>
  c.tls === "off" ? null : c.tls === "pinned" ? { certificates: c.certificates } : { authority: c.authority };

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;
export const isLoopback = (at: Address): boolean => LOOPBACK.test(at.host);
export const PLAIN_ELSEWHERE =
  "a plain connection is made to this machine's own loopback address alone: turn TLS on at the server, and pin its certificate here";
/** Why a connection without TLS is not made there. */
export const plainObjection = (c: TrustSettings, at: Address): string | undefined =>
  c.tls === "off" && !isLoopback(at) ? PLAIN_ELSEWHERE : undefined;

/** What a target is pinned by that offers no TLS on this machine's own loopback address. */
export const PLAIN = "plain";
type Pinned = { readonly settings: Record<string, unknown>; readonly fingerprint: string; readonly compareWith: string };
/** `compareWith`: the command on the server that says the same; `plainWith`: the one that shows it has no TLS. */
export const certificatePin = (identity: string, compareWith: string, plainWith: string): Pinned | undefined => {
  if (identity === PLAIN)
    return { settings: { tls: "off" }, fingerprint: "no certificate: a plain connection, on the broker's own machine alone", compareWith: plainWith };
  const fingerprint = fingerprintText(identity);
  return FINGERPRINT.test(fingerprint) ? { settings: { certificates: [fingerprint] }, fingerprint, compareWith } : undefined;
};
