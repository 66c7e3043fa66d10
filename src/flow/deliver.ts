/** One message out of the outbox. Rule: the row is claimed under a lease, sent outside any transaction and settled by its fence: at least once, and resumed by whoever comes next. */
import { claim as claimStep, settle as settleStep, type Delivery, type DeliveryId, type Outcome } from "../domain/delivery.ts";
import { mailText, type Told } from "../domain/notice.ts";
import * as notices from "../store/notices.ts";
import type { Deps } from "./deps.ts";

export type Claimed = { readonly id: DeliveryId; readonly delivery: Delivery; readonly notice: Told };

/** The next whose time has come, with a fresh lease; null: nothing to do now, or this broker must not. */
export const claimDelivery = (deps: Deps, busy: readonly DeliveryId[]): Promise<Claimed | null> => deps.db.transaction(async (tx) => {
  if (deps.passive.why !== null || deps.site.origin === "") return null;
  const seen = await notices.claimable(tx, busy);
  if (!seen) return null;
  const step = claimStep(seen, tx.now, deps.times);
  await notices.save(tx, step);
  return { id: seen.id, delivery: step.to, notice: (await notices.find(tx, seen.notice))! };
});

export const deliver = async (deps: Deps, { delivery, notice }: Claimed): Promise<void> => settle(deps, delivery, await post(deps, delivery, notice));

const post = async (deps: Deps, d: Delivery, n: Told): Promise<Outcome> => {
  if (deps.mail === null) return { impossible: "No mail server is set." };
  return deps.mail.send({ id: d.id, to: d.to, subject: n.subject, text: mailText(n, deps.site.origin), at: n.at });
};

const wayOf = (d: Delivery) => (d.webhook === null ? { channel: "mail" } as const : { webhook: d.webhook });
const settle = (deps: Deps, d: Delivery, o: Outcome): Promise<void> => deps.db.transaction(async (tx) => {
  const step = settleStep(d, o, tx.now, deps.times);
  // Somebody took it over while we waited for the other side: what they note is what counts.
  if (!(await notices.save(tx, step))) return;
  if ("later" in o && o.wide && step.to.nextAt) await notices.postpone(tx, wayOf(d), step.to.nextAt);
  if ("sent" in o && d.tries > 0) await notices.hurry(tx, wayOf(d));
  tx.onCommit(() => { deps.bus.publish("deliveries"); deps.bus.publish(d.notice); });
});
