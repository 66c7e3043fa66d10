/** A person's hand on a rotation that does not end by itself. Rule: the candidate is never replaced and nothing becomes current without the target's word, asked here and now. */
import { Fault } from "../kernel/fault.ts";
import type { RotationId } from "../kernel/ids.ts";
import type { Secret } from "../kernel/secret.ts";
import { mayFire } from "../domain/order.ts";
import { adviceOf, type Move } from "../domain/rotation-advice.ts";
import { giveUp, refuse, reopen, type Rotation } from "../domain/rotation.ts";
import * as accounts from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import * as rotations from "../store/rotations.ts";
import type { Deps } from "./deps.ts";
import { managedBy } from "./managed-by.ts";
import { actor, record, type Caller } from "./record.ts";
import { loadWorld, type World } from "./rotation-load.ts";
import { saveStep } from "./rotation-save.ts";
import { declare, keepTyped } from "./typed.ts";
import { BLOCKED, question } from "./verify.ts";

const PAST: Record<Move, string> = { again: "asked again", keep: "the old one kept", tell: "told the password in force", stop: "stopped" };
const moved = (deps: Deps, tx: Tx, caller: Caller, r: Rotation, move: Move): Promise<void> => record(deps, tx, {
  what: "rotation.step", who: actor(caller), about: { rotation: r.id, account: r.account }, outcome: "ok", why: `${caller.person.name}: ${PAST[move]}`, facts: { move, from: r.state },
});

/** The rotation and its account, row-locked, if this move is legal on it now. */
const legal = async (deps: Deps, tx: Tx, caller: Caller, id: RotationId, move: Move): Promise<{ r: Rotation; w: World }> => {
  const seen = await rotations.find(tx, id);
  if (!seen) throw new Fault("not_found", "No such rotation.");
  await managedBy(tx, caller, seen.account, "account.rotate");
  if (deps.passive.why) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
  const account = await accounts.lock(tx, seen.account), r = await rotations.lock(tx, id);
  if (!adviceOf(r)?.moves.includes(move)) throw new Fault("conflict", `That cannot be done to a rotation that is ${r.state.replace("_", " ")} now. Look at its page again.`);
  return { r, w: await loadWorld(deps, tx, account, tx.now) };
};

/** Fresh counts, the same candidate; the job goes on at once. */
export const askAgainNow = (deps: Deps, caller: Caller, id: RotationId): Promise<void> => deps.db.transaction(async (tx) => {
  const { r, w } = await legal(deps, tx, caller, id, "again");
  await moved(deps, tx, caller, r, "again");
  await saveStep(deps, tx, reopen(r as Rotation<"dead_letter">, `${caller.person.name} asks again`, tx.now), w);
});

/** Somebody found out what is in force: one more version to ask with. It proves itself or is refused like every other. */
export const tellPassword = async (deps: Deps, caller: Caller, id: RotationId, password: Secret): Promise<void> => {
  const { row, w } = await deps.db.transaction(async (tx) => {
    const found = await legal(deps, tx, caller, id, "tell");
    return { row: await keepTyped(deps, tx, caller, found.w.account, password), w: found.w };
  });
  await declare(deps, row, w.account, w.target, async (tx) => {
    const { r, w: now } = await legal(deps, tx, caller, id, "tell");
    await moved(deps, tx, caller, r, "tell");
    await saveStep(deps, tx, reopen(r as Rotation<"dead_letter">, `${caller.person.name} typed the password in force`, tx.now), now);
  });
};

/** What was seen may be a day old: the target is asked again before the candidate is given up. */
export const keepOld = async (deps: Deps, caller: Caller, id: RotationId): Promise<void> => {
  const { r, w } = await deps.db.transaction((tx) => legal(deps, tx, caller, id, "keep")), proven = r.inForce!;
  // law no-way-round-2: whose target is another one now, or who is locked, is not asked.
  if (w.facts.blocked) throw new Fault("conflict", BLOCKED);
  const said = await question(deps, w, proven);
  await deps.db.transaction(async (tx) => {
    const { r: now, w: world } = await legal(deps, tx, caller, id, "keep");
    if (said === "none_matches" || !("match" in said) || now.inForce !== proven) throw new Fault("upstream", "The target does not take that password now, or did not answer. Nothing was changed; ask again.");
    await moved(deps, tx, caller, now, "keep");
    await saveStep(deps, tx, giveUp(now as Rotation<"dead_letter">, proven, `${caller.person.name} keeps the old password`, world.facts, tx.now, deps.times), world);
    // Left with the agent it would still be made: it is taken back.
    if (mayFire(now.order)) tx.onCommit(() => deps.bus.publish("orders-doubted"));
  });
};

/** It waits and nothing has left us: unchanged, for good. */
export const stopWaiting = (deps: Deps, caller: Caller, id: RotationId): Promise<void> => deps.db.transaction(async (tx) => {
  const { r, w } = await legal(deps, tx, caller, id, "stop");
  await moved(deps, tx, caller, r, "stop");
  await saveStep(deps, tx, refuse(r as Rotation<"waiting">, `unchanged: stopped by ${caller.person.name}`, w.facts, tx.now, deps.times), w);
});
