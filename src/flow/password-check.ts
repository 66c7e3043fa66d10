/** The one check of a candidate, whatever asked for the change. Rule: it runs when a rotation is prepared, for every trigger and origin; who asks it earlier only spares a person the wait. */
import { currentOf } from "../domain/rotation-facts.ts";
import { keptUntil } from "../domain/password-age.ts";
import type { Connector } from "../connectors/connector.ts";
import type { Bound, PasswordPolicy } from "../domain/password-policy.ts";
import type { Trigger } from "../domain/rotation.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Reader } from "../store/db.ts";
import * as passwordPolicies from "../store/password-policies.ts";
import * as versions from "../store/versions.ts";
import type { SecretRow } from "../store/versions.ts";
import { brokenBy, repeats } from "../vault/generate.ts";
import type { Deps } from "./deps.ts";
import type { World } from "./rotation-load.ts";
import { openVersion } from "./secrets.ts";

export const policyOf = (db: Reader, w: Pick<World, "account" | "target">): Promise<Bound> => passwordPolicies.of(db, w.account, w.target);

/** What was in force once, newest last: a candidate that never was stands in nobody's way. */
const WAS = ["current", "previous", "older", "declared"];
const earlier = (db: Reader, w: Pick<World, "versions">, but: string | null, policy: Bound["policy"]): Promise<SecretRow[]> =>
  versions.many(db, w.versions.filter((v) => v.id !== but && WAS.includes(v.status)).slice(-Math.max(1, policy.history)).map((v) => v.id));

/** Of a key its form alone is judged. */
export const brokenFor = (c: Pick<Connector, "forbidden" | "keys">, secret: Secret, policy: PasswordPolicy, login: string): string[] =>
  c.keys === undefined ? brokenBy(secret, policy, login, c.forbidden) : [c.keys.objection(secret)].filter((o) => o !== undefined);

/** Every broken rule as a sentence. Older passwords are opened, compared in the vault and wiped; which of them it was is not told. */
export const brokenRulesOf = async (deps: Pick<Deps, "keyring">, db: Reader, w: World, { policy }: Bound, secret: Secret, version: string | null): Promise<string[]> => {
  const broken = brokenFor(w.connector, secret, policy, w.account.name), old = (await earlier(db, w, version, policy)).map((v) => openVersion(deps, v));
  if (repeats(secret, old)) broken.push(policy.history > 1 ? `to differ from the last ${policy.history}` : "to differ from the one before");
  for (const e of old) e.wipe();
  return broken;
};

/** The sentence of a minimum age that is not over, or null. */
export const keptStill = (deps: Pick<Deps, "times">, w: World, { policy }: Bound, trigger: Trigger, now: Date): string | null => {
  const current = currentOf(w.facts), since = w.versions.find((v) => v.id === current && v.status === "current")?.createdAt ?? null;
  const until = keptUntil(policy, trigger, since, now, deps.times);
  return until && `its policy ${policy.name} keeps a password for ${policy.minAgeHours} h: this one until ${until.toISOString()}`;
};
