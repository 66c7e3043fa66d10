/** Asking for a list of a target's accounts: one target, or each of a group. Rule: it writes down the wish; jobs do it, so a press never waits for a target. */
import { Fault } from "../kernel/fault.ts";
import { newId, type DiscoveryId, type PersonId, type TargetId } from "../kernel/ids.ts";
import type { Actor } from "../domain/audit.ts";
import { may } from "../domain/may.ts";
import { platformOf } from "../domain/platform.ts";
import type { Target } from "../domain/target.ts";
import * as collections from "../store/collections.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as discoveries from "../store/discoveries.ts";
import * as targets from "../store/targets.ts";
import type { Deps } from "./deps.ts";
import { actor, broker, record, type Caller } from "./record.ts";
import { connectorOf } from "./targets.ts";

type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus" | "connectors" | "passive">;

/** A target this caller may see the list of, or list again. */
export const discoverable = async (db: Reader, caller: Caller, id: TargetId, act: "discovery.see" | "discovery.run" = "discovery.see"): Promise<Target> => {
  const t = await targets.find(db, id);
  if (!t || !may(caller.person, "discovery.see", { owner: t.owner })) throw new Fault("not_found", "No such target.");
  if (!may(caller.person, act, { owner: t.owner })) throw new Fault("forbidden", "Its owner, or an admin, has it listed.");
  return t;
};
/** Why its accounts cannot be listed at all, as a sentence. */
export const cannotList = (deps: Pick<Deps, "connectors">, t: Target): string | null =>
  !connectorOf(deps, t.platform).discover ? `${t.name} is ${platformOf(t.platform).one}: the broker cannot list the accounts there.`
    : !connectorOf(deps, t.platform).unaided && t.administrative === null ? `No administrative account is named on ${t.name}, and nobody else may list its accounts. Choose one under Remote reset.` : null;

export const openListing = async (deps: Pick<Small, "random" | "eventJournal" | "bus">, tx: Tx, t: Target, trigger: "hand" | "daily", by: PersonId | null, who: Actor): Promise<DiscoveryId> => {
  const already = await discoveries.openOf(tx, t.id);
  if (already) return already.id;
  const id = newId("discovery", deps.random);
  if (!(await discoveries.open(tx, { id, target: t.id, trigger, by, at: tx.now }))) throw new Fault("conflict", "Somebody else has just begun to list it. Look again.");
  await record(deps, tx, { what: "discovery.started", who, about: { target: t.id, discovery: id }, outcome: "intent", facts: { trigger } });
  tx.onCommit(() => deps.bus.publish("discoveries"));
  return id;
};

/** One that waits or runs already is joined. */
export const discover = async (deps: Small, caller: Caller, id: TargetId): Promise<DiscoveryId> => {
  if (deps.passive.why) throw new Fault("unavailable", `This broker is passive: ${deps.passive.why}`);
  return deps.db.transaction(async (tx) => {
    const t = await discoverable(tx, caller, id, "discovery.run"), no = cannotList(deps, t);
    if (no !== null) throw new Fault("conflict", no);
    return openListing(deps, tx, t, "hand", caller.person.id, actor(caller));
  });
};

export type Begun = { readonly target: string; readonly id: DiscoveryId | null; readonly why: string | null };
/** Every target of a group (its own members, and the targets of its accounts are not meant), each with its own answer. */
export const discoverGroup = async (deps: Small, caller: Caller, group: string): Promise<Begun[]> => {
  const all = await collections.all(deps.db), set = all.find((c) => c.id === group) ?? all.find((c) => c.name === group);
  const members = set === undefined ? [] : (await targets.all(deps.db)).filter((t) => set.members.includes(t.id) && may(caller.person, "discovery.run", { owner: t.owner }));
  if (members.length === 0) throw new Fault("not_found", "There is no such group, or no target in it that is yours to list.");
  const out: Begun[] = [];
  for (const t of members) {
    try { out.push({ target: t.name, id: await discover(deps, caller, t.id), why: null }); } catch (e) {
      if (!(e instanceof Fault) || e.code === "unavailable") throw e;
      out.push({ target: t.name, id: null, why: e.message });
    }
  }
  return out;
};

/** Again every day from now on, or no longer. */
export const discoverDaily = (deps: Small, caller: Caller, id: TargetId, on: boolean): Promise<void> => deps.db.transaction(async (tx) => {
  const t = await discoverable(tx, caller, id, "discovery.run"), no = on ? cannotList(deps, t) : null;
  if (no !== null) throw new Fault("conflict", no);
  if (await discoveries.daily(tx, id) === on) return;
  await discoveries.setDaily(tx, id, on);
  await record(deps, tx, { what: "discovery.daily", who: actor(caller), about: { target: id }, outcome: "ok", facts: { daily: on } });
  tx.onCommit(() => deps.bus.publish("discoveries"));
});
/** The job's: one whose day has come. Decided again under the target's lock; what cannot be listed now is left for the next day with its own result. */
export const discoverDue = (deps: Small & Pick<Deps, "times">, id: TargetId): Promise<void> => deps.db.transaction(async (tx) => {
  const t = await targets.lock(tx, id);
  if (!t || deps.passive.why || !(await discoveries.dailyDue(tx, deps.times.discoverDaily)).includes(id)) return;
  await openListing(deps, tx, t, "daily", null, broker("discovery"));
});
