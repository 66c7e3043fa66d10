/**
 * The changes kept for later, as this machine has them on its disk. Rules: pure but for its one file, which is whole or is not; passwords in it are
 * sealed to this agent's key, and gone from it with the order's end; one that cannot be read is never a fresh start.
 */
import { z } from "zod";
import { Fault } from "../src/kernel/fault.ts";
import { MOST_ORDERS, ORDER_SAID, type Ask, type OrderSaid, type Reported } from "../src/wires/agent-words.ts";
import { older, type Fence, type State } from "./state.ts";

/** The whole life. An order that was begun is begun again after a crash: it sets the same password. */
export const NEXT = { standing: ["begun", "expired"], begun: ["begun", "done", "doubtful"], done: [], expired: [], doubtful: [] } as const satisfies Record<OrderSaid, readonly OrderSaid[]>;

const count = z.int().nonnegative();
/** `fence`: under which it may be performed, raised by a later try of the same change. `sealed`: which its box was made for. `skew`: this machine's clock less the broker's when it came. `again`: not tried before. */
const Entry = z.strictObject({
  rotation: z.string(), account: z.string(), no: count, epoch: count, fence: count, sealed: count, due: count, expires: count, skew: z.int(),
  state: z.enum(ORDER_SAID), box: z.string().nullable(), again: z.int().nullable(), why: z.string().nullable(),
});
export type Entry = Readonly<z.infer<typeof Entry>>;
const Book = z.strictObject({ v: z.literal(1), orders: z.array(Entry).readonly() });

const FILE = "orders";
/** Throws Fault("conflict"): nothing of it is done, and nothing new is kept, until somebody has looked. */
export const readBook = (state: Pick<State, "note">): readonly Entry[] => {
  const text = state.note(FILE);
  if (text === undefined) return [];
  try { return Book.parse(JSON.parse(text)).orders; } catch (cause) {
    throw new Fault("conflict", "this machine's file of orders cannot be read: none of them is done, and none is taken", { cause });
  }
};
export const keepBook = (state: Pick<State, "keepNote">, orders: readonly Entry[]): void => state.keepNote(FILE, JSON.stringify({ v: 1, orders } satisfies z.input<typeof Book>));

const alive = (e: Entry): boolean => e.state === "standing" || e.state === "begun";
export const fenceOf = (e: Pick<Entry, "epoch" | "no" | "fence">): Fence => [e.epoch, e.no, e.fence];
export const put = (book: readonly Entry[], e: Entry): readonly Entry[] => [...book.filter((x) => x.rotation !== e.rotation), e];
export const drop = (book: readonly Entry[], rotation: string): readonly Entry[] => book.filter((x) => x.rotation !== rotation);

export type Placed = Extract<Ask<"orders">, { do: "place" }>;
const DAY = 86_400_000;
/** The book with it, or why it is not taken. An order of the account that is older goes: its fence is lower than what was seen. */
export const place = (book: readonly Entry[], o: Placed, newest: Fence | undefined, here: number): readonly Entry[] | string => {
  if (newest !== undefined && older(fenceOf(o), newest)) return "a newer change of this account came before this one";
  if (o.expires <= o.due || o.expires > o.due + DAY || o.expires <= o.now) return "an order is made between its time and a day later, and this one cannot be";
  // What was begun may be in force: another time for it would hide that.
  if (book.some((e) => e.rotation === o.rotation && e.state !== "standing")) return "this order has come to its time already";
  const rest = book.filter((e) => e.rotation !== o.rotation && !(e.account === o.account && alive(e)));
  if (rest.length >= MOST_ORDERS) return `this machine keeps ${MOST_ORDERS} orders, and no more`;
  const { rotation, account, no, epoch, fence, due, expires, box } = o;
  return [...rest, { rotation, account, no, epoch, fence, sealed: fence, due, expires, skew: here - o.now, state: "standing", box, again: null, why: null }];
};

const end = (e: Entry, state: "done" | "expired" | "doubtful", why: string | null = e.why): Entry => ({ ...e, state, why, box: null, again: null });
/** By this machine's clock now: what has expired has ended, and what a newer change overtook is gone. */
export const tidy = (book: readonly Entry[], fences: (account: string) => Fence | undefined, here: number): readonly Entry[] =>
  book.filter((e) => !alive(e) || !overtaken(e, fences(e.account)))
    .map((e) => (alive(e) && here - e.skew >= e.expires ? end(e, e.state === "begun" ? "doubtful" : "expired") : e));
const overtaken = (e: Entry, newest: Fence | undefined): boolean => newest !== undefined && older(fenceOf(e), newest);

/** When it may be made, by this machine's clock. `grace`: how long the broker goes first. */
export const timeOf = (e: Entry, grace: number): number => (e.state === "begun" ? e.again ?? 0 : e.due + e.skew + grace);
/** The one whose time has come, longest ago first. */
export const dueNow = (book: readonly Entry[], here: number, grace: number): Entry | undefined =>
  book.filter((e) => alive(e) && timeOf(e, grace) <= here).sort((a, b) => a.due - b.due)[0];
/** When to look again; null: never. */
export const nextTime = (book: readonly Entry[], grace: number): number | null => {
  const times = book.filter(alive).flatMap((e) => [timeOf(e, grace), e.expires + e.skew]);
  return times.length === 0 ? null : Math.min(...times);
};

export const begin = (e: Entry): Entry => ({ ...e, state: "begun", again: null });
export const done = (e: Entry, why: string): Entry => end(e, "done", why);
export const putOff = (e: Entry, why: string, until: number): Entry => ({ ...e, state: "begun", why: why.slice(0, 1_000), again: until });
/** A try of the same change by the broker takes its order along: where that fails, the order stands. */
export const raise = (book: readonly Entry[], o: { rotation: string; account: string; no: number; epoch: number; fence: number }): readonly Entry[] =>
  book.map((e) => (alive(e) && e.rotation === o.rotation && e.account === o.account && e.no === o.no && e.epoch === o.epoch && e.fence < o.fence ? { ...e, fence: o.fence } : e));

export const reportOf = ({ rotation, account, no, fence, epoch, due, expires, state, why }: Entry): Reported =>
  ({ rotation, account, no, fence, epoch, due, expires, state, ...(why === null ? {} : { why }) });
