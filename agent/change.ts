/**
 * Passwords of this machine: compared, and set. Rules, on every kind of machine: the fence is on the disk before the change, so that an older change
 * never follows a newer, also after a crash; a box opens only for this agent, account, change and fence; one change at a time. An order
 * (orders.ts) is such a change, at its own time: its secret is opened at that moment and not before.
 */
import type { ChangeResult, CompareResult } from "../src/connectors/connector.ts";
import { openBox } from "../src/crypto/box.ts";
import type { Random } from "../src/kernel/clock.ts";
import { Fault } from "../src/kernel/fault.ts";
import type { Secret } from "../src/kernel/secret.ts";
import { CONTEXT, type Ask } from "../src/wires/agent-words.ts";
import { drop, fenceOf, keepBook, raise, readBook, type Entry } from "./orders.ts";
import { NO_ACCOUNT, type Hand, type Moment, type Platform } from "./platform.ts";
import { older, type State } from "./state.ts";

export type Bench = { readonly state: State; readonly random: Random; readonly moment: (m: Moment) => void; readonly platform: Platform };
const handOf = (b: Bench): Hand => ({ random: b.random, dir: b.state.dir, moment: b.moment });

export const verify = async (b: Bench, { account, boxes }: Ask<"verify">, signal: AbortSignal): Promise<CompareResult> => {
  const there = await b.platform.has(account, signal);
  if (there !== true) return there === false ? { unknown: NO_ACCOUNT } : there;
  const { privateKey } = b.state.box(),
    secrets: Secret[] = [];
  try {
    for (const box of boxes) secrets.push(openBox(privateKey, CONTEXT.verify(b.state.agent() ?? "", account), box));
    return await b.platform.compare(account, secrets, handOf(b), signal);
  } finally {
    for (const s of secrets) s.wipe();
  }
};

export type Order = Ask<"change">;
/** Null: this machine has such an account of its own. */
export const noAccount = async (b: Bench, account: string, signal: AbortSignal): Promise<{ refused: string } | { not_sent: "unreachable"; why: string } | null> => {
  const there = await b.platform.has(account, signal);
  return there === true ? null : there === false ? { refused: NO_ACCOUNT } : { not_sent: "unreachable", why: there.unknown };
};

/** One that came now. In its caller's turn: two changes of one account would race for the machine's own file and the fence. */
export const change = async (b: Bench, o: Order, signal: AbortSignal): Promise<ChangeResult> => {
  b.moment("asked");
  const no = await noAccount(b, o.account, signal);
  if (no !== null) return no;
  const mine = fenceOf(o),
    newest = b.state.fence(o.account);
  if (newest !== undefined && older(mine, newest)) return { refused: "a newer change of this account came before this one" };
  using to = openBox(b.state.box().privateKey, CONTEXT.change(b.state.agent() ?? "", o.rotation, o.account, o.fence), o.box);
  if (signal.aborted) return { not_sent: "unreachable", why: "it was called off before anything was done" };
  // Its own order first: were it older than the fence, a crash here would end it, and nobody would make the change.
  const book = bookOrNone(b.state);
  if (book.some((e) => e.rotation === o.rotation)) keepBook(b.state, raise(book, o));
  b.state.keepFence(o.account, mine);
  b.moment("fenced");
  // Awaited here: with the end of this body the secret is wiped.
  const said = await b.platform.set(o.account, to, handOf(b), signal);
  if (said === "done" && book.some((e) => e.rotation === o.rotation)) keepBook(b.state, drop(readBook(b.state), o.rotation));
  return said;
};
/** A book that cannot be read does nothing, and is in nobody's way. */
const bookOrNone = (state: State): readonly Entry[] => {
  try {
    return readBook(state);
  } catch {
    return [];
  }
};

/** One that was kept, at its time: the caller has looked at fence and expiry in this same turn. */
export const perform = async (b: Bench, e: Entry, signal: AbortSignal): Promise<ChangeResult> => {
  const no = await noAccount(b, e.account, signal);
  if (no !== null) return no;
  try {
    using to = openBox(b.state.box().privateKey, CONTEXT.order(b.state.agent() ?? "", { ...e, fence: e.sealed }), e.box ?? "");
    return await b.platform.set(e.account, to, handOf(b), signal);
  } catch (cause) {
    return { refused: cause instanceof Fault ? cause.message : "its sealed password could not be used" };
  }
};
