/** The gap check: the whole log, first to last, in turns. Rule: a turn is one short transaction; a run that died goes on where its row says. */
import { Fault } from "../kernel/fault.ts";
import { newId, type CheckId } from "../kernel/ids.ts";
import { sha256Hex } from "../crypto/envelope.ts";
import { endWalk, follow, type Link, type Walked } from "../domain/audit-chain.ts";
import { may } from "../domain/may.ts";
import * as checks from "../store/checks.ts";
import type { CheckRow } from "../store/checks.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as events from "../store/events.ts";
import type { Deps } from "./deps.ts";
import { actor, broker, record, type Caller } from "./record.ts";

/** Events a turn. */
const TURN = 500;

/** Begins one, or joins the one that is running. */
export const openCheck = (deps: Deps, caller: Caller): Promise<CheckId> => deps.db.transaction(async (tx) => {
  if (!may(caller.person, "audit.check")) throw new Fault("forbidden", "The audit log is checked by auditors and admins.");
  const running = await checks.running(tx);
  if (running) return running.id;
  const id = newId("check", deps.random), upTo = (await events.head(tx))?.index ?? -1;
  if (!(await checks.open(tx, { id, by: caller.person.id, upTo, hash: events.GENESIS }))) throw new Fault("conflict", "A check was begun a moment ago. Look at that one.");
  await record(deps, tx, { what: "audit.checked", who: actor(caller), about: { check: id }, outcome: "intent", facts: { up_to: upTo } });
  tx.onCommit(() => deps.bus.publish("audit-checks"));
  return id;
});

/** One turn of the running check. False: there is nothing to go on with. */
export const workCheck = (deps: Deps): Promise<boolean> => deps.db.transaction(async (tx) => {
  const c = await checks.take(tx);
  if (!c) return false;
  const rows = (await events.sequenced(tx, c.next - 1, TURN)).filter((r) => r.index! <= c.upTo), walked = follow(c, rows.map(linkOf));
  if (rows.length === TURN) await keep(tx, c.id, walked);
  else await conclude(deps, tx, c, walked);
  tx.onCommit(() => deps.bus.publish(c.id));
  return rows.length === TURN;
});
const linkOf = (r: events.EventRow): Link => ({ index: r.index!, prevHash: r.prevHash, hash: r.hash, own: sha256Hex(events.canonicalRow(r, r.index!, r.prevHash ?? "")) });
const keep = (tx: Tx, id: CheckId, { next, hash, events: n, faults, findings }: Walked) => checks.save(tx, id, { next, hash, events: n, faults, findings: [...findings] });

const conclude = async (deps: Deps, tx: Tx, c: CheckRow, walked: Walked): Promise<void> => {
  const before = await checks.lastWhole(tx), known = before && before.events > 0 ? { index: before.next - 1, hash: before.hash, now: await events.hashAt(tx, before.next - 1) } : null;
  const end = endWalk(walked, c.upTo, known), { waiting, since } = await events.unnumbered(tx), state = end.faults === 0 ? "whole" as const : "broken" as const;
  await keep(tx, c.id, end);
  await checks.save(tx, c.id, { state, waiting, waitingSince: since, endedAt: tx.now });
  const first = end.findings[0];
  await record(deps, tx, { what: "audit.checked", who: broker("audit"), about: { check: c.id, person: c.by }, outcome: state === "whole" ? "ok" : "failed", ...(first ? { why: `number ${first.at}: ${first.why}` } : {}), facts: { events: end.events, last: end.next - 1, head: end.hash, faults: end.faults, unnumbered: waiting } });
};

const reads = (caller: Caller): void => { if (!may(caller.person, "audit.read")) throw new Fault("forbidden", "The audit log is for auditors and admins."); };
export const checkOne = async (db: Reader, caller: Caller, id: string): Promise<CheckRow> => {
  reads(caller);
  const c = await checks.find(db, id as CheckId);
  if (!c) throw new Fault("not_found", "No such check.");
  return c;
};
export const checkList = async (db: Reader, caller: Caller): Promise<CheckRow[]> => { reads(caller); return checks.list(db); };
