/**
 * Locks: set and lifted by admins, with a reason. Rule: one piece for every kind; it ends live access in its own transaction, cuts within a second
 * of the commit and refuses what begins after it. `accounts.block` and `targets.locked` are its shadows, for those who only read these rows.
 */
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId, type LockId, type PersonId, type TargetId } from "../kernel/ids.ts";
import { EVERYTHING, type Lock, type LockKind } from "../domain/lock.ts";
import { may } from "../domain/may.ts";
import { samePerson, type Person } from "../domain/person.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as locks from "../store/locks.ts";
import * as people from "../store/people.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import { endAccess } from "./end-access.ts";
import { actor, record, type Caller } from "./record.ts";
import { atRest } from "./untried.ts";

export type LockInput = { readonly kind: LockKind; /** An id or a name; nothing for everything. */ readonly subject: string; readonly reason: string };
type Named = { readonly id: string; readonly name: string };

const resolve = async (db: Reader, kind: LockKind, text: string): Promise<Named | null> => {
  switch (kind) {
    case "broker": return { id: EVERYTHING, name: "everything" };
    case "person": { const p = text.startsWith("per_") ? await people.find(db, text as PersonId) : await people.named(db, text); return p && { id: p.id, name: p.name }; }
    case "target": { const t = text.startsWith("tgt_") ? await targets.find(db, text as TargetId) : await targets.named(db, text); return t && { id: t.id, name: t.name }; }
    case "account": { const a = text.startsWith("acc_") ? await accounts.find(db, text as AccountId) : await accounts.named(db, text); return a && { id: a.id, name: a.name }; }
  }
};

const refuse = (caller: Caller): void => { if (!may(caller.person, "lock.set")) throw new Fault("forbidden", "Locks are set and lifted by admins. An auditor may end a live session."); };

export const setLock = (deps: Deps, caller: Caller, input: LockInput): Promise<Lock> => deps.db.transaction(async (tx) => {
  refuse(caller);
  if (input.reason.trim().length < 3) throw new Fault("invalid", "Say why, in three or more characters: whoever it stops reads it.");
  await locks.gate(tx, "lock");
  const on = await resolve(tx, input.kind, input.subject);
  if (!on) throw new Fault("not_found", `There is no ${input.kind} "${input.subject}".`);
  if (input.kind === "person" && samePerson((await people.find(tx, on.id as PersonId))!, caller.person)) throw new Fault("conflict", "You cannot lock yourself out; another admin can.");
  const id = newId("lock", deps.random), reason = input.reason.trim();
  await locks.set(tx, { id, kind: input.kind, subject: on.id, reason, setBy: caller.person.id });
  await shadow(tx, input.kind, on.id, true);
  const ended = await endAccess(deps, tx, caller, { kind: input.kind, id: on.id, reason, said: `an administrator locked this: ${reason}` });
  await record(deps, tx, { what: "lock.set", who: actor(caller), about: { lock: id, ...(input.kind === "broker" ? {} : { [input.kind]: on.id }) }, outcome: "ok", why: reason, facts: { kind: input.kind, name: on.name, ...ended } });
  tx.onCommit(() => { for (const topic of ["people", "requests", "news"]) deps.bus.publish(topic); });
  return (await locks.find(tx, id))!;
});

/** What others read of it without asking here. A changed identity stays (it stops more), and so does `disabled`: nothing else remembers its owner's word. */
const shadow = async (tx: Tx, kind: LockKind, id: string, locked: boolean): Promise<void> => {
  if (kind === "target") await targets.change(tx, id as TargetId, { locked });
  if (kind !== "account") return;
  const a = await accounts.lock(tx, id as AccountId), target = (await targets.find(tx, a.target))!;
  if (locked && a.block !== "identity_changed" && a.block !== "disabled") await accounts.setBlock(tx, a.id, "locked");
  if (!locked && a.block === "locked") await accounts.setBlock(tx, a.id, await atRest(tx, a, target));
};

export const liftLock = (deps: Deps, caller: Caller, id: LockId, reason: string): Promise<Lock> => deps.db.transaction(async (tx) => {
  refuse(caller);
  await locks.gate(tx, "lock");
  const l = await locks.find(tx, id);
  if (!l) throw new Fault("not_found", "No such lock.");
  if (!(await locks.lift(tx, id, caller.person.id, reason.trim()))) throw new Fault("conflict", "This lock was lifted already.");
  await shadow(tx, l.kind, l.subject, false);
  await record(deps, tx, { what: "lock.lifted", who: actor(caller), about: { lock: id, ...(l.kind === "broker" ? {} : { [l.kind]: l.subject }) }, outcome: "ok", ...(reason.trim() ? { why: reason.trim() } : {}), facts: { kind: l.kind } });
  tx.onCommit(() => { for (const topic of ["people", "requests", "rotations"]) deps.bus.publish(topic); });
  return (await locks.find(tx, id))!;
});

/** For the pages and verbs that know the thing and not its lock. */
export const liftFrom = async (deps: Deps, caller: Caller, kind: LockKind, subject: string, reason: string): Promise<void> => {
  const l = await locks.standingOn(deps.db, kind, subject);
  if (l) await liftLock(deps, caller, l.id, reason);
};

export type LockLine = { readonly lock: Lock; readonly name: string; readonly setBy: string; readonly liftedBy: string | null };
const seen = async (db: Reader, person: Person, list: readonly Lock[]): Promise<LockLine[]> => {
  if (!may(person, "lock.see")) throw new Fault("forbidden", "Locks are for admins and auditors.");
  const who = await people.byId(db), where = new Map((await targets.all(db)).map((t) => [t.id as string, t.name]));
  const nameOf = async (l: Lock): Promise<string> => {
    if (l.kind === "broker") return "everything";
    if (l.kind === "account") { const a = await accounts.find(db, l.subject as AccountId); return a ? `${a.name}@${where.get(a.target) ?? "?"}` : l.subject; }
    return (l.kind === "person" ? who.get(l.subject as PersonId)?.name : where.get(l.subject)) ?? l.subject;
  };
  return Promise.all(list.map(async (lock) => ({ lock, name: await nameOf(lock), setBy: who.get(lock.setBy)?.name ?? "?", liftedBy: lock.lifted ? who.get(lock.lifted.by)?.name ?? "?" : null })));
};
export const lockList = async (db: Reader, person: Person, standing: boolean): Promise<LockLine[]> => seen(db, person, await locks.list(db, standing));
export const lockLine = async (db: Reader, person: Person, id: LockId): Promise<LockLine> => {
  const lock = await locks.find(db, id), [line] = await seen(db, person, lock ? [lock] : []);
  if (!line) throw new Fault("not_found", "No such lock.");
  return line;
};
