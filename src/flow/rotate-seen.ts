/** "Rotate everything this person has seen". Rule: exposure cuts, then opens; one account a transaction, each with its own result; a run that died goes on where its rows say. */
import { Fault } from "../kernel/fault.ts";
import { newId, type AccountId, type RotationId, type RunId } from "../kernel/ids.ts";
import type { Account } from "../domain/account.ts";
import { cannotRotate, counted, mayOpen } from "../domain/exposure.ts";
import { may } from "../domain/may.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as exposures from "../store/exposures.ts";
import type { Run, RunAccount } from "../store/exposures.ts";
import * as rotations from "../store/rotations.ts";
import { cutSessions, cutText } from "./cut.ts";
import type { Deps } from "./deps.ts";
import { MOST, seenBy, seesExposures } from "./exposures.ts";
import { actor, broker, record, type Caller } from "./record.ts";
import { openRotation } from "./rotate.ts";

export type SeenWish = { readonly person: string; readonly usedToo: boolean; readonly reason: string };

/** Writes down what is to be changed; the job does it. */
export const rotateSeen = (deps: Deps, caller: Caller, wish: SeenWish): Promise<RunId> => deps.db.transaction(async (tx) => {
  if (!may(caller.person, "exposure.rotate")) throw new Fault("forbidden", "Only admins change other people's accounts in bulk.");
  if (deps.passive.why) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
  const seen = await seenBy(tx, caller, wish.person, wish.usedToo), id = newId("run", deps.random);
  if (seen.list.length === 0) throw new Fault("conflict", `${seen.personName} knows no password that is in force: everything was changed since. There is nothing to do.`);
  await exposures.addRun(tx, { id, person: seen.person, by: caller.person.id, reason: wish.reason, usedToo: wish.usedToo }, seen.list.map((a) => a.account));
  await record(deps, tx, { what: "exposure.rotated", who: actor(caller), about: { run: id, person: seen.person }, outcome: "intent", ...(wish.reason ? { why: wish.reason } : {}), facts: { accounts: seen.list.length, held: seen.list.filter((a) => a.heldBy.length > 0).length, cannot: seen.list.filter((a) => a.cannot !== null).length } });
  tx.onCommit(() => deps.bus.publish("exposure-runs"));
  return id;
});

/** The next account of the oldest run. False: there is none. */
export const workRun = async (deps: Deps): Promise<boolean> => {
  const next = await exposures.nextInRun(deps.db);
  if (!next || deps.passive.why) return false;
  if (next.account === null) await finish(deps, next.run);
  else await oneAccount(deps, next.run, next.account).catch((e: unknown) => refusedBy(deps, next.run, next.account!, e));
  deps.bus.publish(next.run);
  return true;
};

/** A refusal is this account's result and stops nobody else's; anything else is tried again by the sweep. */
const refusedBy = (deps: Deps, run: RunId, account: AccountId, e: unknown): Promise<void> => {
  if (!(e instanceof Fault)) throw e;
  return deps.db.transaction(async (tx) => void await exposures.setResult(tx, run, account, { result: "refused", rotation: null, why: e.message }));
};

const oneAccount = (deps: Deps, run: RunId, id: AccountId): Promise<void> => deps.db.transaction(async (tx) => {
  const account = await accounts.lock(tx, id), r = (await exposures.findRun(tx, run))!, done = await change(deps, tx, r, account);
  if (!(await exposures.setResult(tx, run, id, done))) throw new Fault("conflict", "Another node has done this account.");
  await record(deps, tx, { what: "exposure.rotated", who: broker("exposures"), about: { run, account: id, person: r.person, ...(done.rotation ? { rotation: done.rotation } : {}) }, outcome: done.result === "refused" ? "refused" : "ok", ...(done.why ? { why: done.why } : {}), facts: { result: done.result, asked_by: r.byName } });
});

type Done = { readonly result: exposures.Result; readonly rotation: RotationId | null; readonly why: string | null };
const change = async (deps: Deps, tx: Tx, r: Run, account: Account): Promise<Done> => {
  const standing = (await exposures.ledger(tx, { person: r.person, account: account.id, standing: true, hows: counted(r.usedToo), limit: MOST })).filter((e) => mayOpen(e.force));
  if (standing.length === 0) return { result: "not_needed", rotation: null, why: "it was changed meanwhile" };
  const cannot = cannotRotate(account.credential);
  if (cannot) return { result: "refused", rotation: null, why: cannot };
  const already = await rotations.openOf(tx, account.id), cuts = await cutSessions(deps, tx, account, { part: "exposures", about: { run: r.id }, why: "its password is changed because of an exposure", byName: r.byName });
  const rotation = await openRotation(deps, tx, account, { trigger: "exposure", reason: r.reason || `everything ${r.personName} has seen is changed`, by: r.by });
  return { result: already ? "again" : "opened", rotation, why: [cutText(cuts), account.block === "none" ? "" : "waits: the account is blocked"].filter(Boolean).join("; ") || null };
};
const finish = (deps: Deps, run: RunId): Promise<void> => deps.db.transaction(async (tx) => {
  if (!(await exposures.endRun(tx, run))) return;
  const r = (await exposures.findRun(tx, run))!, list = await exposures.runAccounts(tx, run), of = (result: string) => list.filter((a) => a.result === result).length;
  await record(deps, tx, { what: "exposure.rotated", who: broker("exposures"), about: { run, person: r.person }, outcome: of("refused") > 0 ? "failed" : "ok", facts: { accounts: list.length, opened: of("opened"), again: of("again"), refused: of("refused"), not_needed: of("not_needed"), asked_by: r.byName } });
});

export type RunView = { readonly run: Run; readonly list: readonly RunAccount[] };
export const seenRun = async (db: Reader, caller: Caller, id: string): Promise<RunView> => {
  seesExposures(caller);
  const run = await exposures.findRun(db, id as RunId);
  if (!run) throw new Fault("not_found", "No such run.");
  return { run, list: await exposures.runAccounts(db, run.id) };
};
