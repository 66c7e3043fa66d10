/** What an agent's answer, or its report, means for the change that was left with it. Rule: unknown counts as kept; a report says that an order can come no more, never what is in force. */
import type { Times } from "../kernel/times.ts";
import { isOrder, type Order } from "./order.ts";
import { later, orderLost, orderNotSent, orderOver, orderStands, orderUnknown, type AnyStep, type Rotation } from "./rotation.ts";

/** What became of an order that left us. */
export type LeftOutcome = { readonly said: "kept" | "not_sent" | "refused" | "unknown"; readonly why: string };
export const expiryOf = (o: Pick<Order<"sent">, "wanted">, t: Pick<Times, "orderKept">): Date => new Date(o.wanted.getTime() + t.orderKept);

/** `o`: as the row has it now; the use may have been moved while it was on its way. `went`: as it left. */
export const absorbLeft = (r: Rotation<"prepared">, o: Order<"sent">, went: Order<"sent">, left: LeftOutcome, now: Date, t: Pick<Times, "orderKept" | "sweep">): AnyStep => {
  const soon = later(now, t.sweep), next = soon < o.wanted ? soon : o.wanted;
  return left.said === "kept" ? orderStands(r, o, went.wanted, expiryOf(went, t)) : left.said === "unknown" ? orderUnknown(r, o, left.why, next)
    // What it will not keep it will not keep in a minute either: the hook at the end of the use does it.
    : orderNotSent(r, o, left.why, left.said === "refused" ? o.wanted : next);
};

/** `gone`: it has none of it. `ended`: made, expired or doubtful. `stands`: nothing follows. */
export type ReportSaid = "gone" | "ended" | "stands";
/** `covers`: the account's used_no, read in this transaction. */
export const absorbReport = (r: Rotation, o: Order<"sent" | "placed" | "called">, said: ReportSaid, covers: number): AnyStep | null => {
  if (said === "stands") return null;
  return said === "gone" && r.state === "prepared" && isOrder(o, "sent", "placed") ? orderLost(r, o) : orderOver(r, o, covers);
};
