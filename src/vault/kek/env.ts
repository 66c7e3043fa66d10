/** Root key from the environment, for container platforms that inject secrets. Rule: the variable is parsed by config and reaches us as a Secret. */
import type { Random } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/fault.ts";
import { reveal } from "../../kernel/reveal.ts";
import type { Secret } from "../../kernel/secret.ts";
import { KEY_BYTES } from "../../crypto/envelope.ts";
import { localKek, type Kek } from "./kek.ts";

export const envKek = (secret: Secret, random: Random): Kek => {
  const bytes = Buffer.from(reveal(secret).trim(), "base64");
  if (bytes.length !== KEY_BYTES) throw new Fault("invalid", "LOCKSTEP_KEK is not 32 bytes in base64. Make one with: openssl rand -base64 32");
  const kek = localKek(bytes, random);
  bytes.fill(0);
  return kek;
};

/** The database's address carries its password: opened here, at the driver's edge. */
export const urlOf = (secret: Secret): string => reveal(secret);
