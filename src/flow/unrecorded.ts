/** What had to happen while the database was away. Rule: cutting is the one effect that may come before its event; it is fsynced to the journal first and told the database as soon as there is one. */
import { Fault } from "../kernel/fault.ts";
import type { EventId, SessionId } from "../kernel/ids.ts";
import { sha256Hex } from "../crypto/envelope.ts";
import type { Actor } from "../domain/audit.ts";
import * as events from "../store/events.ts";
import * as sessions from "../store/sessions.ts";
import type { CutLine } from "../vault/journal.ts";
import type { Deps } from "./deps.ts";
import { actor, broker, type Caller } from "./record.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms).unref(); });

/** Again until the database takes it; a Fault is an answer. After a crash the start-up settles what this still waited for. */
export const untilWritten = async <T>(deps: Pick<Deps, "times" | "log">, what: string, work: () => Promise<T>): Promise<T> => {
  for (let told = false; ; told = true) {
    try { return await work(); } catch (e) {
      if (e instanceof Fault) throw e;
      if (!told) deps.log("error", `${what} is not written down yet: ${e instanceof Error ? e.message : String(e)}`);
    }
    await pause(deps.times.retryFirst);
  }
};

/** The same line gives the same event: replayed twice it is there once. */
const eventOf = (line: CutLine): EventId => `evt_${sha256Hex(`${line.session} ${line.at} ${line.why}`).slice(0, 20)}` as EventId;

/** False: it was there already. */
const tell = (deps: Pick<Deps, "db" | "bus">, line: CutLine): Promise<boolean> => deps.db.transaction(async (tx) => {
  const id = line.session as SessionId, s = await sessions.find(tx, id);
  const who = (line.who as Actor | undefined) ?? broker("journal");
  const about = s ? { session: id, request: s.request, account: s.account, target: s.target, person: s.person } : { session: id };
  if (s && s.state !== "ended") await sessions.markCut(tx, id, "killed", who.kind === "person" ? who.name : "journal");
  tx.onCommit(() => deps.bus.publish("events"));
  return events.bringBack(tx, eventOf(line), new Date(line.at), { what: "session.cut", who, about, outcome: "ok", why: line.why, facts: { recorded: "late: the database was away" } });
});

/** law cut-off 2, with the database down: cut what this node owns, journal it, and tell the database when it is back. False: not ours. */
export const cutFirst = async (deps: Deps, by: Caller, session: SessionId, message: string, why: string): Promise<boolean> => {
  if (!(await deps.cut(session, "killed", message))) return false;
  const line: CutLine = { kind: "cut", session, why, at: deps.clock.now().toISOString(), who: actor(by) };
  await deps.journal.append(line);
  void untilWritten(deps, `the cut of ${session}`, () => tell(deps, line));
  return true;
};

/** At a start: cuts the database was never told of. */
export const replayCuts = async (deps: Pick<Deps, "db" | "bus">, lines: readonly CutLine[]): Promise<number> => {
  let back = 0;
  for (const line of lines) if (await tell(deps, line)) back += 1;
  return back;
};
