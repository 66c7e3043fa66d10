/** A person's own login password. Rule: changing it ends every other login of theirs. */
import { Fault } from "../kernel/fault.ts";
import type { PersonId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Person } from "../domain/person.ts";
import * as people from "../store/people.ts";
import type { Tx } from "../store/db.ts";
import type { From, IdentityDeps } from "./deps.ts";
import { actorOf, LOCK_AFTER } from "./login.ts";
import { brokenLoginRules, checkPassword, COST, hashPassword, samePassword, type Cost } from "./secrets.ts";
import { endSessionsOf, openSession, type Opened } from "./sessions.ts";

/** For `init`, `people add` and the seed: no old password is asked for, and the caller writes the event. */
export const setPassword = async (tx: Tx, person: PersonId, password: Secret, cost: Cost = COST): Promise<void> =>
  people.setPassword(tx, person, await hashPassword(password, cost));

export const requireGoodPassword = (password: Secret, login: string): void => {
  const broken = brokenLoginRules(password, login);
  if (broken.length > 0) throw new Fault("invalid", `The new password needs: ${broken.join("; ")}.`);
};

type Change = { readonly person: Person; readonly old: Secret; readonly fresh: Secret } & From;

/** Returns the session that goes on; all others of this person are over. */
export const changePassword = async (deps: IdentityDeps, change: Change): Promise<Opened> => {
  const done = await deps.turns.take(`name/${change.person.name}`, change.address, () => judged(deps, change));
  if (done === null) throw new Fault("too_many", "Too many logins are being judged at this moment. Try again in a few seconds.");
  return done;
};
const judged = async (deps: IdentityDeps, { person, old, fresh, ...from }: Change): Promise<Opened> => {
  const { passwordHash, lockedUntil } = await people.credentialsOf(deps.db, person.id);
  if (lockedUntil && lockedUntil > deps.clock.now()) throw new Fault("too_many", "Too many wrong passwords. Wait a quarter of an hour.");
  if (!await checkPassword(passwordHash, old, deps.cost ?? COST)) {
    await deps.db.transaction(async (tx) => {
      await people.loginFailed(tx, person.id, LOCK_AFTER, new Date(tx.now.getTime() + deps.times.lockout));
      await deps.record(tx, { what: "login.refused", who: actorOf(person, from), about: { person: person.id }, outcome: "refused", why: "wrong present password at a change of password" });
    });
    throw new Fault("invalid", "The present password is wrong.");
  }
  if (samePassword(old, fresh)) throw new Fault("invalid", "The new password is the present one.");
  requireGoodPassword(fresh, person.name);
  const hashed = await hashPassword(fresh, deps.cost ?? COST);
  return deps.db.transaction(async (tx) => {
    await people.setPassword(tx, person.id, hashed);
    await people.loginWorked(tx, person.id);
    await endSessionsOf(tx, person.id);
    await deps.record(tx, { what: "person.changed", who: actorOf(person, from), about: { person: person.id }, outcome: "ok", why: "login password changed" });
    return openSession(deps, tx, person.id, from.address, true);
  });
};
