/** A lost second factor. Rule: law no-way-round-4: a reset is a credential change, so it waits for a second person where it helps its author; every login of the person ends. */
import { Fault } from "../kernel/fault.ts";
import type { PersonId } from "../kernel/ids.ts";
import { may } from "../domain/may.ts";
import * as logins from "../store/logins.ts";
import * as people from "../store/people.ts";
import type { Deps } from "./deps.ts";
import { noteChange } from "./four-eyes.ts";
import { actor, record, type Caller } from "./record.ts";

/** At the next login of a role that needs one, the portal has them set up another. */
export const resetSecondFactor = (deps: Pick<Deps, "db" | "random" | "eventJournal" | "bus">, caller: Caller, id: PersonId): Promise<void> => deps.db.transaction(async (tx) => {
  if (!may(caller.person, "person.manage")) throw new Fault("forbidden", "Only admins do that.");
  const person = await people.find(tx, id);
  if (!person) throw new Fault("not_found", "No such person.");
  if (id === caller.person.id) throw new Fault("conflict", "You cannot take your own second factor away; another admin can.");
  if (!person.totp) throw new Fault("conflict", `${person.name} has no second factor set up.`);
  await people.setTotp(tx, id, null);
  await logins.endAllOf(tx, id);
  await noteChange(deps, tx, caller, id, `second factor of ${person.name} reset`);
  await record(deps, tx, { what: "person.changed", who: actor(caller), about: { person: id }, outcome: "ok", why: "second factor reset" });
});
