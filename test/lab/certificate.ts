/** Certificates for lab servers. Rule: an authority of their own in the server's directory; nothing of the machine's is trusted or touched. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "./run.ts";

export type Certificate = { readonly fingerprint: string; readonly authority: string; readonly crt: string; readonly key: string };

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"];

/** `dir`/server.crt and server.key for 127.0.0.1 and `names`, by `dir`/ca.crt; made anew at each call, the authority once. */
export const certificate = async (dir: string, names: readonly string[] = ["localhost"], fresh = true): Promise<Certificate> => {
  const at = (file: string): string => join(dir, file), ca = ["-keyout", at("ca.key"), "-out", at("ca.crt"), "-subj", "/CN=lab authority"];
  if (fresh) await must("openssl", ["req", "-x509", ...EC, ...ca]);
  const san = ["IP:127.0.0.1", ...names.map((n) => `DNS:${n}`)].join(",");
  await must("openssl", ["req", "-x509", "-CA", at("ca.crt"), "-CAkey", at("ca.key"), ...EC, "-keyout", at("server.key"), "-out", at("server.crt"),
    "-subj", "/CN=lab server", "-addext", `subjectAltName=${san}`, "-addext", "basicConstraints=critical,CA:FALSE"]);
  const crt = readFileSync(at("server.crt"), "utf8");
  return { fingerprint: new X509Certificate(crt).fingerprint256, authority: readFileSync(at("ca.crt"), "utf8"), crt, key: readFileSync(at("server.key"), "utf8") };
};
