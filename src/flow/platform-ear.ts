/**
 * A trial's rotation, driven with an ear at its platform: where it was asked for, and wherever it goes on when it had to wait. Rule: the trial is
 * a row from its first moment, and what the device said is put to it scrubbed; another text or identity than the one tried is not gone on with.
 */
import { commandSet, SHIPPED, type CommandSetSettings, type Heard } from "../connectors/command-set.ts";
import type { Connector } from "../connectors/connector.ts";
import { parseCommandSet, type CommandSet, type PlatformTest, type TestSaid } from "../domain/command-set/index.ts";
import { later, type Rotation } from "../domain/rotation.ts";
import type { Target } from "../domain/target.ts";
import { Fault } from "../kernel/fault.ts";
import type { AccountId, TargetId } from "../kernel/ids.ts";
import * as accounts from "../store/accounts.ts";
import * as sets from "../store/command-sets.ts";
import type { Reader } from "../store/db.ts";
import * as rotations from "../store/rotations.ts";
import * as targets from "../store/targets.ts";
import { textOf } from "./command-sets.ts";
import type { Deps } from "./deps.ts";
import { broker, record } from "./record.ts";
import { drive } from "./rotate.ts";
import { freeTried } from "./untried.ts";

/** The very text a target is bound to. */
export const setOf = async (db: Reader, target: Target): Promise<CommandSet> => {
  const { shipped, hash } = textOf(target.platform, target.settings), kept = shipped === null ? await sets.find(db, hash) : null;
  const read = kept?.accepted ? parseCommandSet(kept.body) : null;
  if (shipped !== null) return shipped;
  if (read === null || "mistakes" in read) throw new Fault("conflict", "The command set this target is bound to is not accepted here.");
  return read.set;
};
/** The same broker, with an ear at this one platform, which it may try. */
export const listening = (deps: Deps, target: Target, set: CommandSet, said: Heard[]): Deps => {
  const version = String((target.settings as CommandSetSettings).version ?? SHIPPED), mine = (v: string): CommandSet | undefined => (v === version ? set : undefined);
  const c = commandSet(set, { newest: version, version: mine, hear: (h) => said.push(h) }) as Connector;
  return { ...deps, connectors: new Map([...deps.connectors, [target.platform, c]]), trial: target.id };
};

/** Newest last, and no more than a row should hold. */
const MOST = 65_536;
export const bounded = (said: TestSaid): TestSaid => { let size = 0; return said.toReversed().filter((s) => (size += JSON.stringify(s).length) <= MOST).toReversed(); };
export const plainly = (said: readonly Heard[]): TestSaid => said.map(({ verb, over, said: lines }) => ({ verb, over, said: lines }));

export type Found = { readonly passed: boolean; readonly changed: boolean; readonly why: string };
const foundIn = ({ state, why }: Rotation): Found => {
  const done = state === "committed";
  return { passed: done, changed: done, why: done ? "" : state === "refused" || state === "dead_letter" ? `${state}: ${why ?? ""}` : `not over yet, and going on by itself: ${state}${why === null ? "" : `, ${why}`}` };
};
/** What was heard since, put to the trial; a change that was proven frees who waited for it. */
const noted = async (deps: Deps, t: PlatformTest, r: Rotation, said: readonly Heard[]): Promise<void> => deps.db.transaction(async (tx) => {
  const found = foundIn(r), target = (await targets.find(tx, t.target as TargetId))!;
  await sets.sayMore(tx, t.id, { ...found, said: bounded([...t.said, ...plainly(said)]) });
  if (said.length > 0 || found.passed || found.why !== t.why) {
    await record(deps, tx, { what: "platform.tried", who: broker("trial"), about: { target: t.target, account: t.account, person: t.by, rotation: r.id }, outcome: found.passed ? "ok" : "failed",
      ...(found.why === "" ? {} : { why: found.why.slice(0, 500) }), facts: { platform: target.platform, changed: found.changed } });
  }
  if (found.passed) await freeTried(deps, tx, target, broker("trial"));
});

/** Claimed by whoever calls. */
export const driveTrial = async (deps: Deps, t: PlatformTest, claimed: Rotation): Promise<void> => {
  const account = (await accounts.find(deps.db, t.account as AccountId))!, target = (await targets.find(deps.db, account.target))!;
  if (t.identity !== target.identityHash || t.text !== textOf(target.platform, target.settings).hash) {
    deps.log("warn", `rotation ${claimed.id} waits: ${target.name} is bound to another text or identity than the one its trial began with`);
    return deps.db.transaction((tx) => rotations.sleep(tx, claimed, later(tx.now, deps.times.sweep)));
  }
  const said: Heard[] = [];
  await drive(listening(deps, target, await setOf(deps.db, target), said), claimed);
  await noted(deps, t, (await rotations.find(deps.db, claimed.id))!, said);
};
/** As `drive`, whatever began the rotation. */
export const driveOn = async (deps: Deps, claimed: Rotation): Promise<void> => {
  const t = await sets.testOf(deps.db, claimed.id);
  return t === null || t.passed ? drive(deps, claimed) : driveTrial(deps, t, claimed);
};
