/**
 * Keeps changes for later and makes them at their time, whether its broker is there or not. Rules (law order-fenced): one thing at a time, changes
 * that come and changes that were kept in one row; an order is made under the highest fence this machine has seen, between its time and its expiry,
 * and its beginning and end are on the disk before anything follows from them.
 */
import { Fault, toFault } from "../src/kernel/fault.ts";
import type { ChangeResult } from "../src/connectors/connector.ts";
import type { Ask, Reply } from "../src/wires/agent-words.ts";
import { change, noAccount, perform, type Bench, type Order } from "./change.ts";
import { begin, done, drop, dueNow, fenceOf, keepBook, nextTime, place, put, putOff, readBook, reportOf, tidy, type Entry, type Placed } from "./orders.ts";
import { older, type State } from "./state.ts";
import type { Tools } from "./tools.ts";

export type Keeper = {
  change(o: Order, signal: AbortSignal): Promise<ChangeResult>;
  orders(ask: Ask<"orders">): Promise<Reply<"orders">>;
  /** Makes what is due; the moment, by this machine's clock, at which to look again. `connected`: the broker goes first for a while. */
  look(connected: boolean, signal: AbortSignal): Promise<number | null>;
  /** Looks whenever something may be due, until it is called off. */
  keepTime(connected: () => boolean, signal: AbortSignal): Promise<void>;
};
type Made = { readonly bench: Bench; readonly now: () => number; readonly retry: number; readonly verb: number };

/** What there is by now. Written where that is something else than before. */
const current = ({ bench: { state }, now }: Made): readonly Entry[] => {
  const book = readBook(state),
    tidied = tidy(book, (account) => state.fence(account), now());
  if (tidied.length !== book.length || tidied.some((e, i) => e !== book[i])) keepBook(state, tidied);
  return tidied;
};
const taken = async (m: Made, o: Placed): Promise<readonly Entry[]> => {
  const { state } = m.bench,
    no = await noAccount(m.bench, o.account, AbortSignal.timeout(m.verb)),
    book = no !== null ? ("refused" in no ? no.refused : no.why) : place(current(m), o, state.fence(o.account), m.now());
  if (typeof book === "string") throw new Fault("conflict", book);
  state.keepFence(o.account, fenceOf(o));
  m.bench.moment("order_fenced");
  keepBook(state, book);
  m.bench.moment("order_kept");
  return book;
};
/** Its fence and what comes with it count for nothing any more, should it come again. */
const takenBack = (m: Made, rotation: string): readonly Entry[] => {
  const { state } = m.bench,
    book = current(m),
    mine = book.find((e) => e.rotation === rotation);
  if (mine === undefined) return [];
  const above = [mine.epoch, mine.no, mine.fence + 1] as const,
    newest = state.fence(mine.account);
  if (newest === undefined || older(newest, above)) state.keepFence(mine.account, above);
  keepBook(state, drop(book, rotation));
  return [mine];
};
const answer = async (m: Made, ask: Ask<"orders">): Promise<Reply<"orders">> =>
  ({ orders: (ask.do === "place" ? await taken(m, ask) : ask.do === "withdraw" ? takenBack(m, ask.rotation) : current(m)).map(reportOf) });

const make = async (m: Made, e: Entry, signal: AbortSignal): Promise<void> => {
  const { state, moment } = m.bench,
    begun = begin(e);
  moment("order_due");
  keepBook(state, put(current(m), begun));
  moment("order_begun");
  const said = await perform(m.bench, begun, signal);
  moment("order_made");
  const why = said === "done" ? await ended(m, e.account, signal) : "refused" in said ? said.refused : "unknown" in said ? said.unknown : said.why;
  keepBook(state, put(readBook(state), said === "done" ? done(begun, why) : putOff(begun, why, m.now() + m.retry)));
  moment("order_ended");
};
/** Whose access is over does not stay logged in by the password that is no longer in force. */
const ended = async (m: Made, account: string, signal: AbortSignal): Promise<string> => {
  try {
    const r = await m.bench.platform.endLogins(account, signal);
    return "ended" in r ? `logins ended: ${r.ended}` : `logins were not ended: ${r.unknown}`;
  } catch {
    return "logins were not ended: pkill could not be run";
  }
};

export const keeper = (t: Pick<Tools, "clock" | "random" | "moment" | "times" | "log" | "platform">, state: State): Keeper => {
  const m: Made = { bench: { state, random: t.random, moment: t.moment, platform: t.platform }, now: () => t.clock.now().getTime(), retry: t.times.agentRetryMost, verb: t.times.agentVerb };
  let last: Promise<unknown> = Promise.resolve(), wake = (): void => undefined;
  const inTurn = <T>(work: () => Promise<T> | T): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
  const look = (connected: boolean, signal: AbortSignal): Promise<number | null> => inTurn(async () => {
    const grace = connected ? t.times.agentBeat : 0;
    for (let e = dueNow(current(m), m.now(), grace); e !== undefined && !signal.aborted; e = dueNow(current(m), m.now(), grace)) {
      t.log("info", `an order is due: the password of ${e.account} is changed now`);
      await make(m, e, AbortSignal.timeout(t.times.agentVerb));
    }
    return nextTime(current(m), grace);
  });
  const nap = (ms: number, signal: AbortSignal): Promise<void> => new Promise((resolve) => {
    const over = (): void => { clearTimeout(timer); signal.removeEventListener("abort", over); resolve(); }, timer = setTimeout(over, ms);
    wake = over;
    signal.addEventListener("abort", over, { once: true });
  });
  return {
    look,
    change: (o, signal) => inTurn(() => change(m.bench, o, signal)),
    orders: async (ask) => { const said = await inTurn(() => answer(m, ask)); wake(); return said; },
    keepTime: async (connected, signal) => {
      for (let told = ""; !signal.aborted;) {
        // The clock may be set meanwhile: it is looked at often, not once.
        let next: number | null = null;
        try { next = await look(connected(), signal); } catch (e) {
          const { message } = toFault(e);
          if (message !== told) t.log("error", `orders: ${message}`);
          told = message;
        }
        await nap(Math.max(5, Math.min(t.times.agentBeat, (next ?? Infinity) - m.now())), signal);
      }
    },
  };
};
