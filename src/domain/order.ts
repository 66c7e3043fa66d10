/**
 * A change left with the agent of its machine for the end of a use, so that access ends in time whatever is down. Rule: an order is part of its
 * rotation's row, never a change beside it; while it may be performed the rotation has that candidate and no other.
 */
import type { AgentId } from "../kernel/ids.ts";
import type { Times } from "../kernel/times.ts";

/** The whole life. wished: nothing has left us. sent: it may stand there. placed: it stands. called: the use is over, we make the change. over: it cannot be performed any more. */
export const ORDER_NEXT = {
  wished: ["wished", "sent"],
  sent:   ["sent", "placed", "wished", "called", "over"],
  placed: ["placed", "sent", "called", "over"],
  called: ["called", "over"],
  over:   ["over"],
} as const satisfies Record<string, readonly string[]>;
export type OrderState = keyof typeof ORDER_NEXT;
/** It may still be performed by the agent alone. */
export const MAY_FIRE = ["sent", "placed", "called"] as const satisfies readonly OrderState[];

/** As it left us. `wanted`: when the use ends. `due`: the earliest moment at which the agent may perform it; before `expires` it does, afterwards never. `before`: one had left already. */
export type Left = {
  readonly agent: AgentId; readonly wanted: Date; readonly due: Date; readonly expires: Date;
  readonly fence: number; readonly epoch: number; readonly before: boolean;
};
type Shape = {
  wished: { readonly state: "wished"; readonly agent: AgentId; readonly wanted: Date };
  sent: Left & { readonly state: "sent" };
  placed: Left & { readonly state: "placed" };
  called: Left & { readonly state: "called" };
  over: Left & { readonly state: "over" };
};
export type Order<S extends OrderState = OrderState> = Shape[S];

export const isOrder = <S extends OrderState>(o: Order | null, ...states: readonly S[]): o is Order<S> => o !== null && (states as readonly OrderState[]).includes(o.state);
/** It waits for the end of a use; nothing is being changed. */
export const waits = (r: { readonly state: string; readonly order: Order | null }): boolean =>
  (r.state === "queued" || r.state === "prepared") && isOrder(r.order, "wished", "sent", "placed");
export const mayFire = (o: Order | null): boolean => isOrder(o, ...MAY_FIRE);
/** The agent may have made it by now, whatever we have heard: its time has come, or it has ended and nobody has asked the target since. */
export const mayHaveFired = (o: Order | null, now: Date): boolean => isOrder(o, "over") || (isOrder(o, ...MAY_FIRE) && now >= o.due);

/** What leaves now: sealed for this fence. One that left before may still be performed at its own time, until the agent has taken this one. */
export const leaving = (o: Order<"wished" | "sent" | "placed">, fence: number, epoch: number, t: Pick<Times, "orderKept">): Left => {
  const before = o.state !== "wished", expires = new Date(o.wanted.getTime() + t.orderKept);
  return {
    agent: o.agent, wanted: o.wanted, fence, epoch, before,
    due: before && o.due < o.wanted ? o.due : o.wanted, expires: before && o.expires > expires ? o.expires : expires,
  };
};

/** What is to be done with one whose rotation is prepared. `ask`: it may have been performed, the target is asked first. */
export type OrderAct = { readonly do: "order" } | { readonly do: "call_in" } | { readonly do: "ask" } | { readonly do: "apply" } | { readonly do: "rest"; readonly until: Date };
export const orderAct = (o: Order, now: Date, t: Pick<Times, "agentBeat">): OrderAct => {
  if (o.state === "over") return { do: "ask" };
  // A connected agent gives us this long after the end before it goes first.
  if (o.state === "called") return now.getTime() >= o.due.getTime() + t.agentBeat ? { do: "ask" } : { do: "apply" };
  if (now >= o.wanted || (o.state !== "wished" && now >= o.due)) return { do: "call_in" };
  return o.state === "placed" && o.due.getTime() === o.wanted.getTime() ? { do: "rest", until: o.due } : { do: "order" };
};
