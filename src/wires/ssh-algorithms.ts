/**
 * What we offer and what we accept. Rule: always explicit (ssh2's defaults offer ssh-rsa, dss and SHA-1), never SHA-1 in either direction.
 */
import type { Algorithms } from "./ssh-tuned.ts";
import { brokenCiphers } from "./ssh-tuned.ts";

type Hard = {
  kex: Extract<Algorithms["kex"], readonly unknown[]>;
  cipher: Extract<Algorithms["cipher"], readonly unknown[]>;
  serverHostKey: Extract<Algorithms["serverHostKey"], readonly unknown[]>;
  hmac: Extract<Algorithms["hmac"], readonly unknown[]>;
  compress: Extract<Algorithms["compress"], readonly unknown[]>;
};

const cipher: Hard["cipher"] = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr"];
if (!brokenCiphers()) cipher.splice(2, 0, "chacha20-poly1305@openssh.com");

/** For people who come to us. */
const server: Hard = {
  kex: ["curve25519-sha256", "curve25519-sha256@libssh.org", "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512"],
  cipher,
  serverHostKey: ["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"],
  compress: ["none"],
};

/** For targets, which are older than we like: wider, still without SHA-1. */
const target: Hard = {
  kex: [...server.kex, "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521", "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group15-sha512", "diffie-hellman-group17-sha512", "diffie-hellman-group14-sha256"],
  cipher,
  serverHostKey: ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256"],
  hmac: [...server.hmac, "hmac-sha2-256", "hmac-sha2-512"],
  compress: ["none"],
};

export const ALGORITHMS = { server, target } as const;

/** Only the signature kinds a pinned key can make, so a target with several keys shows the one we know. */
export const hostKeyKinds = (types: readonly string[]): Hard["serverHostKey"] =>
  target.serverHostKey.filter((kind) => types.includes(kind.startsWith("rsa-") ? "ssh-rsa" : kind));
