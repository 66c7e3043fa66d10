/**
 * A prepared candidate is left with the machine's agent. Rule: law order-after-journal: candidate and journal are durable before it leaves, and so
 * is the word that it may leave; what became of the ask is written down as it is known: not kept, kept, or unknown, which counts as kept.
 */
import { isOrder, leaving, type Order } from "../domain/order.ts";
import { absorbLeft, expiryOf, type LeftOutcome } from "../domain/order-absorb.ts";
import { sendOrder, type Rotation } from "../domain/rotation.ts";
import type { AuditEvent, Fact } from "../domain/audit.ts";
import { Fault, toFault } from "../kernel/fault.ts";
import * as queue from "../store/queue.ts";
import * as versions from "../store/versions.ts";
import { CONTEXT } from "../wires/agent-words.ts";
import { handOf } from "./agent-hand.ts";
import type { Deps } from "./deps.ts";
import { saveStep, underLock } from "./rotation-save.ts";
import type { World } from "./rotation-load.ts";
import { stillFresh, stillOurs } from "./rotation-touch.ts";
import { openVersion } from "./secrets.ts";

type Sent = Rotation<"prepared"> & { readonly order: Order<"sent"> };

export const placeOrder = async (deps: Deps, r: Rotation<"prepared">): Promise<void> => {
  const sent = await underLock(deps, r, async (tx, now, w) => {
    if (!isOrder(now.order, "wished", "sent", "placed")) return null;
    const left = leaving(now.order, now.fence, deps.epoch.value, deps.times);
    return await saveStep(deps, tx, sendOrder(now, left), w, { what: "order.placed", outcome: "intent", facts: told(left) }) as Sent;
  });
  if (sent === null) return;
  await deps.moment("order_sent");
  const left = await leave(deps, sent);
  await deps.moment("order_answered");
  await underLock(deps, sent as Rotation<"prepared">, async (tx, now, w) => {
    // Called in meanwhile: the change that follows overtakes it.
    if (isOrder(now.order, "sent")) await saveStep(deps, tx, absorbLeft(now, now.order, sent.order, left, tx.now, deps.times), w, event(left, now.order));
    // One that left before has come to its time, perhaps: what became of it is asked.
    if (left.said === "refused" && sent.order.before) tx.onCommit(() => deps.bus.publish("orders-doubted"));
  });
};

const told = (o: Pick<Order<"sent">, "agent" | "wanted" | "fence" | "epoch">): Record<string, Fact> => ({ agent: o.agent, due: o.wanted.toISOString(), fence: o.fence, epoch: o.epoch });
const event = (left: LeftOutcome, o: Order<"sent">): Partial<AuditEvent> =>
  ({ what: "order.placed", outcome: left.said === "kept" ? "ok" : left.said === "refused" ? "refused" : "failed", ...(left.why ? { why: left.why } : {}), facts: { ...told(o), said: left.said } });

/** Said by the agent before it kept anything. */
const REFUSALS: readonly string[] = ["forbidden", "invalid", "conflict", "not_found"];
const leave = async (deps: Deps, r: Sent): Promise<LeftOutcome> => {
  const fresh = await stillOurs(deps, r as Rotation<"prepared">), hand = handOf(deps, fresh.w.target);
  if (hand?.id !== r.order.agent) return { said: "not_sent", why: "another agent stands for the machine now" };
  try {
    const ask = await sealed(deps, r, fresh.w, hand);
    stillFresh(deps, fresh);
    await hand.call("orders", ask, AbortSignal.timeout(deps.times.changeLimit));
    return { said: "kept", why: "" };
  } catch (e) {
    const { code, message } = toFault(e), why = e instanceof Fault ? message : "the agent's answer could not be read";
    if (e instanceof Error && e.name === "Fenced") throw e;
    return { said: code === "unavailable" ? "not_sent" : REFUSALS.includes(code) ? "refused" : "unknown", why };
  }
};
const sealed = async (deps: Deps, r: Sent, w: World, hand: NonNullable<ReturnType<typeof handOf>>): Promise<object> => {
  const row = (await versions.find(deps.db, r.candidate))!, { order: o } = r;
  const facts = { rotation: r.id, account: w.account.name, no: row.no, fence: o.fence, epoch: o.epoch, due: o.wanted.getTime(), expires: expiryOf(o, deps.times).getTime() };
  using secret = openVersion(deps, row);
  return { do: "place", ...facts, now: (await queue.clock(deps.db)).getTime(), box: await hand.seal(secret, CONTEXT.order(hand.id, facts)) };
};
