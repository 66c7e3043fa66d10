/**
 * Webhooks: set by admins alone. Rule: address and signing key are sealed; the key is shown once, when it is made; a receiver that fails for days is
 * turned off and people are told.
 */
import { Fault } from "../kernel/fault.ts";
import { newId, type CollectionId } from "../kernel/ids.ts";
import { Secret } from "../kernel/secret.ts";
import type { WebhookId } from "../domain/delivery.ts";
import { may } from "../domain/may.ts";
import { wrongUrl, type WebhookInput } from "../domain/webhook.ts";
import * as collections from "../store/collections.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as notices from "../store/notices.ts";
import * as told from "../store/told.ts";
import type { Webhook } from "../store/told.ts";
import type { Deps } from "./deps.ts";
import { actor, broker, record, type Caller } from "./record.ts";

export type { Webhook } from "../store/told.ts";
type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus" | "keyring" | "hooks">;

const manages = (caller: Caller): void => { if (!may(caller.person, "notice.manage")) throw new Fault("forbidden",
  "Only admins say where notices go."); };
export const webhookList = (db: Reader, caller: Caller): Promise<Webhook[]> => {
  if (!may(caller.person, "notice.see")) throw new Fault("forbidden", "Only admins and auditors see where notices go.");
  return told.hooks(db);
};
const found = async (tx: Reader, id: WebhookId): Promise<Webhook> => {
  const hook = await told.hook(tx, id);
  if (!hook) throw new Fault("not_found", "No such webhook.");
  return hook;
};
export const refuseCollection = async (tx: Reader, id: string | null): Promise<CollectionId | null> => {
  if (id !== null && !(await collections.all(tx)).some((c) => c.id === id)) throw new Fault("invalid",
    "There is no such group of targets and accounts.");
  return id as CollectionId | null;
};

const sealed = (deps: Small, id: WebhookId, what: "url" | "key", secret: Secret): Buffer =>
  deps.keyring.sealFor("sessions", `webhook-${what}/${id}`, secret);
export const openWebhook = (deps: Pick<Deps, "keyring">, h: Webhook): { readonly url: Secret; readonly key: Secret } =>
  ({ url: deps.keyring.openFor("sessions", `webhook-url/${h.id}`, h.urlSealed),
    key: deps.keyring.openFor("sessions", `webhook-key/${h.id}`, h.keySealed) });

/** `key`: of a new one, to be shown this once. */
export type Put = { readonly id: WebhookId; readonly key: Secret | null };
export const putWebhook = (deps: Small, caller: Caller, input: WebhookInput, id?: WebhookId): Promise<Put> => deps.db.transaction(async (tx) => {
  manages(caller);
  const before = id === undefined ? null : await found(tx, id), wrong = input.url === undefined ? null : wrongUrl(input.url, deps.hooks.loopback);
  if (wrong) throw new Fault("invalid", `The address ${wrong}.`);
  if (!before && !input.url) throw new Fault("invalid", "The address is missing.");
  const hook = id ?? newId("webhook", deps.random), key = before ? null : Secret.of(`whsec_${deps.random.bytes(32).toString("base64")}`);
  const where = input.url ? { host: new URL(input.url).origin, urlSealed: sealed(deps, hook, "url", Secret.of(input.url)) }
    : { host: before!.host, urlSealed: before!.urlSealed };
  await told.putHook(tx, {
    id: hook, name: input.name, format: input.format, ...where, keySealed: key ? sealed(deps, hook, "key", key) : before!.keySealed,
      kinds: input.kinds,
    collection: await refuseCollection(tx, input.collection), active: input.active, failingSince: input.active ? null : before?.failingSince ?? null,
    offWhy: input.active ? null : before?.offWhy ?? "turned off by an admin", lastOkAt: before?.lastOkAt ?? null, by: caller.person.id,
  });
  const facts = { name: input.name, format: input.format, host: where.host, active: input.active, kinds: input.kinds.join(" ") };
  await record(deps, tx, { what: before ? "webhook.changed" : "webhook.added", who: actor(caller), about: { webhook: hook }, outcome: "ok", facts });
  tx.onCommit(() => deps.bus.publish("deliveries"));
  return { id: hook, key };
});

export const removeWebhook = (deps: Small, caller: Caller, id: WebhookId): Promise<void> => deps.db.transaction(async (tx) => {
  manages(caller);
  const hook = await found(tx, id);
  await told.removeHook(tx, id);
  await record(deps, tx, { what: "webhook.removed", who: actor(caller), about: { webhook: id }, outcome: "ok",
    facts: { name: hook.name, host: hook.host } });
});

/** One message that says it is a test, to this one alone. */
export const testWebhook = (deps: Small, caller: Caller, id: WebhookId): Promise<void> => deps.db.transaction(async (tx) => {
  manages(caller);
  const hook = await found(tx, id), notice = newId("notice", deps.random);
  const lines = [`${caller.person.name} pressed Test. If you read this, notices arrive here.`];
  await notices.add(tx, { id: notice, kind: "test", subject: "A test from Lockstep", lines, path: "/notices", about: { webhook: id } }, null);
  await notices.addDeliveries(tx, [{ id: newId("delivery", deps.random), notice, channel: "webhook", to: hook.name, person: null, webhook: id }]);
  await record(deps, tx, { what: "notice.tested", who: actor(caller), about: { webhook: id, notice }, outcome: "ok" });
  tx.onCommit(() => deps.bus.publish("deliveries"));
});

/** After a try. Fails since too long, or says it is gone: off, once, and the admins hear of it. */
export const webhookTried = async (deps: Pick<Deps, "random" | "eventJournal" | "bus" | "times">, tx: Tx, id: WebhookId,
  o: { ok: boolean; gone: boolean; said: string }): Promise<void> => {
  if (o.ok) return told.hookWorked(tx, id);
  const since = await told.hookFailed(tx, id), long = since !== null && tx.now.getTime() - since.getTime() >= deps.times.webhookOffAfter;
  if (!o.gone && !long) return;
  const why = o.gone ? o.said : `it has failed since ${since!.toISOString()}: ${o.said}`, hook = await told.hook(tx, id);
  if (!hook || !(await told.hookOff(tx, id, why))) return;
  await record(deps, tx, { what: "webhook.off", who: broker("notices"), about: { webhook: id }, outcome: "failed", why,
    facts: { name: hook.name, host: hook.host } });
};
