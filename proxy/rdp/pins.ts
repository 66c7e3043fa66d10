/**
 * What guacd may trust: lines of FreeRDP's own known_hosts2 in guacd's home. Rule: (law rdp-pinning) guacd is told to trust nothing else, so the
 * check is made by the TLS that carries the password; an address is used for one session and never again, so an old line opens nothing.
 */
import { closeSync, constants, openSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../src/kernel/fault.ts";
import { KNOWN } from "../../src/wires/guacd.ts";

/** Subject and issuer, in base 64: FreeRDP compares the fingerprint and shows these. */
const NOBODY = "Lg==";
const lineOf = (host: string, port: number, certificate: string): string => `${host} ${port} ${certificate.toLowerCase()} ${NOBODY} ${NOBODY}\n`;

/** One write of whole lines: they are never mixed with another process's. Throws Fault("unavailable"). */
export const trustOnly = (home: string, at: { readonly host: string; readonly port: number }, certificates: readonly string[]): void => {
  try {
    const lines = Buffer.from(certificates.map((c) => lineOf(at.host, at.port, c)).join("")), fd = openSync(join(home, KNOWN), constants.O_WRONLY | constants.O_APPEND);
    try { if (writeSync(fd, lines) !== lines.length) throw new Error("a part of it was written"); } finally { closeSync(fd); }
  } catch (cause) {
    throw new Fault("unavailable", "guacd cannot be told which certificate to trust, so no desktop is opened: the broker may not write LOCKSTEP_GUACD_HOME.", { cause });
  }
};

/** At the start nothing of an earlier run is trusted. False: it cannot be written. */
export const forgetAll = (home: string): boolean => {
  try { truncateSync(join(home, KNOWN)); return true; } catch { return false; }
};
