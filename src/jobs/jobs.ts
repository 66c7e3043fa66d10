/** Flow verbs on timers. Rule: rows are the truth; a wake-up lost costs at most one sweep. */
import type { RotationId, SessionId } from "../kernel/ids.ts";
import type { DeliveryId } from "../domain/delivery.ts";
import * as due from "../store/due.ts";
import { expireRequest } from "../flow/checkin.ts";
import { workCheck } from "../flow/audit-check.ts";
import { closeNext, runClosure } from "../flow/closure.ts";
import { claimDelivery, deliver } from "../flow/deliver.ts";
import type { Deps } from "../flow/deps.ts";
import { tendQueue } from "../flow/queue.ts";
import { workRun } from "../flow/rotate-seen.ts";
import { claim, drive, rotateAfterUse } from "../flow/rotate.ts";
import { sequence } from "../flow/sequence.ts";
import { lose } from "../flow/startup.ts";
import { indexNext } from "../flow/transcribe.ts";

const PARALLEL = 8;

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

/** Bounded parallel work over claimed things. */
const pool = <T extends { readonly id: string }>(take: (busy: readonly string[]) => Promise<T | null>, work: (t: T) => Promise<void>, wake: () => void) => {
  const busy = new Map<string, Promise<void>>();
  const fill = async (): Promise<void> => {
    while (busy.size < PARALLEL) {
      const t = await take([...busy.keys()]);
      if (!t) return;
      busy.set(t.id, work(t).finally(() => { busy.delete(t.id); wake(); }));
    }
  };
  return { fill, settle: async () => { await Promise.allSettled(busy.values()); } };
};

/** The embedded database answers within the turn it is asked in: without this a long run would keep the event loop to itself. */
const breathe = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });
/** One turn of long work, and a wake-up for the next: a broker that stops waits for one turn at most. */
const turn = async (deps: Deps, topic: string, work: () => Promise<boolean>): Promise<null> => {
  if (await work()) { await breathe(); deps.bus.publish(topic); }
  return null;
};

type Recover = (session: SessionId) => Promise<{ chunks: number; hash: string; bytes: number } | null>;
/** `recover`: finalises a recording whose owner is gone. `recordings`: where they lie; null: none are indexed here. */
export const startJobs = (deps: Deps, recover: Recover = () => Promise.resolve(null), recordings: string | null = null): { close(): Promise<void> } => {
  const rotate = pool((busy) => claim(deps, busy as RotationId[]), (r) => drive(deps, r), () => deps.bus.publish("rotations"));
  const close = pool((busy) => closeNext(deps, busy), (c) => runClosure(deps, c).catch((e: unknown) => deps.log("warn", `closure ${c.id}: ${String(e)}`)), () => {});
  const post = pool((busy) => claimDelivery(deps, busy as DeliveryId[]), (d) => deliver(deps, d).catch((e: unknown) => deps.log("warn", `delivery ${d.id}: ${String(e)}`)), () => deps.bus.publish("deliveries"));
  const loops = [
    new Loop(deps, ["rotations"], async () => { if (deps.passive.why) return null; await sweepDue(deps); await rotate.fill(); return due.nextWake(deps.db); }),
    new Loop(deps, [], async () => { await close.fill(); return null; }),
    new Loop(deps, ["deadlines"], async () => { for (const id of await due.overdue(deps.db, deps.clock.now())) await expireRequest(deps, id); return due.nextDeadline(deps.db); }),
    new Loop(deps, ["requests", "rotations", "sessions"], () => tendQueues(deps)),
    new Loop(deps, ["events"], async () => { await sequence(deps); return null; }),
    new Loop(deps, ["sessions", "to-index"], () => turn(deps, "to-index", () => (recordings === null ? Promise.resolve(false) : indexNext(deps, recordings)))),
    new Loop(deps, ["exposure-runs"], () => turn(deps, "exposure-runs", () => workRun(deps))),
    new Loop(deps, ["deliveries"], async () => { await post.fill(); return due.nextDelivery(deps.db); }),
    new Loop(deps, ["audit-checks"], () => turn(deps, "audit-checks", () => workCheck(deps))),
    new Loop(deps, [], async () => { await takeOrphans(deps, recover); return null; }),
  ];
  return { close: async () => { await Promise.all(loops.map((l) => l.close())); await rotate.settle(); await close.settle(); await post.settle(); } };
};

/** law due-derived: what a lost hook missed is found here. */
const sweepDue = async (deps: Deps): Promise<void> => {
  for (const id of await due.maybeDue(deps.db, deps.times.typedTtl)) await rotateAfterUse(deps, id);
};

/** Offers, and holds that rest while somebody waits; the earliest moment at which one of them wants another look. */
const tendQueues = async (deps: Deps): Promise<Date | null> => {
  if (deps.passive.why) return null;
  const at: Date[] = [];
  for (const id of await due.toTend(deps.db)) { const next = await tendQueue(deps, id); if (next) at.push(next); }
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
