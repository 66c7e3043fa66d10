/**
 * Messages out of the outbox. Rule: rows are claimed under a lease, renewed for as long as the sending takes, sent outside any transaction and
 * settled by their fence: at least once, and resumed by whoever comes next. Mails of one kind to one address that pile up go as one.
 */
import { claim as claimStep, hold, leaseFrom, settle as settleStep, type Channel, type Delivery, type DeliveryId, type Outcome } from "../domain/delivery.ts";
import { gathered, mailText, type Told } from "../domain/notice.ts";
import { webhookBody, type Format } from "../domain/webhook.ts";
import type { Tx } from "../store/db.ts";
import * as notices from "../store/notices.ts";
import * as told from "../store/told.ts";
import type { Deps } from "./deps.ts";
import { openWebhook, webhookTried } from "./webhooks.ts";

export type Item = { readonly delivery: Delivery; readonly notice: Told };
/** One message: the first, and what goes with it. */
export type Claimed = { readonly id: DeliveryId; readonly items: readonly Item[] };
const MOST = 100;

/** A broker that is passive sends nothing: the one it was copied from does. Before the portal listens no link could be written. */
export const mayDeliver = (deps: Pick<Deps, "passive" | "site">): boolean => deps.passive.why === null && deps.site.origin !== "";

/** What has its time come, with a fresh lease; null: nothing to do now, or this broker must not. */
export const claimDelivery = (deps: Deps, channel: Channel, busy: readonly DeliveryId[]): Promise<Claimed | null> =>
  deps.db.transaction(async (tx) => {
  if (!mayDeliver(deps)) return null;
  for (;;) {
    const seen = await notices.claimable(tx, channel, busy);
    if (!seen) return null;
    const notice = (await notices.find(tx, seen.notice))!, wait = channel === "mail" ? await tooSoon(deps, tx, seen, notice) : null;
    if (wait !== null) { await notices.save(tx, hold(seen, wait)); await notices.holdAlike(tx, seen, notice.kind, wait); continue; }
    const more = channel === "mail" && notice.kind !== "test" ? await notices.gather(tx, seen, notice.kind, MOST - 1) : [];
    const items: Item[] = [];
    for (const item of [{ delivery: seen, notice }, ...more]) {
      const step = claimStep(item.delivery, tx.now, deps.times);
      if (await notices.save(tx, step)) items.push({ delivery: step.to, notice: item.notice });
    }
    return { id: seen.id, items };
  }
});
/** After one mail of a kind the next waits a little: a storm of five hundred becomes a few. */
const tooSoon = async (deps: Deps, tx: Tx, d: Delivery, n: Told): Promise<Date | null> => {
  const last = n.kind === "test" || d.tries > 0 ? null : await notices.lastSent(tx, d.to, n.kind),
    next = last === null ? null : new Date(last.getTime() + deps.times.deliveryGather);
  return next !== null && next > tx.now ? next : null;
};

/** `stop`: a broker that goes down waits for no mail server. */
export const deliver = async (deps: Deps, { items }: Claimed, stop?: AbortSignal): Promise<void> => {
  const { delivery } = items[0]!, sending = delivery.channel === "mail" ? byMail(deps, items, stop) : byHook(deps, items[0]!);
  const outcome = await kept(deps, items, sending).catch((e: unknown): Outcome => {
    deps.log("error", `delivery ${delivery.id}: ${e instanceof Error ? e.message : String(e)}`);
    return { later: "It could not be put together; the broker's log says why.", wide: false };
  });
  await settle(deps, items, outcome);
};

/** The last renewal ends before the row is settled: one that came after would take it again. */
const kept = async <T>(deps: Deps, items: readonly Item[], sending: Promise<T>): Promise<T> => {
  const renew = (): Promise<void> => deps.db.transaction((tx) => notices.renew(tx, items.map((i) => i.delivery), leaseFrom(tx.now, deps.times)));
  let last = Promise.resolve();
  const timer = setInterval(() => {
    last = last.then(renew).catch((e: unknown) => deps.log("warn", `delivery ${items[0]!.delivery.id}: its lease was not renewed: ${String(e)}`));
  }, deps.times.deliveryRenew);
  try { return await sending; } finally { clearInterval(timer); await last; }
};

const byMail = async (deps: Deps, items: readonly Item[], stop?: AbortSignal): Promise<Outcome> => {
  if (deps.mail === null) return { impossible: "No mail server is set." };
  const { delivery: { id, to }, notice } = items[0]!, one = items.length === 1 ? notice : gathered(items.map((i) => i.notice), deps.site.origin);
  return deps.mail.send({ id, to, subject: one.subject, text: mailText(one, deps.site.origin), at: notice.at }, stop);
};
const byHook = async (deps: Deps, { delivery, notice }: Item): Promise<Outcome> => {
  const hook = await told.hook(deps.db, delivery.webhook!);
  if (!hook?.active) return { impossible: hook ? "The webhook is turned off." : "The webhook was removed." };
  const { url, key } = openWebhook(deps, hook);
  try {
    return await deps.hooks.post({ url, key, id: notice.id, at: deps.clock.now(),
      body: webhookBody(hook.format as Format, notice, deps.site.origin) });
  } finally { url.wipe(); key.wipe(); }
};

const wayOf = (d: Delivery) => (d.webhook === null ? { channel: "mail" } as const : { webhook: d.webhook });
const settle = (deps: Deps, items: readonly Item[], o: Outcome): Promise<void> => deps.db.transaction(async (tx) => {
  const steps = items.map(({ delivery }) => settleStep(delivery, o, tx.now, deps.times)), { delivery: first } = items[0]!;
  let mine = 0;
  // Somebody took one over while we waited for the other side: what they note of it is what counts.
  for (const step of steps) if (await notices.save(tx, step)) mine += 1;
  if (mine === 0) return;
  if (first.webhook !== null && !("impossible" in o)) await webhookTried(deps, tx, first.webhook,
    { ok: "sent" in o, gone: "refused" in o, said: "later" in o ? o.later : "refused" in o ? o.refused : "" });
  const next = steps[0]!.to.nextAt;
  if ("later" in o && o.wide && next) await notices.postpone(tx, wayOf(first), next);
  if ("sent" in o) await notices.hurry(tx, wayOf(first));
  tx.onCommit(() => { deps.bus.publish("deliveries"); for (const { notice } of items) deps.bus.publish(notice.id); });
});

/** What is over and old. */
export const forgetNotices = (deps: Pick<Deps, "times">, tx: Tx): Promise<void> =>
  notices.forget(tx, new Date(tx.now.getTime() - deps.times.deliveryKept));
