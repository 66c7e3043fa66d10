/** One step of a rotation: row, effects and event in one transaction. Rule: the row is read again under its lock with the fence in hand; whoever lost the fence stops. */
import type { AuditEvent, EventName } from "../domain/audit.ts";
import type { Rotation, RotationStep, State } from "../domain/rotation.ts";
import type { Tx } from "../store/db.ts";
import * as rotations from "../store/rotations.ts";
import { Fenced } from "../store/rotations.ts";
import type { Deps } from "./deps.ts";
import { broker, record } from "./record.ts";
import { applyEffects } from "./rotation-effects.ts";
import { loadForWork, type World } from "./rotation-load.ts";

/** Runs `work` on today's row, which must still be in `mine`'s state and under its fence. */
export const underLock = async <R extends Rotation, T>(deps: Deps, mine: R, work: (tx: Tx, now: R, w: World) => Promise<T>): Promise<T> =>
  deps.db.transaction(async (tx) => {
    const { r, w } = await loadForWork(deps, tx, mine);
    if (r.fence !== mine.fence || r.state !== mine.state) throw new Fenced(`rotation ${mine.id} is no longer ours`);
    return work(tx, r as R, w);
  });

/** `told`: what is said of it where that is not the change of state. */
export const saveStep = async (deps: Deps, tx: Tx, step: RotationStep, w: World, told: Partial<AuditEvent> = {}): Promise<Rotation> => {
  const saved = await rotations.save(tx, step);
  await applyEffects(deps, tx, saved, step.effects, w);
  await record(deps, tx, { ...eventOf(step, w), ...told });
  if (saved.state === "committed") { await deps.moment("committing"); tx.onCommit(() => void deps.moment("committed")); }
  tx.onCommit(() => deps.log("info", `rotation ${saved.id} ${step.from.state} -> ${saved.state}`, { account: `${w.account.name}@${w.target.name}`, attempt: saved.attempt, why: saved.why }));
  return saved;
};

const NAMES: Partial<Record<State, EventName>> = { prepared: "rotation.intent", applying: "rotation.intent", committed: "rotation.committed", refused: "rotation.refused", dead_letter: "rotation.dead_letter" };
const eventOf = ({ from, to, effects }: RotationStep, w: World): AuditEvent => ({
  what: NAMES[to.state] ?? "rotation.step", who: broker("rotation"),
  about: { rotation: to.id, account: to.account, target: w.target.id, ...("candidate" in to && to.candidate ? { version: to.candidate } : {}) },
  outcome: to.state === "prepared" || to.state === "applying" ? "intent" : to.state === "refused" ? "refused" : to.state === "dead_letter" ? "failed" : "ok",
  ...(to.why ? { why: to.why } : {}),
  facts: { from: from.state, to: to.state, trigger: to.trigger, attempt: to.attempt, fence: to.fence, login: effects.login, credential: effects.credential, account: `${w.account.name}@${w.target.name}` },
});
