/** Dependents and their runs as people see them, and what a person may do to a run that does not end well. Rule: a move is legal by the domain's word, under the account's lock. */
import { Fault } from "../kernel/fault.ts";
import type { AccountId, DependentRunId, RotationId } from "../kernel/ids.ts";
import { movesOf, needsPerson, type RunMove } from "../domain/dependent-absorb.ts";
import { again, inWords, skip, type Dependent, type Run } from "../domain/dependent.ts";
import { may } from "../domain/may.ts";
import { OPEN, type Rotation } from "../domain/rotation.ts";
import { samePerson } from "../domain/person.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader } from "../store/db.ts";
import * as store from "../store/dependents.ts";
import * as people from "../store/people.ts";
import * as rotations from "../store/rotations.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import { dependentsOf, someoneElse } from "./dependents.ts";
import { managedBy } from "./managed-by.ts";
import { actor, record, type Caller } from "./record.ts";

export type DependentLine = Dependent & { readonly targetName: string; readonly says: string; readonly byName: string; readonly acceptedByName: string | null; readonly accountName: string; readonly mayAccept: boolean };
const lines = async (db: Reader, caller: Caller, list: readonly Dependent[]): Promise<DependentLine[]> => {
  const everyone = await people.byId(db), on = new Map((await targets.all(db)).map((t) => [t.id, t.name])), names = await store.namesOf(db, list.map((d) => d.account));
  return list.map((d) => ({
    ...d, targetName: on.get(d.target) ?? "?", says: inWords(d.what), byName: everyone.get(d.by)?.name ?? "", acceptedByName: d.accepted && (everyone.get(d.accepted.by)?.name ?? ""), accountName: names.get(d.account) ?? "?",
    mayAccept: d.accepted === null && may(caller.person, "dependent.accept") && (!samePerson(everyone.get(d.by)!, caller.person) || !someoneElse(everyone, caller)),
  }));
};
export const dependentList = async (db: Reader, caller: Caller, account: string): Promise<DependentLine[]> => lines(db, caller, await store.of(db, (await dependentsOf(db, caller, account)).account.id));
/** What waits for somebody to accept it. */
export const unaccepted = async (db: Reader, caller: Caller): Promise<DependentLine[]> => (may(caller.person, "dependent.accept") ? lines(db, caller, await store.unaccepted(db)) : []);

export type RunLine = { readonly run: Run; readonly says: string; readonly on: string; readonly account: string; readonly moves: readonly RunMove[]; readonly held: string | null };
const isOpen = (r: Rotation | null): boolean => r !== null && (OPEN as readonly string[]).includes(r.state);
/** `acts`: whether this person may move any of it. */
const runLines = async (db: Reader, runs: readonly Run[], acts: (account: AccountId) => Promise<boolean>): Promise<RunLine[]> => {
  const known = await store.named(db, runs.map((r) => r.dependent)), on = new Map((await targets.all(db)).map((t) => [t.id, t.name])), names = await store.namesOf(db, runs.map((r) => r.account));
  const says = (r: Run): string => inWords(known.get(r.dependent)!.what);
  return Promise.all(runs.map(async (run): Promise<RunLine> => {
    const rotation = await rotations.find(db, run.rotation), before = runs.find((o) => o.rotation === run.rotation && o.phase === run.phase && o.no < run.no && !o.goOn && (o.state === "failed" || o.state === "unknown"));
    return { run, says: says(run), on: on.get(run.target) ?? "?", account: names.get(run.account) ?? "?", held: run.state === "waiting" && before ? says(before) : null,
      moves: await acts(run.account) ? movesOf(run, isOpen(rotation)) : [] };
  }));
};
const mayAct = (db: Reader, caller: Caller) => (account: AccountId): Promise<boolean> => managedBy(db, caller, account, "account.rotate").then(() => true, () => false);
/** Of one change; whoever may see the change may see them. */
export const runsOfRotation = async (db: Reader, caller: Caller, rotation: RotationId): Promise<RunLine[]> => runLines(db, await store.runsOf(db, rotation), mayAct(db, caller));
/** What failed, is unknown or waits after a change, worst first; of accounts this person may see. */
export const troubledRuns = async (db: Reader, caller: Caller): Promise<RunLine[]> => {
  const all = await store.troubled(db), owners = new Map((await targets.all(db)).map((t) => [t.id, t.owner])), visible: Run[] = [];
  for (const r of all) { const account = await accounts.find(db, r.account); if (account && may(caller.person, "account.history", { owner: owners.get(account.target) ?? null })) visible.push(r); }
  return (await runLines(db, visible, mayAct(db, caller))).sort((a, b) => Number(needsPerson(b.run)) - Number(needsPerson(a.run)));
};

/** again: once more, now. skip: it was done by hand, or is not wanted; what waits behind it goes on. */
export const moveRun = (deps: Pick<Deps, "db" | "random" | "eventJournal" | "bus" | "passive">, caller: Caller, id: DependentRunId, move: RunMove): Promise<RotationId> => deps.db.transaction(async (tx) => {
  const seen = await store.findRun(tx, id);
  if (!seen) throw new Fault("not_found", "No such run.");
  await managedBy(tx, caller, seen.account, "account.rotate");
  if (deps.passive.why) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
  await accounts.lock(tx, seen.account);
  const run = (await store.findRun(tx, id))!, rotation = await rotations.find(tx, run.rotation);
  if (!movesOf(run, isOpen(rotation)).includes(move)) throw new Fault("conflict", `That cannot be done to a run that is ${run.state} now. Look at its page again.`);
  const step = move === "again" ? again(run as Run<"failed" | "unknown">) : skip(run as Run<"failed" | "unknown" | "waiting">, `left to ${caller.person.name}`, tx.now);
  if (!(await store.save(tx, step))) throw new Fault("conflict", "Somebody else was first. Look again.");
  await record(deps, tx, { what: "dependent.settled", who: actor(caller), about: { account: run.account, rotation: run.rotation, dependent: run.dependent, run: run.id, target: run.target }, outcome: "ok", facts: { move, from: run.state, phase: run.phase } });
  if (run.phase === "before") await store.wakeRotation(tx, run.rotation);
  tx.onCommit(() => { for (const topic of ["dependents", "rotations", run.rotation]) deps.bus.publish(topic); });
  return run.rotation;
});
