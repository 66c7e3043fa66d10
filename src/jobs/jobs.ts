/** Flow verbs on timers. Rule: rows are the truth; a wake-up lost costs at most one sweep. */
import type { RotationId, SessionId, TargetId } from "../kernel/ids.ts";
import type { DeliveryId } from "../domain/delivery.ts";
import * as due from "../store/due.ts";
import { tellGone } from "../flow/agent-gone.ts";
import { expireRequest } from "../flow/checkin.ts";
import { workCheck } from "../flow/audit-check.ts";
import { workBulks } from "../flow/bulk-work.ts";
import { closeNext, runClosure } from "../flow/closure.ts";
import { claimDelivery, deliver, mayDeliver } from "../flow/deliver.ts";
import type { Deps } from "../flow/deps.ts";
import { loadCommandSets } from "../flow/command-sets.ts";
import { claimRun, runDependent } from "../flow/dependent-run.ts";
import { endDemonstrations } from "../flow/demonstrate-hands.ts";
import { discoverDue } from "../flow/discover.ts";
import { applyRules } from "../flow/discovery-rules.ts";
import { claimDiscovery, runDiscovery } from "../flow/discovery-run.ts";
import { leaveOrder } from "../flow/order.ts";
import { tellExpiring } from "../flow/expiring.ts";
import { maybeOld, rotateForAge } from "../flow/max-age.ts";
import { tendQueue } from "../flow/queue.ts";
import { workRun } from "../flow/rotate-seen.ts";
import { driveOn } from "../flow/platform-ear.ts";
import { claimFor, rotateAfterUse } from "../flow/rotate.ts";
import { workSchedules } from "../flow/schedule-run.ts";
import { fallBackAll } from "../flow/untried.ts";
import { sequence } from "../flow/sequence.ts";
import { lose } from "../flow/startup.ts";
import { indexNext } from "../flow/transcribe.ts";
import { pool, type Claimed, type Pooled } from "./pool.ts";

