/**
 * The life of one message to one address. Rule: a row leaves `waiting` by a step only this file makes; an ended one is never revived, it is sent anew
 * as another row.
 */
import type { Id, PersonId } from "../kernel/ids.ts";
import type { Times } from "../kernel/times.ts";
import type { NoticeId } from "./notice.ts";

/** `unsent`: there was no way to try (no mail server set, no address known). */
export const NEXT = {
  waiting: ["waiting", "sent", "refused", "given_up", "unsent"],
  sent: [], refused: [], given_up: [], unsent: [],
} as const satisfies Record<string, readonly string[]>;
export type State = keyof typeof NEXT;
export const STATES = Object.keys(NEXT) as State[];

export type Channel = "mail" | "webhook";
export type DeliveryId = Id<"delivery">;
export type WebhookId = Id<"webhook">;
export type Delivery = {
  readonly id: DeliveryId; readonly notice: NoticeId; readonly state: State; readonly channel: Channel;
  /** A mail address, or the name of a webhook. */
  readonly to: string; readonly person: PersonId | null; readonly webhook: WebhookId | null; readonly againOf: DeliveryId | null;
  readonly tries: number; readonly fence: number; readonly leaseUntil: Date | null; readonly nextAt: Date | null;
  /** It waits for its way (its webhook, the mail server), not for itself. */
  readonly wayClosed: boolean;
  /** The other side's own words, or why it was not tried. */
  readonly said: string; readonly at: Date; readonly endedAt: Date | null;
};

/** What came of one try. `wide`: it says nothing about this address, the whole way is closed. `unsure`: it may have arrived all the same. */
export type Outcome =
  | { readonly sent: string } | { readonly refused: string } | { readonly later: string; readonly wide: boolean; readonly unsure?: boolean }
  | { readonly impossible: string };

declare const made: unique symbol;
export type DeliveryStep = { readonly from: Delivery; readonly to: Delivery; readonly [made]: true };
const step = (from: Delivery, to: Partial<Delivery>): DeliveryStep =>
  ({ from, to: { ...from, leaseUntil: null, nextAt: null, wayClosed: false, ...to } }) as unknown as DeliveryStep;
const later = (now: Date, ms: number): Date => new Date(now.getTime() + ms);

export const backoff = (tries: number, t: Times): number => Math.min(t.deliveryRetryMax, t.deliveryRetryFirst * 2 ** Math.min(tries, 30));
/** Each further try may be one copy more for whoever reads it: about seven in three days, not seventy. */
const rarely = (tries: number, t: Times): number => Math.min(t.deliveryUnsureMax, t.deliveryUnsureFirst * 2 ** Math.min(tries, 30));
/** Until when it is ours, from now. */
export const leaseFrom = (now: Date, t: Times): Date => later(now, t.deliveryLease);

export const claim = (d: Delivery, now: Date, t: Times): DeliveryStep =>
  step(d, { fence: d.fence + 1, leaseUntil: leaseFrom(now, t), nextAt: now });

/** Not now: others of its kind were sent a moment ago, and more may come. */
export const hold = (d: Delivery, until: Date): DeliveryStep => step(d, { nextAt: until });

export const settle = (d: Delivery, o: Outcome, now: Date, t: Times): DeliveryStep => {
  const tries = d.tries + 1, ended = { tries, endedAt: now };
  if ("sent" in o) return step(d, { ...ended, state: "sent", said: o.sent });
  if ("refused" in o) return step(d, { ...ended, state: "refused", said: o.refused });
  if ("impossible" in o) return step(d, { endedAt: now, state: "unsent", said: o.impossible });
  if (now.getTime() - d.at.getTime() >= t.deliveryGiveUp) return step(d, { ...ended, state: "given_up", said: o.later });
  return step(d, { tries, said: o.later, wayClosed: o.wide, nextAt: later(now, (o.unsure ? rarely : backoff)(d.tries, t)) });
};
