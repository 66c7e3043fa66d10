/** A database and what identity needs around it. Cheap argon2, real keyring. */
import { openAsBlob } from "node:fs";
import { systemClock, systemRandom } from "../../src/kernel/clock.ts";
import { newId, type PersonId } from "../../src/kernel/ids.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { times } from "../../src/kernel/times.ts";
import type { Role } from "../../src/domain/person.ts";
import { openBytes, sealBytes, asSealed } from "../../src/crypto/envelope.ts";
import { revealBytes } from "../../src/kernel/reveal.ts";
import type { IdentityDeps, Vaulted } from "../../src/identity/deps.ts";
import { addressGate } from "../../src/identity/gate.ts";
import { turns } from "../../src/identity/turns.ts";
import { setPassword } from "../../src/identity/passwords.ts";
import { openEmbedded, type Db } from "../../src/store/db.ts";
import { append, list } from "../../src/store/events.ts";
import * as people from "../../src/store/people.ts";
import { migrated } from "../store/migrated.ts";

export const CHEAP = { memoryCost: 64, timeCost: 1, parallelism: 1 };
export const PASSWORD = "correct horse battery";

export const vaulted = (): Vaulted => {
  const key = systemRandom.bytes(32);
  return {
    seal: (purpose, context, secret) => sealBytes(key, Buffer.from(`${purpose}|${context}`), revealBytes(secret), systemRandom),
    open: (purpose, context, box) => Secret.ofBytes(openBytes(key, Buffer.from(`${purpose}|${context}`), asSealed(box))),
  };
};

export const openDb = async (): Promise<Db> => openEmbedded(undefined, await openAsBlob(await migrated()));

export const identityOf = (db: Db, over: Partial<IdentityDeps> = {}): IdentityDeps => ({
  db, clock: systemClock, random: systemRandom, times: times(), vaulted: vaulted(), cost: CHEAP, issuer: "Lockstep",
  record: (tx, event) => append(tx, newId("event", systemRandom), event), gate: addressGate(times(), systemRandom), turns: turns(), ...over,
});

export const addPerson = async (db: Db, name: string, roles: readonly Role[], password = PASSWORD): Promise<PersonId> => {
  const id = newId("person", systemRandom);
  await db.transaction(async (tx) => {
    await people.add(tx, { id, name, fullName: `${name[0]!.toUpperCase()}${name.slice(1)}`, mail: null, subject: null, employeeNo: null, roles, disabled: false }, null);
    await setPassword(tx, id, Secret.of(password), CHEAP);
  });
  return id;
};

export const eventsOf = async (db: Db, about: string): Promise<string[]> =>
  (await list(db, { about })).reverse().map((e) => `${e.what} ${e.outcome}${e.why ? `: ${e.why}` : ""}`);
