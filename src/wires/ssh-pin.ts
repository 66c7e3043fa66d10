/** An SSH host key as people pin it. Rule: a key line is read whole or not at all. */
import { createHash } from "node:crypto";
import { parsePins } from "./ssh-client.ts";

/** `ssh-ed25519 SHA256:…` of an OpenSSH line. */
export const keyFingerprint = (line: string): string => {
  const [type = "", blob = ""] = line.split(" ");
  return `${type} SHA256:${createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64").replace(/=+$/, "")}`;
};

export type KeyPin = { readonly settings: { readonly hostKeys: readonly string[] }; readonly fingerprint: string; readonly compareWith: string };
export const keyPin = (identity: string): KeyPin | undefined => {
  const line = identity.trim().split(/\s+/).slice(0, 2).join(" "), type = line.split(" ")[0]!;
  try { parsePins([line]); } catch { return undefined; }
  const file = type.startsWith("ecdsa-") ? "ecdsa" : type.replace(/^ssh-/, "");
  return { settings: { hostKeys: [line] }, fingerprint: keyFingerprint(line).split(" ")[1]!, compareWith: `ssh-keygen -lf /etc/ssh/ssh_host_${file}_key.pub` };
};
