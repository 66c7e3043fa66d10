/** A public key as people paste it. Rule: one line, a key type we know, and the fingerprint is computed here, never typed. */
import { Fault } from "../kernel/fault.ts";
import { sha256 } from "../crypto/envelope.ts";

const TYPES = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa", "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"];
const MIN_RSA_BYTES = 279; // 2048 bits

export type PublicKey = { readonly fingerprint: string; readonly line: string; readonly comment: string };

const typeIn = (blob: Buffer): string => (blob.length > 4 ? blob.subarray(4, 4 + blob.readUInt32BE(0)).toString("latin1") : "");

/** As OpenSSH prints it: `SHA256:` and unpadded base 64. */
export const fingerprintOf = (blob: Uint8Array): string => `SHA256:${sha256(blob).toString("base64").replace(/=+$/, "")}`;

export const readPublicKey = (text: string): PublicKey => {
  const line = text.trim(), [type = "", base64 = "", ...comment] = line.split(/\s+/);
  if (/PRIVATE KEY/.test(line)) throw new Fault("invalid", "That is a private key. Keep it to yourself, and paste the .pub file instead.");
  if (!TYPES.includes(type)) throw new Fault("invalid", "That is not a public key in OpenSSH's form. It begins with ssh-ed25519, ecdsa-sha2-… or ssh-rsa.");
  const blob = Buffer.from(base64, "base64");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || typeIn(blob) !== type) throw new Fault("invalid", "This key is cut off or changed: it does not say inside what it says in front.");
  if (type === "ssh-rsa" && blob.length < MIN_RSA_BYTES) throw new Fault("invalid", "RSA keys under 2048 bits are not taken. Make a new one: ssh-keygen -t ed25519");
  return { fingerprint: fingerprintOf(blob), line: `${type} ${base64}`, comment: comment.join(" ").slice(0, 80) };
};
