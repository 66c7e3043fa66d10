/**
 * The agent on the target's machine: production's own book of orders (agent/orders.ts) on a disk that lasts, a process that dies, a clock of its own and
 * a connection that comes and goes. Rule: it decides nothing that the book does not, and one thing is done at a time, as in agent/keeper.ts.
 */
import { begin, done, drop, dueNow, fenceOf, nextTime, place, put, putOff, raise, reportOf, tidy, type Entry } from "../../agent/orders.ts";
import { older, type Fence } from "../../agent/state.ts";
import type { LeftOutcome } from "../../src/domain/order-absorb.ts";
import type { ChangeOutcome } from "../../src/domain/rotation-absorb.ts";
import type { Reported } from "../../src/wires/agent-words.ts";
import type { Stored } from "./store.ts";
import type { LoginAnswer } from "./target.ts";
import { CRASH, T, type World } from "./world.ts";

export type Task = { readonly rotation: string; readonly no: number; readonly fence: number };
const ACCOUNT = "app1", EPOCH = 1, AWAY = "the agent is not connected", MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
/** Twice a minute in truth: most of the run's time would be that. */
const AGAIN = 10 * MINUTE;

export class Agent {
  connected = true;
  /** On its disk. The box of an order is told by the name of what is in it. */
  book: readonly Entry[] = [];
  readonly #boxes = new Map<string, Stored>();
  fence: Fence | undefined;
  /** Set by whoever gives it its turns: there is something to look at; the connection is to come back after so many milliseconds. */
  wake: () => void = () => undefined;
  back: (ms: number) => void = () => undefined;
  readonly #skew: number;
  #busy = false;
  #late: { readonly at: number; readonly work: () => void }[] = [];
  readonly #w: World;
  constructor(w: World) { this.#w = w; this.#skew = w.between(-HOUR, HOUR); }

  #here(): number { return this.#w.now + this.#skew; }
  #tidied(): readonly Entry[] {
    const ended = (): number => this.book.filter((e) => e.state === "expired" || e.state === "doubtful").length, before = ended();
    this.book = tidy(this.book, () => (this.#w.wrap.noAgentFence ? undefined : this.fence), this.#here());
    this.#w.count.expired += Math.max(0, ended() - before);
    return this.book;
  }
  #older(f: Fence): boolean { return !this.#w.wrap.noAgentFence && this.fence !== undefined && older(f, this.fence); }

  /** A question that reaches it, or does not, and an answer that reaches us, or does not. While it is at something else the question waits and we give up. */
  #asked<R>(work: () => R, away: R, unknown: (why: string) => R): R {
    const w = this.#w;
    if (!this.connected) return away;
    if (w.chance(0.05, "request_lost")) { w.count.lostRequests++; this.#cut(); return unknown("the connection ended"); }
    if (this.#busy) { this.#late.push({ at: w.now, work }); return unknown("no answer in time"); }
    if (w.chance(0.06, "late")) { w.count.late++; this.#late.push({ at: w.now + w.between(1_000, w.roll() < 0.2 ? 10 * HOUR : 400_000), work }); return unknown("no answer in time"); }
    let said: R;
    try { said = work(); } catch (e) { if (e !== CRASH) throw e; return unknown("the connection ended"); }
    if (w.chance(0.08, "ack_lost")) { w.count.lostAcks++; this.#cut(); return unknown("the connection ended"); }
    return said;
  }
  /** Its process dies between two lines: what is on the disk stays. */
  #mayDie(): void {
    if (!this.#w.chance(0.03, "agent_crash")) return;
    this.died();
    throw CRASH;
  }
  /** What reached it and was not done for a long time: its machine stood still. */
  get pending(): number { return this.#late.length; }
  land(): void {
    const due = this.#late.filter((x) => x.at <= this.#w.now && !this.#busy);
    this.#late = this.#late.filter((x) => !due.includes(x));
    for (const { work } of due) try { work(); } catch (e) { if (e !== CRASH) throw e; }
  }
  died(): void { this.#w.count.agentCrashes++; this.#busy = false; this.#late = []; }

  change(o: Task, to: Stored): ChangeOutcome {
    return this.#asked<ChangeOutcome>(() => {
      const f: Fence = [EPOCH, o.no, o.fence];
      if (this.#older(f)) return { refused: "a newer change of this account came before this one" };
      this.book = raise(this.book, { ...o, account: ACCOUNT, epoch: EPOCH });
      this.#mayDie();
      this.fence = f;
      this.#mayDie();
      if (to.bad) { this.#w.count.policy++; return { refused: "BAD PASSWORD" }; }
      if (!this.#waitedFor({ ...o, epoch: EPOCH })) this.#w.judge.landed();
      this.#set(to.password);
      this.#mayDie();
      this.book = drop(this.book, o.rotation);
      return "done";
    }, { not_sent: "unreachable", why: AWAY }, (unknown) => ({ unknown }));
  }

  place(o: Task & { readonly due: number; readonly expires: number; readonly now: number }, candidate: Stored): LeftOutcome {
    return this.#asked<LeftOutcome>(() => {
      const kept = place(this.#tidied(), { do: "place", ...o, account: ACCOUNT, epoch: EPOCH, box: candidate.id }, this.#w.wrap.noAgentFence ? undefined : this.fence, this.#here());
      if (typeof kept === "string") return { said: "refused", why: kept };
      this.fence = [EPOCH, o.no, o.fence];
      this.#mayDie();
      this.book = kept;
      this.#boxes.set(candidate.id, candidate);
      this.#w.count.orders++;
      this.wake();
      return { said: "kept", why: "" };
    }, { said: "not_sent", why: AWAY }, (why) => ({ said: "unknown", why }));
  }

  list(): readonly Reported[] | null { return this.#asked<readonly Reported[] | null>(() => this.#tidied().map(reportOf), null, () => null); }
  withdraw(rotation: string): Reported | null {
    return this.#asked<Reported | null>(() => {
      const mine = this.#tidied().find((e) => e.rotation === rotation);
      if (mine === undefined) return null;
      const above: Fence = [mine.epoch, mine.no, mine.fence + 1];
      if (this.fence === undefined || older(this.fence, above)) this.fence = above;
      this.book = drop(this.book, rotation);
      return reportOf(mine);
    }, null, () => null);
  }

  compare(passwords: readonly string[]): number | "none" | { unknown: string } {
    if (!this.connected || this.#busy) return { unknown: AWAY };
    return this.#w.target.compare(passwords);
  }

  /** A comparison of one: it costs the machine no login. */
  login(password: string): LoginAnswer {
    const found = this.compare([password]);
    return typeof found === "object" ? { ...found, reached: false } : found === "none" ? "no" : "yes";
  }

  #set(password: string): void { this.#w.target.set(password); }

  /** When it looks again, in milliseconds from now. */
  *life(): Generator<number, never> {
    for (;;) {
      try {
        const grace = this.connected ? T.agentBeat : 0, e = dueNow(this.#tidied(), this.#here(), grace);
        if (e !== undefined) yield* this.#make(e); else yield Math.max(1_000, Math.min(6 * HOUR, (nextTime(this.book, grace) ?? Infinity) - this.#here()));
      } catch (x) {
        if (x !== CRASH) throw x;
        yield this.#w.roll() < 0.02 ? this.#w.between(HOUR, 2 * DAY) : this.#w.between(1_000, 10 * MINUTE);
      }
    }
  }
  *#make(e: Entry): Generator<number, void> {
    const w = this.#w, begun = begin(e);
    this.#busy = true;
    this.#mayDie();
    this.book = put(this.book, begun);
    yield w.between(1, 200);
    this.#mayDie();
    const v = this.#boxes.get(e.box ?? "");
    if (v !== undefined && !v.bad && !w.chance(0.05, "unreachable")) {
      // Of a rotation that is over nothing was promised: what it does then is for the next check to find.
      if (!this.#waitedFor(e)) w.judge.landed();
      this.#set(v.password);
      w.count.ordersMade++;
      yield w.between(1, 200);
      this.#mayDie();
      this.book = put(this.book, done(begun, ""));
    } else this.book = put(this.book, putOff(begun, "it could not be set", this.#here() + AGAIN));
    this.#mayDie();
    this.#busy = false;
  }
  /** Nothing newer came, and the rotation it belongs to has not ended without it. */
  #waitedFor(e: Pick<Entry, "rotation" | "epoch" | "no" | "fence">): boolean { const { row } = this.#w.store; return row?.id === e.rotation && row.state !== "refused" || (this.fence !== undefined && older(fenceOf(e), this.fence)); }

  /** The connection, and what is taken in each time it comes back. `reports`: flow/order-reports.ts. */
  *connection(reports: () => void): Generator<number, never> {
    const w = this.#w;
    for (;;) {
      if (!this.connected || !w.chance(0.8, "agent_away")) {
        this.connected = true;
        try { reports(); } catch (e) { if (e !== CRASH) throw e; }
        if (this.connected) yield w.faults ? w.between(10 * MINUTE, 6 * HOUR) : DAY;
      } else this.connected = false;
      if (this.connected) continue;
      w.count.agentAway++;
      yield this.#away();
    }
  }
  #away(): number { return this.#w.roll() < 0.1 ? this.#w.between(HOUR, 2 * DAY) : this.#w.between(1_000, HOUR); }
  /** An answer that was lost is a connection that was lost, now and then for longer than a moment. */
  #cut(): void {
    if (!this.#w.chance(0.5, "agent_away")) return;
    this.connected = false;
    this.#w.count.agentAway++;
    this.back(this.#away());
  }
}
