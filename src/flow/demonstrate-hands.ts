/**
 * The change itself, line by line. Rules: the candidate is in vault and journal, and its rotation holds the account, before the device is
 * dialled; a line is written down before it leaves and its answer before anybody reads it; whatever happens, the rotation asks the device
 * afterwards which password is in force, as it does for one a person typed. All of it is recorded as a session is (demonstrate-tape.ts).
 */
import type { CommandSetSettings } from "../connectors/command-set.ts";
import { DeviceFailure, failureOf, openHand, readLine, untellable, type Hand } from "../connectors/command-set/hand.ts";
import { asksSecret, lineText, type Part } from "../domain/command-set/index.ts";
import { begin, finish, isState, say, type Demonstration } from "../domain/demonstration.ts";
import { may } from "../domain/may.ts";
import { later, refuse, takeOver, type OpenState, type Rotation } from "../domain/rotation.ts";
import { currentOf } from "../domain/rotation-facts.ts";
import type { Target } from "../domain/target.ts";
import { Fault } from "../kernel/fault.ts";
import { newId, type DemonstrationId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import * as accounts from "../store/accounts.ts";
import * as demonstrations from "../store/demonstrations.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as people from "../store/people.ts";
import * as rotations from "../store/rotations.ts";
import * as targets from "../store/targets.ts";
import * as versions from "../store/versions.ts";
import { refuseHeld } from "./change-password.ts";
import { leftTape, openTape, tapeKept, type Kept } from "./demonstrate-tape.ts";
import { about, dropped, MOVED, seen, standsAgainst, wireOf } from "./demonstrate.ts";
import { candidateOf, kept, known } from "./demonstrate-known.ts";
import type { Deps } from "./deps.ts";
import type { HeldLine, Tape } from "./hands.ts";
import { blockIdentity } from "./identity.ts";
import { actor, broker, record, type Caller } from "./record.ts";
import { openRotation } from "./rotate.ts";
import { prepareCandidate } from "./rotation-candidate.ts";
import { helper, loadWorld } from "./rotation-load.ts";
import { saveStep, underLock } from "./rotation-save.ts";
import { credentialOf } from "./target-calls.ts";

type Open = Demonstration<"open">;

const own = (caller: Caller, d: Demonstration): void => { if (!may(caller.person, "demonstration.show", { requester: d.by })) throw new Fault("forbidden", "Whoever asked for it shows the change, nobody else."); };
/** As of now: whoever is locked, blocked, no longer in charge, or not the one that was approved has no line. */
const stopped = async (db: Reader, d: Demonstration): Promise<string | null> => {
  const target = (await targets.find(db, d.target))!, account = (await accounts.find(db, d.account))!, login = (await accounts.find(db, d.login))!, person = await people.find(db, d.by);
  if (!person || person.disabled) return "This person is disabled.";
  if (!may(person, "platform.write") || !may(person, "account.manage", { owner: target.owner })) return "This person does not manage the target any more.";
  return target.identityHash === d.identity ? standsAgainst(db, target, account, login) : MOVED;
};

export const beginDemonstration = async (deps: Deps, caller: Caller, id: DemonstrationId): Promise<void> => {
  if (deps.passive.why !== null) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
  if (deps.hands.has(id)) throw new Fault("conflict", "It is being begun already.");
  deps.hands.set(id, null);
  try { await begun(deps, caller, id); } finally { if (deps.hands.get(id) === null) deps.hands.delete(id); }
};
const begun = async (deps: Deps, caller: Caller, id: DemonstrationId): Promise<void> => {
  const { d, claimed } = await deps.db.transaction((tx) => opened(deps, tx, caller, id));
  try { await prepareCandidate(deps, claimed as Rotation<"queued">); } catch (e) { await over(deps, d, "the new password could not be kept"); throw e; }
  const prepared = (await rotations.find(deps.db, d.rotation))!;
  if (prepared.state !== "prepared") return over(deps, d, `No password could be made for it: ${prepared.why ?? prepared.state}`);
  const tape = await taped(deps, d, caller);
  try { await deps.db.transaction((tx) => handed(deps, tx, d, prepared)); } catch (e) { await tape.close("not begun"); throw e; }
  await dial(deps, d, tape);
};
/** Law no-recorder-no-session: nobody is exposed and nothing dialled where nothing can be recorded. */
const taped = async (deps: Deps, d: Open, caller: Caller): Promise<Tape> => {
  const dead = (): void => void over(deps, d, "the recording could not be kept").catch((e: unknown) => deps.log("error", `recorded change ${d.id}: ${e instanceof Error ? e.message : String(e)}`));
  try { return await openTape(deps, d, caller.address, dead); } catch (e) { deps.hands.delete(d.id); await over(deps, d, "nothing could be recorded here"); throw e; }
};
/** Row and rotation, and who is exposed by it; nothing has left. */
const opened = async (deps: Deps, tx: Tx, caller: Caller, id: DemonstrationId): Promise<{ d: Open; claimed: Rotation }> => {
  const first = seen(caller, await demonstrations.find(tx, id));
  await accounts.lockAll(tx, [...new Set([first.account, first.login])]);
  const d = (await demonstrations.lock(tx, id))!;
  own(caller, d);
  if (!isState(d, "approved")) throw new Fault("conflict", d.state === "asked" ? "Nobody has let you yet." : `It is ${d.state} already.`);
  if (d.until <= tx.now) throw new Fault("conflict", "It was not begun in time. Ask again.");
  const stop = await stopped(tx, d) ?? await untold(deps, tx, d);
  if (stop !== null) throw new Fault("conflict", stop);
  if (await rotations.openOf(tx, d.account)) throw new Fault("conflict", "Its password is being changed right now. Try again when that is over.");
  const account = (await accounts.find(tx, d.account))!, target = (await targets.find(tx, d.target))!;
  if (d.login !== d.account) await lendable(deps, tx, d, target);
  const rotation = await openRotation(deps, tx, account, { trigger: "manual", reason: `shown by hand: ${d.reason}`, by: caller.person.id, origin: "local" });
  const claimed = await saveStep(deps, tx, takeOver(await rotations.lock(tx, rotation) as Rotation<OpenState>, tx.now, deps.times), await loadWorld(deps, tx, account, tx.now));
  const open = await demonstrations.save(tx, begin(d, rotation, wireOf(target), tx.now, deps.times)) as Open;
  await record(deps, tx, { what: "demonstration.begun", who: actor(caller), about: { ...about(d), rotation }, outcome: "intent", why: d.reason, facts: { over: open.over } });
  return { d: open, claimed };
};
/** A2: lent for as long as the hands may be on the device, so it does not change itself under them. */
const lendable = async (deps: Deps, tx: Tx, d: Demonstration, target: Target): Promise<void> => {
  await refuseHeld(tx, d.login);
  const ready = await helper(tx, d.login, target, tx.now) === "ready", lent = ready && await rotations.takeAdmin(tx, d.login, d.id, { exclusive: false, alone: false }, later(tx.now, deps.times.demonstrationOpen + deps.times.leaseMargin));
  if (!lent) throw new Fault("conflict", "The account that logs in is being changed itself, or was refused a moment ago. Look at its page.");
};
const untold = (deps: Deps, db: Reader, d: Demonstration): Promise<string | null> => known(deps, db, d, null, ({ present, others }) => untellable(present) ?? others.map(untellable).find((w) => w !== null) ?? null, true);

/** Both passwords go through these hands: exposures, and a use of the login where it is managed. The rotation sleeps until they are off; a dead broker's asks the device a margin later. */
const handed = async (deps: Deps, tx: Tx, d: Open, r: Rotation<"prepared">): Promise<void> => {
  const login = await accounts.lock(tx, d.login), present = currentOf({ versions: await versions.of(tx, d.login) })!;
  if (login.credential === "in_sync") await accounts.used(tx, login.id);
  for (const [account, version] of [[d.login, present], [d.account, r.candidate]] as const) await versions.expose(tx, { id: newId("exposure", deps.random), person: d.by, account, version, request: null, how: "session" });
  await rotations.sleep(tx, r, later(d.until, deps.times.leaseMargin));
};

const dial = async (deps: Deps, d: Open, tape: Tape): Promise<void> => {
  const target = (await targets.find(deps.db, d.target))!, who = await credentialOf(deps, deps.db, d.login), settings = { ...target.settings as CommandSetSettings, over: d.over };
  let hand: Hand;
  try { hand = await openHand(settings, deps.link(target), who, deps.clock, AbortSignal.timeout(deps.times.changeLimit)); } catch (e) {
    const f = failureOf(e);
    await deps.db.transaction(async (tx) => tapeKept(tx, { id: tape.id, head: await tape.close(f.why), complete: true }));
    if (f.kind === "identity") await blockIdentity(deps, target.id, f.why);
    await over(deps, d, `${target.name} could not be reached: ${f.why}`);
    throw new Fault("upstream", `${target.name}: ${f.why}. Nothing was changed.`, { cause: e instanceof DeviceFailure ? undefined : e });
  } finally { who.secret.wipe(); }
  await stillOpen(deps, d, hand, tape);
  hold(deps, d, hand, tape);
  await hand.quiet(deps.times.demonstrationQuiet, deps.times.demonstrationAnswer);
  await noted(deps, d.id, hand, tape);
};
/** Its time may have passed while it was dialled: then nothing is said to the device. */
const stillOpen = async (deps: Deps, d: Open, hand: Hand, tape: Tape): Promise<void> => {
  const now = await demonstrations.find(deps.db, d.id);
  if (now !== null && isState(now, "open")) return;
  hand.close();
  await deps.db.transaction(async (tx) => tapeKept(tx, { id: tape.id, head: await tape.close("its time was up"), complete: true }));
  throw new Fault("conflict", GONE);
};
/** Looked at every second: a lock, a disabled person and the end of the time take the line away. */
const hold = (deps: Deps, d: Open, hand: Hand, tape: Tape): void => {
  const check = async (): Promise<void> => {
    const why = deps.clock.now() >= d.until ? "its time was up" : await stopped(deps.db, d);
    if (why !== null) await over(deps, d, why);
  };
  const looked = (): void => { check().catch((e: unknown) => { deps.log("warn", `recorded change ${d.id}: ${e instanceof Error ? e.message : String(e)}`); hand.close(); }); };
  const timer = setInterval(looked, deps.times.tick), off = deps.bus.subscribe("people", looked);
  timer.unref();
  deps.hands.set(d.id, { hand, tape, busy: false, stop: () => { clearInterval(timer); off(); } });
};
/** What was said so far, before anybody reads it. */
const noted = async (deps: Deps, id: DemonstrationId, hand: Hand, tape: Tape): Promise<void> => {
  const now = await demonstrations.find(deps.db, id);
  if (now === null || !isState(now, "open")) return;
  const raw = hand.raw(), said = await kept(deps, now, raw);
  tape.heard(raw);
  await deps.db.transaction(async (tx) => {
    const d = await demonstrations.lock(tx, id);
    if (d !== null && isState(d, "open")) await demonstrations.save(tx, say(d, said));
  });
};

const GONE = "The line to the device is gone: its time was up, the device hung up, or the broker was restarted. What was shown until then is kept.";
/** One line to the device, and what it answers. `line` null: nothing is sent, only listened. */
export const sayLine = async (deps: Deps, caller: Caller, id: DemonstrationId, line: string | null, enter = true): Promise<void> => {
  const d = seen(caller, await demonstrations.find(deps.db, id)), held = deps.hands.get(id);
  own(caller, d);
  if (!isState(d, "open")) throw new Fault("conflict", `It is ${d.state}.`);
  if (held === null) throw new Fault("conflict", "The device is being dialled. Wait until it answers.");
  const stop = await stopped(deps.db, d);
  if (stop !== null || held === undefined) { await over(deps, d, stop ?? "the line was lost"); throw new Fault("conflict", stop ?? GONE); }
  if (held.busy) throw new Fault("conflict", "The device has not answered the last line yet. Listen on.");
  if (line !== null && held.hand.ended()) throw new Fault("conflict", "The device has hung up. Finish, and look at the draft.");
  held.busy = true;
  try {
    if (line !== null) await send(deps, caller, d, held, line, enter);
    await held.hand.quiet(deps.times.demonstrationQuiet, deps.times.demonstrationAnswer);
    await noted(deps, id, held.hand, held.tape);
  } finally { held.busy = false; }
};
const TYPED_SECRET = "The device asks for a password here. Write {{present}} or {{new}}: what is typed in clear would stand in the draft.";
const send = async (deps: Deps, caller: Caller, d: Open, { hand, tape }: Pick<HeldLine, "hand" | "tape">, text: string, enter: boolean): Promise<void> => {
  const account = (await accounts.find(deps.db, d.account))!.name, user = (await accounts.find(deps.db, d.login))!.name, candidate = await candidateOf(deps.db, d);
  const parts = await known(deps, deps.db, d, candidate, (k) => readLine(text, { account, user }, k));
  if (typeof parts === "string") throw new Fault("invalid", parts);
  const raw = hand.raw(), before = await kept(deps, d, raw), last = before.at(-1);
  if (last?.by === "device" && asksSecret(last.text) && !parts.some((p) => "secret" in p) && lineText(parts) !== "") throw new Fault("invalid", TYPED_SECRET);
  tape.heard(raw);
  await deps.db.transaction(async (tx) => {
    const now = await demonstrations.lock(tx, d.id);
    if (now === null || !isState(now, "open")) throw new Fault("conflict", GONE);
    await demonstrations.save(tx, say(now, [...before, { by: "person", at: before.at(-1)?.at ?? 0, parts, enter }]));
    await record(deps, tx, { what: "demonstration.line", who: actor(caller), about: about(d), outcome: "intent", facts: { line: lineText(parts) } });
  });
  tape.heard(hand.raw());
  tape.line(parts);
  await write(deps, d, hand, candidate, parts, enter);
};
const write = (deps: Deps, d: Open, hand: Hand, candidate: string, parts: readonly Part[], enter: boolean): Promise<void> => known(deps, deps.db, d, candidate, (k) => hand.write(parts, enter, (which): Secret => (which === "new" ? k.next : k.present)));

export const finishDemonstration = async (deps: Deps, caller: Caller, id: DemonstrationId): Promise<void> => {
  const d = seen(caller, await demonstrations.find(deps.db, id));
  own(caller, d);
  if (!isState(d, "open")) throw new Fault("conflict", `It is ${d.state}.`);
  await over(deps, d, "finished");
};
/** The hands are off, whoever says so, once; from here on the rotation settles what is in force. */
const over = async (deps: Deps, d: Open, why: string): Promise<void> => {
  const held = deps.hands.get(d.id), said = held ? await kept(deps, d, held.hand.raw()) : null;
  held?.stop();
  held?.hand.close();
  const tape = await closedTape(deps, d, held, why);
  const sent = await deps.db.transaction(async (tx) => {
    await accounts.lock(tx, d.account);
    const now = await demonstrations.lock(tx, d.id);
    if (tape !== null) await tapeKept(tx, tape);
    if (now === null || !isState(now, "open")) return true;
    const last = said ?? now.said, r = await rotations.lock(tx, now.rotation), asked = last.some((p) => p.by === "person" && p.parts.some((x) => "secret" in x && x.secret === "new"));
    await rotations.dropAdmin(tx, d.id);
    await demonstrations.save(tx, finish({ ...now, said: last }, why, tx.now));
    await record(deps, tx, { what: "demonstration.over", who: broker("demonstration"), about: { ...about(d), rotation: now.rotation, ...(tape === null ? {} : { recording: tape.id }) }, outcome: "ok", why, facts: { ...(tape === null ? {} : { recording_sha256: tape.head.hash, recording_whole: tape.complete }), lines: last.filter((p) => p.by === "person").length, new_password_sent: asked } });
    if (asked && r.state === "prepared") await rotations.sleep(tx, r, tx.now);
    return asked;
  });
  // Not before: whoever comes here meanwhile must not take the recording for one that was left.
  if (held !== null) deps.hands.delete(d.id);
  if (!sent) await unsent(deps, d);
  deps.bus.publish("rotations");
};
/** What was said last stands in it too. One that died is what it is up to its last good chunk. */
const closedTape = async (deps: Deps, d: Open, held: HeldLine | null | undefined, why: string): Promise<Kept | null> => {
  // Being dialled: whoever dials closes it.
  if (held === null) return null;
  if (held === undefined) return leftTape(deps, d);
  let complete = true;
  try { held.tape.heard(held.hand.raw()); } catch { complete = false; }
  return { id: held.tape.id, head: await held.tape.close(why), complete };
};
/** No byte of the new password left: nothing is in doubt, and no login is spent on finding that out. */
const unsent = async (deps: Deps, d: Open): Promise<void> => {
  const r = await rotations.find(deps.db, d.rotation);
  if (r?.state === "prepared" || r?.state === "queued") await underLock(deps, r, (tx, now, w) => saveStep(deps, tx, refuse(now, "unchanged: the new password was not sent", w.facts, tx.now, deps.times), w));
};

/** What is past its time: on a node that died, too. `lost`: also those open ones whose line cannot be anywhere any more. */
export const endDemonstrations = async (deps: Deps, lost = false): Promise<void> => {
  if (deps.passive.why !== null) return;
  const overdue = await demonstrations.overdue(deps.db, deps.clock.now()), open = lost ? await demonstrations.allOpen(deps.db) : [];
  for (const d of overdue) {
    if (isState(d, "open")) await over(deps, d, "its time was up");
    if (isState(d, "approved")) await deps.db.transaction(async (tx) => { const now = await demonstrations.lock(tx, d.id); if (now !== null && isState(now, "approved")) await dropped(deps, tx, now, "not begun in time", broker("demonstration")); });
  }
  for (const d of open) await over(deps, d, "the broker was restarted");
};
