/**
 * Logging in by an OpenSSH certificate. Rule: what a certificate says counts only when an authority of ours signed it for this very name, for
 * now and for here; what we do not understand in it and must, refuses it.
 */
import { fingerprintOf } from "./ssh-keys.ts";
import { isSigned, parseCertificate, type Certificate } from "../crypto/ssh-certificate.ts";
import { equalBytes } from "../crypto/envelope.ts";
import { Fields } from "../crypto/ssh-blob.ts";
import * as people from "../store/people.ts";
import { NOTHING_REVOKED, type Authorities, type Revoked } from "./authorities.ts";
import type { From, IdentityDeps } from "./deps.ts";
import { factorRefused, firstFactor, BUSY_HERE, type LoginResult } from "./login.ts";
import { isFrom } from "../domain/networks.ts";

const isRevoked = (c: Certificate, { serials, ids, keys }: Revoked): boolean =>
  serials.some(([from, to]) => c.serial >= from && c.serial <= to) || ids.includes(c.id)
    || [c.key, c.authority].some((k) => keys.includes(fingerprintOf(k)));

/** The option that binds it to networks; anything else that is critical is not understood. */
const SOURCE = "source-address";
const fromElsewhere = (c: Certificate, address: string): boolean => {
  const data = c.critical.get(SOURCE);
  if (data === undefined) return false;
  const f = new Fields(data), list = f.text();
  return list === undefined || list === "" || !f.done || !isFrom(address, list.split(","));
};

/** Why it does not let this name in from there now, or null. */
export const objection = (c: Certificate, { keys, revoked }: Authorities, name: string, address: string, now: Date): string | null => {
  const second = BigInt(Math.floor(now.getTime() / 1_000)), unknown = [...c.critical.keys()].filter((k) => k !== SOURCE);
  if (!keys.some((k) => equalBytes(k, c.authority))) return "certificate of another authority";
  if (!isSigned(c)) return "certificate was altered, or signed in a way that proves nothing";
  if (c.kind !== "user") return "certificate of a host";
  if (isRevoked(c, revoked)) return "certificate was revoked";
  if (!c.principals.includes(name)) return "certificate for another name";
  if (second < c.after) return "certificate is not valid yet";
  if (second >= c.before) return "certificate has expired";
  if (unknown.length > 0) return `certificate demands what is not known here: ${unknown.join(", ").slice(0, 100)}`;
  return fromElsewhere(c, address) ? "certificate is not for this address" : null;
};

/** An authority file that cannot be read lets nobody in; the reason is for the log, not for whoever knocks. */
const trusted = (deps: IdentityDeps): Authorities | string => {
  try { return deps.authorities?.() ?? { keys: [], revoked: NOTHING_REVOKED };
    } catch (e) { return e instanceof Error ? e.message : "the authorities cannot be read"; }
};
const refusal = (deps: IdentityDeps, c: Certificate | undefined, name: string, address: string, now: Date): string | null => {
  const authorities = trusted(deps);
  if (typeof authorities === "string") return authorities;
  return c === undefined ? "not a certificate" : objection(c, authorities, name, address, now);
};

/** By certificate, whose key has proved itself to the caller. It is one factor; roles that need two still give a code. */
export const certificateLogin = async (deps: IdentityDeps, { name, certificate,
  ...from }: { name: string; certificate: Buffer } & From): Promise<LoginResult> => {
  if (!await deps.gate.open(from.address)) return BUSY_HERE;
  const person = await people.named(deps.db, name), c = parseCertificate(certificate),
    now = await deps.db.transaction((tx) => Promise.resolve(tx.now));
  const why = refusal(deps, c, name, from.address, now) ?? (!person ? "unknown name" : person.disabled ? "disabled" : null);
  if (person && c && why === null) return firstFactor(deps, person, from,
    `certificate ${c.id.slice(0, 80)} (serial ${c.serial}, ${fingerprintOf(c.authority)})`);
  return factorRefused(deps, { person, name, from, why: why ?? "unknown name", fingerprint: c ? fingerprintOf(c.key) : "" });
};
