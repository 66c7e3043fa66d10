/**
 * One run: claimed, done on its target through that target's administrative account, and what came of it. Rules: the password is read at the
 * moment of use and only while it is the one in force; intent durable before, outcome after; whatever happens here, the password stays changed.
 */
import { newId, type TargetId } from "../kernel/ids.ts";
import type { ChangeResult, Task } from "../connectors/connector.ts";
import { obstacle, type Account } from "../domain/account.ts";
import { absorbRun, isWish, type RunOutcome } from "../domain/dependent-absorb.ts";
import { claim, inWords, repeatable, skip, doubt, type Dependent, type Run, type RunStep } from "../domain/dependent.ts";
import { currentOf } from "../domain/rotation-facts.ts";
import { later, OPEN, type Rotation } from "../domain/rotation.ts";
import type { Target } from "../domain/target.ts";
import { windowsName } from "../domain/windows-name.ts";
import * as accounts from "../store/accounts.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as store from "../store/dependents.ts";
import * as rotations from "../store/rotations.ts";
import * as targets from "../store/targets.ts";
import * as versions from "../store/versions.ts";
import type { Deps } from "./deps.ts";
import { blockIdentity } from "./identity.ts";
import { withAdmin } from "./lend.ts";
import { stopNow } from "./obstacle.ts";
import { broker, record } from "./record.ts";
import { loginOf } from "./rotation-touch.ts";
import { openVersion } from "./secrets.ts";
import { call, credentialOf } from "./target-calls.ts";
import { connectorOf } from "./targets.ts";

const PART = broker("dependents");
/** `left`: it was running when its owner died. */
export type ClaimedRun = { readonly id: string; readonly target: string; readonly run: Run<"running">; readonly left: boolean };

/** The next one, fence + 1 and a fresh lease; null: nothing to do, or somebody else was quicker. */
export const claimRun = (deps: Deps, busy: readonly string[]): Promise<ClaimedRun | null> => deps.db.transaction(async (tx) => {
  const hint = deps.passive.why === null ? await store.claimable(tx, busy) : null;
  if (!hint) return null;
  await accounts.lock(tx, hint.account);
  const seen = await store.lockReady(tx, hint.id), step = seen && claim(seen, later(tx.now, deps.times.dependentLease));
  if (!seen || !step || !(await store.save(tx, step))) return null;
  await told(deps, tx, "dependent.begun", step, await knownOf(tx, seen), (await targets.find(tx, seen.target))!);
  return { id: seen.id, target: seen.target, run: step.to, left: seen.state === "running" };
}).catch((e: unknown) => { if (store.isTaken(e)) return null; throw e; });
const knownOf = async (db: Reader, r: Run): Promise<Dependent> => (await store.named(db, [r.dependent])).get(r.dependent)!;

type Told = "dependent.begun" | "dependent.done" | "dependent.put_off" | "dependent.failed" | "dependent.settled";
const WORD = { done: "dependent.done", waiting: "dependent.put_off", failed: "dependent.failed", unknown: "dependent.failed", skipped: "dependent.settled", running: "dependent.begun" } as const satisfies Record<Run["state"], Told>;
const told = (deps: Deps, tx: Tx, what: Told, { to }: RunStep, d: Dependent, on: Target): Promise<void> => record(deps, tx, {
  what, who: PART, about: { account: to.account, rotation: to.rotation, dependent: to.dependent, run: to.id, target: on.id, ...(to.version ? { version: to.version } : {}) },
  outcome: what === "dependent.begun" ? "intent" : what === "dependent.failed" ? "failed" : "ok", ...(to.why ? { why: to.why } : {}),
  facts: { does: inWords(d.what), on: on.name, state: to.state, phase: to.phase, tries: to.tries },
});

/** law no-way-round-2, locks and blocks: nothing is done for an account or on a target that stands still. */
const stops = async (deps: Deps, r: Run, on: Target): Promise<string | null> => {
  const account = (await accounts.find(deps.db, r.account))!, own = (await targets.find(deps.db, account.target))!, admin = on.administrative ? await accounts.find(deps.db, on.administrative) : null;
  if (!admin) return `no administrative account is named on ${on.name}: choose one under Remote reset`;
  const why = await stopNow(deps.db, account, own) ?? await stopNow(deps.db, admin, on);
  if (why) return why;
  if (!currentOf({ versions: await versions.of(deps.db, admin.id) })) return `the vault holds no password of ${admin.name}@${on.name}`;
  return obstacle({ credential: "in_sync", block: admin.block }, false);
};

