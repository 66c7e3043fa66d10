/** A target's own list of accounts beside ours, for pages, API and command line. Rule: read-only; what stands here is the last whole list, and it says of when. */
import { Fault } from "../kernel/fault.ts";
import type { DiscoveryId, TargetId } from "../kernel/ids.ts";
import type { Discovery } from "../domain/discovery.ts";
import { may } from "../domain/may.ts";
import type { Target } from "../domain/target.ts";
import type { Reader } from "../store/db.ts";
import * as discoveries from "../store/discoveries.ts";
import * as people from "../store/people.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import { cannotList, discoverable } from "./discover.ts";
import { stagedOn, type Staged } from "./discovery-adopt.ts";
import type { Caller } from "./record.ts";

export type DiscoveryView = {
  readonly target: Target; readonly list: readonly Staged[];
  /** The newest, whatever became of it; and the one that the list is of. */
  readonly last: Discovery | null; readonly whole: Discovery<"done"> | null;
  readonly daily: boolean; readonly cannot: string | null;
  readonly runs: boolean; readonly adopts: boolean;
  readonly names: ReadonlyMap<string, string>;
};
export const discoveryView = async (deps: Pick<Deps, "db" | "connectors">, caller: Caller, id: TargetId): Promise<DiscoveryView> => {
  const { db } = deps, t = await discoverable(db, caller, id), [last] = await discoveries.recent(db, { target: id, limit: 1 }), [whole] = await discoveries.recent(db, { target: id, whole: true, limit: 1 });
  return {
    target: t, list: await stagedOn(deps, db, t), last: last ?? null, whole: (whole as Discovery<"done"> | undefined) ?? null, daily: await discoveries.daily(db, id), cannot: cannotList(deps, t),
    runs: may(caller.person, "discovery.run", { owner: t.owner }), adopts: may(caller.person, "account.manage", { owner: t.owner }), names: new Map((await people.all(db)).map((p) => [p.id, p.name])),
  };
};
/** Of one target, newest first. */
export const discoveryRuns = async (db: Reader, caller: Caller, id: TargetId, limit: number): Promise<Discovery[]> => {
  await discoverable(db, caller, id);
  return discoveries.recent(db, { target: id, limit });
};
export const discovery = async (db: Reader, caller: Caller, id: string): Promise<Discovery> => {
  const d = await discoveries.find(db, id as DiscoveryId), t = d && await targets.find(db, d.target);
  if (!d || !t || !may(caller.person, "discovery.see", { owner: t.owner })) throw new Fault("not_found", "No such listing.");
  return d;
};
/** By id or name, of those whose list this caller may see. */
export const listed = async (db: Reader, caller: Caller, text: string): Promise<Target> => {
  const t = (await targets.all(db)).find((x) => (x.id === text || x.name === text) && may(caller.person, "discovery.see", { owner: x.owner }));
  if (!t) throw new Fault("not_found", "No such target.");
  return t;
};
