/** One account through a handful of rotations under faults, then a quiet time. Rule: same seed, same run. */
import { caretaker, closure, people, reports, sweep } from "./actors.ts";
import { Agent } from "./agent.ts";
import { drive, type Worker } from "./driver.ts";
import { Judge } from "./judge.ts";
import type { Wrap } from "./mutants.ts";
import { isOpen, Store } from "./store.ts";
import { Target } from "./target.ts";
import { CRASH, World, type Counts, type Scenario } from "./world.ts";

export const PER_ACCOUNT = 10;
const DAY = 86_400_000, END = 120 * DAY;
/** A healthy account needs a few thousand turns; one that needs this many goes round in circles. */
const MOST_TURNS = 40_000;
/** An order that its machine's rules refuse is tried again for a day. */
const MOST_WITH_AGENT = 3 * MOST_TURNS;

const build = (seed: number, count: Counts, wrap: Wrap, scenario: Scenario | null): World => {
  const w = new World(seed, count, wrap, scenario);
  w.target = new Target(w, "pw_0");
  if (w.platform.agent) w.agent = new Agent(w);
  w.judge = new Judge(w);
  w.store = new Store(w, "pw_0");
  w.judge.proven("pw_0");
  return w;
};

export const runAccount = (seed: number, count: Counts, wrap: Wrap, scenario: Scenario | null = null): void => {
  const w = build(seed, count, wrap, scenario), started = count.rotations;
  const enough = () => count.rotations - started >= PER_ACCOUNT || w.now > 60 * DAY;
  const others = [people(w, enough), sweep(w), closure(w), caretaker(w)].map((life) => ({ life, wakeAt: 0 }));
  if (w.agent !== null) {
    const { agent } = w, own = { life: agent.life(), wakeAt: 0 }, connection = { life: agent.connection(() => reports(w)), wakeAt: 0 };
    others.push(own, connection);
    // What it is at is not hurried: only its sleep ends.
    agent.wake = () => { own.wakeAt = Math.min(own.wakeAt, w.now + 1); };
    agent.back = (ms) => { connection.wakeAt = w.now + ms; };
  }
  let workers: Worker[] = [], quietSince: number | null = null, nextSpawn = 0;
  for (let turns = 0; w.now < END && turns < (w.agent === null ? MOST_TURNS : MOST_WITH_AGENT) && !w.judge.decided; turns++) {
    if (isOpen(w.store.row) && leaseIsDead(w) && w.now >= nextSpawn && workers.length < 4) { workers.push(spawn(w)); nextSpawn = w.now + 5_000; }
    let first: (typeof others)[number] | Worker = others[0]!;
    for (const x of others) if (x.wakeAt < first.wakeAt) first = x;
    for (const x of workers) if (x.wakeAt < first.wakeAt) first = x;
    w.now = Math.max(w.now, first.wakeAt);
    w.target.land();
    w.agent?.land();
    if ("inCall" in first) workers = turn(w, workers, first);
    else first.wakeAt = w.now + first.life.next().value;
    if (enough() && !isOpen(w.store.row) && nothingPends(w) || w.now > 80 * DAY) w.faults = false;
    quietSince = isQuiet(w, enough()) ? quietSince ?? w.now : null;
    if (quietSince !== null && w.now - quietSince > 2 * DAY) break;
  }
  w.judge.verdict(quietSince !== null);
};

const spawn = (w: World): Worker => {
  const me: Worker = { life: undefined as never, wakeAt: w.now + w.between(1, 2_000), inCall: false, memory: null };
  return Object.assign(me, { life: drive(w, me) });
};

/** A worker takes its turn: it may go on, be paused past its lease (a zombie), or be killed. */
const turn = (w: World, workers: Worker[], me: Worker): Worker[] => {
  const without = () => workers.filter((x) => x !== me);
  if (w.chance(0.008, "crash")) { w.count.crashes++; return without(); }
  if (!me.inCall && w.chance(0.008, "pause")) { w.count.pauses++; me.wakeAt = w.now + w.between(50_000, 400_000); return workers; }
  try {
    const r = me.life.next();
    if (r.done) return without();
    me.wakeAt = w.now + r.value;
    return workers;
  } catch (e) {
    if (e !== CRASH) throw e;
    w.count.crashes++;
    return without();
  }
};

const leaseIsDead = (w: World): boolean => {
  const r = w.store.row!;
  return (r.leaseUntil === null || r.leaseUntil.getTime() <= w.now) && (r.nextAt === null || r.nextAt.getTime() <= w.now || r.state === "applying");
};

const nothingPends = (w: World): boolean => w.target.pending.length === 0 && (w.agent === null || w.agent.pending === 0);
const isQuiet = (w: World, enough: boolean): boolean =>
  enough && !w.faults && !isOpen(w.store.row) && nothingPends(w) && w.store.account.credential === "in_sync"
  && w.store.account.usedNo <= w.store.account.rotatedNo && w.store.current()?.password === w.target.password;