/** As its connector has it. `own`: where the account lives. */
export const taskOf = ({ what }: Pick<Dependent, "what">, account: Pick<Account, "name">, own: Target, on: Target): Task =>
  what.does === "steps" ? { ...what, account: account.name } : what.does === "logon" ? { ...what, account: windowsName(account.name, own, on) } : what;
/** The target is asked once. What never left us is not_sent. */
const act = async (deps: Deps, r: Run<"running">, d: Dependent, on: Target): Promise<RunOutcome> => {
  const connector = connectorOf(deps, on.platform), follower = connector.follower;
  if (!follower?.does.includes(d.what.does)) return { refused: `${on.name} is of a kind on which that cannot be done` };
  const no = await stops(deps, r, on);
  if (no !== null) return { not_sent: "unreachable", why: no };
  if (r.phase === "before" && !isOpen((await rotations.find(deps.db, r.rotation))!)) return { not_sent: "superseded", why: "the change it came before is over" };
  const account = (await accounts.find(deps.db, r.account))!, own = (await targets.find(deps.db, account.target))!, current = r.version === null ? null : account.current;
  if (r.version !== null && current !== r.version) return { not_sent: "superseded", why: SUPERSEDED };
  let asked = false;
  const said = await withAdmin<ChangeResult>(deps, on.administrative!, on, newId("event", deps.random), async () => {
    const as = await credentialOf(deps, deps.db, on.administrative!), secret = r.version === null || d.what.does === "service" ? null : openVersion(deps, (await versions.find(deps.db, r.version))!);
    try {
      const fresh = deps.clock.mono() + deps.times.leaseMargin;
      if (!(await stillOurs(deps, r))) return { answer: LATE, login: "unknown" as const };
      await deps.moment("dependent_begun");
      // A process that was stopped here may be one of two owners by now.
      if (deps.clock.mono() > fresh) return { answer: LATE, login: "unknown" as const };
      asked = true;
      const limit = deps.times.dependentLimit, answer = await call(deps, { connector, target: on }, "dependent", (_c, link, config) => follower.run(config, link, taskOf(d, account, own, on), secret, as, AbortSignal.timeout(limit)), limit);
      return { answer, login: loginOf(answer) };
    } finally { as.secret.wipe(); secret?.wipe(); }
  });
  return asked || typeof said !== "object" || !("unknown" in said) ? said : { not_sent: "unreachable", why: said.unknown };
};
/** The lease outlives the call: asked of the database right before the target is touched. */
const stillOurs = (deps: Deps, r: Run<"running">): Promise<boolean> => deps.db.transaction(async (tx) => {
  const now = await store.findRun(tx, r.id);
  return now?.state === "running" && now.fence === r.fence && now.leaseUntil.getTime() - tx.now.getTime() >= deps.times.dependentLimit + deps.times.leaseMargin;
});
const LATE = { not_sent: "unreachable", why: "it had to wait too long for the account that does it" } as const;
const isOpen = (r: Rotation): boolean => (OPEN as readonly string[]).includes(r.state);
const SUPERSEDED = "another password is in force by now; its own change does it";

export const runDependent = async (deps: Deps, { run: r, left }: ClaimedRun): Promise<void> => {
  const d = await knownOf(deps.db, r), on = (await targets.find(deps.db, r.target))!;
  const o: RunOutcome | "left" = left && !repeatable(d.what) ? "left" : await act(deps, r, d, on);
  await deps.moment("dependent_answered");
  if (typeof o === "object" && "not_sent" in o && o.not_sent === "identity") await blockIdentity(deps, on.id as TargetId, o.why);
  await deps.db.transaction((tx) => noted(deps, tx, r, d, on, o));
};
const noted = async (deps: Deps, tx: Tx, r: Run<"running">, d: Dependent, on: Target, o: RunOutcome | "left"): Promise<void> => {
  await accounts.lock(tx, r.account);
  const rotation = (await rotations.find(tx, r.rotation))!, step: RunStep = o === "left" ? doubt(r, "the broker that did it was stopped in the middle", tx.now)
    : typeof o === "object" && "not_sent" in o && o.not_sent === "superseded" ? skip(r, o.why, tx.now) : absorbRun(r, d.what, o, !isWish(rotation), tx.now, deps.times);
  if (!(await store.save(tx, step))) return;
  await told(deps, tx, WORD[step.to.state], step, d, on);
  if (r.phase === "before") await store.wakeRotation(tx, r.rotation);
  tx.onCommit(() => { for (const topic of ["dependents", "rotations", r.rotation]) deps.bus.publish(topic); });
};
