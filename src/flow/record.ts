/** One event in the transaction of its step, and who is told of it. Rule: law event-same-transaction: no event, no effect. */
import { newId, type PersonId } from "../kernel/ids.ts";
import type { Actor, AuditEvent } from "../domain/audit.ts";
import type { Person } from "../domain/person.ts";
import { append } from "../store/events.ts";
import type { Tx } from "../store/db.ts";
import { announce } from "./announce.ts";
import type { Deps } from "./deps.ts";

/** What may change who somebody is, or whether they are in. */
const OF_PEOPLE = /^(person|token|group|change)\.|^logout$/;

export const record = async (deps: Pick<Deps, "random" | "eventJournal" | "bus">, tx: Tx, event: AuditEvent): Promise<void> => {
  const id = newId("event", deps.random);
  await append(tx, id, event);
  await announce(deps, tx, event);
  const journal = deps.eventJournal;
  // PGlite never fsyncs: the journal's group commit is what survives a power cut.
  if (journal) tx.onCommit(() => journal.append({ kind: "event", row: { id, at: tx.now.toISOString(), ...event } }));
  tx.onCommit(() => {
    deps.bus.publish("events");
    if (OF_PEOPLE.test(event.what)) deps.bus.publish("people");
    for (const topic of Object.values(event.about)) deps.bus.publish(topic);
  });
};

export type Caller = { readonly person: Person; readonly address: string; readonly means: "portal" | "api" | "ssh" | "cli" };
/** A person, or whoever runs the machine the broker is on. */
export type Asker = Caller | "operator";
export const askerOf = (a: Asker): Actor => (a === "operator" ? broker("operator") : actor(a));
export const actor = (c: Caller): Actor => ({ kind: "person", id: c.person.id, name: c.person.name, address: c.address, means: c.means });
export const broker = (part: string): Actor => ({ kind: "broker", part });
export const byId = (c: Caller): PersonId => c.person.id;