/** One loop: woken by its topics, by its own next time, and by the sweep. Never two runs at once. */
class Loop {
  #timer: NodeJS.Timeout | null = null; #running = false; #again = false; #closed = false; #done: Promise<void> = Promise.resolve();
  readonly #run: () => Promise<Date | null>;
  readonly #deps: Deps;
  readonly #off: (() => void)[];
  constructor(deps: Deps, topics: readonly string[], run: () => Promise<Date | null>) {
    this.#deps = deps; this.#run = run;
    this.#off = topics.map((t) => deps.bus.subscribe(t, () => this.wake()));
    this.wake();
  }
  wake(): void {
    if (this.#closed) return;
    if (this.#running) { this.#again = true; return; }
    this.#running = true;
    this.#done = this.#turn();
  }
  async #turn(): Promise<void> {
    let next: Date | null = null;
    do {
      this.#again = false;
      try { next = await this.#run(); } catch (e) { next = null; this.#deps.log("error", `job: ${e instanceof Error ? e.message : String(e)}`); }
    } while (this.#again && !this.#closed);
    this.#running = false;
    if (this.#closed) return;
    const wait = Math.min(this.#deps.times.sweep, next ? Math.max(20, next.getTime() - this.#deps.clock.now().getTime()) : this.#deps.times.sweep);
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.wake(), wait);
  }
  async close(): Promise<void> {
    this.#closed = true;
    for (const off of this.#off) off();
    if (this.#timer) clearTimeout(this.#timer);
    await this.#done;
  }
}

/** The embedded database answers within the turn it is asked in: without this a long run would keep the event loop to itself. */
const breathe = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });
/** One turn of long work, and a wake-up for the next: a broker that stops waits for one turn at most. */
const turn = async (deps: Deps, topic: string, work: () => Promise<boolean>): Promise<null> => {
  if (await work()) { await breathe(); deps.bus.publish(topic); }
  return null;
};

/** One that cannot be done is told of and left; the others of its list are not. */
const each = async <T>(deps: Deps, what: string, list: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> => {
  for (const one of list) try { await work(one); } catch (e) { deps.log("error", `${what} ${String(one)}: ${e instanceof Error ? e.message : String(e)}`); }
};

type Recover = (session: SessionId) => Promise<{ chunks: number; hash: string; bytes: number } | null>;
type Post = { fill(): Promise<void>; settle(): Promise<void> };
/** `recover`: finalises a recording whose owner is gone. `recordings`: where they lie; null: none are indexed here. */
export const startJobs = (deps: Deps, recover: Recover = () => Promise.resolve(null), recordings: string | null = null): { close(): Promise<void> } => {
  const { brisk, sweep, deliveryLimit } = deps.times, stop = new AbortController();
  const places = <T extends Claimed>(what: string, topic: string, take: Pooled<T>["take"], work: Pooled<T>["work"], slow = brisk) =>
    pool<T>({ take, work, slow, rest: sweep, wake: () => deps.bus.publish(topic), failed: (t, e) => deps.log("warn", `${what} ${t.id}: ${String(e)}`) });
  const rotate = places("rotation", "rotations", (busy) => claimFor(deps, busy.ids as RotationId[], busy.full as TargetId[]), (c) => driveOn(deps, c.rotation));
  const close = places("closure", "closures", (busy) => closeNext(deps, busy.ids, busy.full as TargetId[]), ({ closure }) => runClosure(deps, closure));
  // A mail server that hangs holds up no webhook, nor the other way round. There are no targets to be fair to: a slow one takes its places until its limit ends.
  const [mail, hooks] = (["mail", "webhook"] as const).map((channel) => places("delivery", "deliveries",
    async (busy) => { const d = await claimDelivery(deps, channel, busy.ids as DeliveryId[]); return d && { id: d.id, target: d.id, delivery: d }; }, ({ delivery }) => deliver(deps, delivery, stop.signal), deliveryLimit)) as [Post, Post];
  const listing = places("discovery", "discoveries", (busy) => claimDiscovery(deps, busy.ids, busy.full), ({ discovery }) => runDiscovery(deps, discovery));
  const depending = places("dependent", "dependents", (busy) => claimRun(deps, busy.ids), (c) => runDependent(deps, c));
  const loops = [
    new Loop(deps, ["rotations"], async () => { if (deps.passive.why) return null; await sweepDue(deps); await rotate.fill(); return due.nextWake(deps.db); }),
    new Loop(deps, ["closures"], async () => { await close.fill(); return null; }),
    new Loop(deps, ["deadlines"], async () => { await each(deps, "request", await due.overdue(deps.db, deps.clock.now()), (id) => expireRequest(deps, id)); return due.nextDeadline(deps.db); }),
    new Loop(deps, ["requests", "rotations", "sessions"], () => tendQueues(deps)),
    new Loop(deps, [], async () => { await each(deps, "account", await maybeOld(deps), (id) => rotateForAge(deps, id)); return null; }),
    new Loop(deps, ["events"], async () => { await sequence(deps); return null; }),
    new Loop(deps, ["sessions", "to-index"], () => turn(deps, "to-index", () => (recordings === null ? Promise.resolve(false) : indexNext(deps, recordings)))),
    new Loop(deps, ["exposure-runs"], () => turn(deps, "exposure-runs", () => workRun(deps))),
    new Loop(deps, ["deliveries"], async () => { if (!mayDeliver(deps)) return null; await mail.fill(); await hooks.fill(); return due.nextDelivery(deps.db); }),
    new Loop(deps, ["deadlines"], () => tellExpiring(deps)),
    new Loop(deps, ["orders", "requests"], async () => { if (!deps.passive.why) await each(deps, "account", await due.maybeOrders(deps.db), (id) => leaveOrder(deps, id)); return null; }),
    new Loop(deps, ["discoveries"], async () => { if (deps.passive.why) return null; await each(deps, "target", await due.dailyDue(deps.db, deps.times.discoverDaily), (id) => discoverDue(deps, id)); await listing.fill(); await applyRules(deps); return null; }),
    new Loop(deps, ["dependents"], async () => { if (deps.passive.why) return null; await depending.fill(); return due.nextDependent(deps.db); }),
    new Loop(deps, ["bulks", "rotation-ends", "requests", "sessions"], async () => { await turn(deps, "bulks", () => workBulks(deps)); return due.nextLook(deps.db); }),
    new Loop(deps, [], async () => { await tellGone(deps); return null; }),
    new Loop(deps, ["schedules"], () => workSchedules(deps)),
    new Loop(deps, ["audit-checks"], () => turn(deps, "audit-checks", () => workCheck(deps))),
    new Loop(deps, [], async () => { await loadCommandSets(deps); await fallBackAll(deps); await endDemonstrations(deps); return null; }),
    new Loop(deps, [], async () => { await takeOrphans(deps, recover); return null; }),
  ];
  return { close: async () => { await Promise.all(loops.map((l) => l.close())); stop.abort(); await rotate.settle(); await close.settle(); await mail.settle(); await hooks.settle(); await listing.settle(); await depending.settle(); } };
};

/** law due-derived: what a lost hook missed is found here. */
const sweepDue = async (deps: Deps): Promise<void> => each(deps, "account", await due.maybeDue(deps.db, deps.times.typedTtl), (id) => rotateAfterUse(deps, id));

/** Offers, and holds that rest while somebody waits; the earliest moment at which one of them wants another look. */
const tendQueues = async (deps: Deps): Promise<Date | null> => {
  if (deps.passive.why) return null;
  const at: Date[] = [];
  await each(deps, "account", await due.toTend(deps.db), async (id) => { const next = await tendQueue(deps, id); if (next) at.push(next); });
  return at.length > 0 ? new Date(Math.min(...at.map(Number))) : null;
};

/** law cut-off 3: sessions whose owner has been silent past the take-over time; on the embedded database nobody else could own them. */
const takeOrphans = async (deps: Deps, recover: Recover): Promise<void> => {
  if (deps.db.engine === "pglite") return;
  const before = new Date(deps.clock.now().getTime() - (deps.times.sessionTakeover - deps.times.sessionLease));
  for (const id of await due.orphaned(deps.db, before)) {
    // Our own, not renewed while the database was away: it ends itself and says how.
    if (await deps.cut(id, "broker_lost", "this broker could not renew its hold on the session")) continue;
    await lose(deps, id, await recover(id));
  }
};
