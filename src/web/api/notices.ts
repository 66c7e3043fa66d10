/**
 * Notices: what was sent to whom, rules, webhooks, one's own choices. Rule: an address of a webhook goes in and never comes out; its signing key is
 * in the answer that made it.
 */
import { z } from "@hono/zod-openapi";
import { Fault } from "../../kernel/fault.ts";
import type { Id as Branded } from "../../kernel/ids.ts";
import { STATES, type DeliveryId, type WebhookId } from "../../domain/delivery.ts";
import { CHOOSABLE, NoticeKind } from "../../domain/notice.ts";
import { FORMATS, WebhookInput } from "../../domain/webhook.ts";
import { choices, choose, deliveryLog, putRule, redeliver, removeRule, ruleList, testMail, type DeliveryFilter, type Listed,
  type Rule } from "../../flow/notices.ts";
import { putWebhook, removeWebhook, testWebhook, webhookList, type Webhook } from "../../flow/webhooks.ts";
import type { ApiDeps, Who } from "./deps.ts";
import { Done, endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging, read, write } from "./page.ts";
import { iso, When } from "./shapes.ts";

const tag = "notices", text = z.string(), maybe = text.nullable(), done = { ok: true as const };
export const DeliveryOut = z.object({
  id: text, notice: text, kind: NoticeKind, subject: text, path: maybe, channel: z.enum(["mail", "webhook"]), to: text,
    state: z.enum(STATES as ["waiting"]), tries: z.int(), said: text,
  at: When, nextAt: When, endedAt: When, againOf: maybe,
}).openapi("Delivery");
export const deliveryOut = ({ delivery: d, notice: n }: Listed): z.input<typeof DeliveryOut> => ({
  id: d.id, notice: n.id, kind: n.kind, subject: n.subject, path: n.path, channel: d.channel, to: d.to, state: d.state as "waiting", tries: d.tries,
    said: d.said,
  at: iso(d.at), nextAt: iso(d.nextAt), endedAt: iso(d.endedAt), againOf: d.againOf,
});
const Filter = Paging.extend({
  state: z.enum(STATES as ["waiting"]).optional(), kind: NoticeKind.optional(), channel: z.enum(["mail", "webhook"]).optional(),
    text: text.max(100).optional(), notice: text.max(80).optional(),
});
const deliveries: Endpoint = endpoint({
  method: "get", path: "/deliveries", tag, summary: "What was sent to whom, newest first", query: Filter, answer: pageOf(DeliveryOut),
  run: async ({ flow }, { caller, query: q }) => {
    const after = read(q.cursor);
    const f: DeliveryFilter = {
      ...(q.state ? { states: [q.state] } : {}), ...(q.kind ? { kind: q.kind } : {}), ...(q.channel ? { channel: q.channel } : {}),
        ...(q.text ? { to: q.text } : {}),
      ...(q.notice ? { notice: q.notice as Branded<"notice"> } : {}), ...(after ? { before: String(after[1]) as DeliveryId } : {}),
        limit: q.limit + 1,
    };
    const rows = await deliveryLog(flow.db, caller, f), items = rows.slice(0, q.limit);
    return { items: items.map(deliveryOut), next: rows.length > q.limit ? write([0, items.at(-1)!.delivery.id]) : null };
  },
});

const RuleOut = z.object({ id: text, kinds: z.array(NoticeKind), collection: maybe, people: z.array(text), groups: z.array(text),
  addresses: z.array(text), at: When }).openapi("NoticeRule");
const RuleIn = z.object({
  kinds: z.array(NoticeKind).default([]), collection: maybe.default(null), people: z.array(text.max(80)).max(500).default([]),
    groups: z.array(text.max(80)).max(100).default([]),
  addresses: z.array(text.max(254)).max(100).default([]),
});
const ruleOut = (r: Rule): z.input<typeof RuleOut> => ({ ...r, kinds: [...r.kinds], people: [...r.people], groups: [...r.groups],
  addresses: [...r.addresses], at: iso(r.at) });
const oneRule = async (deps: ApiDeps, { caller }: Who, id: string) => ruleOut((await ruleList(deps.flow.db, caller)).find((r) => r.id === id)!);

const HookOut = z.object({
  id: text, name: text, format: z.enum(FORMATS), host: text, kinds: z.array(NoticeKind), collection: maybe, active: z.boolean(), failingSince: When,
    offWhy: maybe, lastOkAt: When, at: When,
}).openapi("Webhook");
const hookOut = (h: Webhook): z.input<typeof HookOut> =>
  ({ ...h, format: h.format as "generic", kinds: [...h.kinds], failingSince: iso(h.failingSince), lastOkAt: iso(h.lastOkAt), at: iso(h.at) });
const find = async (deps: ApiDeps, { caller }: Who, name: string): Promise<Webhook> => {
  const hook = (await webhookList(deps.flow.db, caller)).find((h) => h.id === name || h.name === name);
  if (!hook) throw new Fault("not_found", "No such webhook.");
  return hook;
};
const Choice = z.object({ kind: NoticeKind, title: text, on: z.boolean(), fixed: z.boolean() });

export const notices: readonly Endpoint[] = [
  deliveries,
  endpoint({
    method: "post", path: "/deliveries/{id}/redeliver", tag, summary: "Send one again",
      says: "As another delivery: the log keeps what came of the first.", params: Id, answer: z.object({ id: text }), status: 202,
    run: async ({ flow }, { caller, params }) => ({ id: await redeliver(flow, caller, params.id as DeliveryId) }),
  }),
  endpoint({
    method: "post", path: "/mail/test", tag, summary: "Send a test mail", body: z.object({ address: text.trim().max(254) }),
      answer: z.object({ notice: text }), status: 202,
    run: async ({ flow }, { caller, body }) => ({ notice: await testMail(flow, caller, body.address) }),
  }),
  endpoint({
    method: "get", path: "/notice-rules", tag, summary: "Who else is told", query: Paging, answer: pageOf(RuleOut),
    run: async ({ flow }, { caller, query }) => { const p = cut(await ruleList(flow.db, caller), query, (r) => r.id);
      return { ...p, items: p.items.map(ruleOut) }; },
  }),
  endpoint({
    method: "post", path: "/notice-rules", tag, summary: "Tell somebody else",
      says: "People and groups by id or name. No kinds: all of them; no collection: about everything.", body: RuleIn, answer: RuleOut, status: 201,
    run: async (deps, a) => oneRule(deps, a, await putRule(deps.flow, a.caller, a.body)),
  }),
  endpoint({
    method: "put", path: "/notice-rules/{id}", tag, summary: "Change a rule", params: Id, body: RuleIn, answer: RuleOut,
    run: async (deps, a) => oneRule(deps, a, await putRule(deps.flow, a.caller, a.body, a.params.id as Branded<"noticeRule">)),
  }),
  endpoint({
    method: "delete", path: "/notice-rules/{id}", tag, summary: "Remove a rule", params: Id, answer: Done,
    run: async ({ flow }, { caller, params }) => { await removeRule(flow, caller, params.id as Branded<"noticeRule">); return done; },
  }),
  endpoint({
    method: "get", path: "/webhooks", tag, summary: "Webhooks", query: Paging, answer: pageOf(HookOut),
    run: async ({ flow }, { caller, query }) => { const p = cut(await webhookList(flow.db, caller), query, (h) => h.id);
      return { ...p, items: p.items.map(hookOut) }; },
  }),
  endpoint({
    method: "post", path: "/webhooks", tag, summary: "Add a webhook",
      says: "Messages are signed as Standard Webhooks says; `key` is in this answer and never again.", body: WebhookInput,
    answer: z.object({ key: text, webhook: HookOut }).openapi("MadeWebhook"), status: 201, secret: true,
    run: async (deps, a) => {
      const { id, key } = await putWebhook(deps.flow, a.caller, a.body);
      return { key: deps.doors.webhookKey(key!), webhook: hookOut(await find(deps, a, id)) };
    },
  }),
  endpoint({
    method: "put", path: "/webhooks/{id}", tag, summary: "Change a webhook, by id or name", says: "Without `url` its address stays.", params: Id,
      body: WebhookInput, answer: HookOut,
    run: async (deps, a) => { const { id } = await find(deps, a, a.params.id); await putWebhook(deps.flow, a.caller, a.body, id);
      return hookOut(await find(deps, a, id)); },
  }),
  endpoint({
    method: "post", path: "/webhooks/{id}/test", tag, summary: "Send it a test", params: Id, answer: Done, status: 202,
    run: async (deps, a) => { await testWebhook(deps.flow, a.caller, (await find(deps, a, a.params.id)).id); return done; },
  }),
  endpoint({
    method: "delete", path: "/webhooks/{id}", tag, summary: "Remove a webhook", params: Id, answer: Done,
    run: async (deps, a) => { await removeWebhook(deps.flow, a.caller, (await find(deps, a, a.params.id)).id as WebhookId); return done; },
  }),
  endpoint({
    method: "get", path: "/me/notices", tag: "me", summary: "What you are told", answer: z.object({ items: z.array(Choice), mails: z.boolean() }),
    run: async ({ flow }, { caller }) => ({ items: await choices(flow.db, caller), mails: flow.mail !== null }),
  }),
  endpoint({
    method: "put", path: "/me/notices", tag: "me", summary: "Choose what you are told",
      says: "What is not named is turned off, but for what nobody may turn off.", body: z.object({ kinds: z.array(NoticeKind) }),
    answer: z.object({ items: z.array(Choice), mails: z.boolean() }),
    run: async ({ flow }, { caller, body }) => { await choose(flow, caller, CHOOSABLE.filter((k) => body.kinds.includes(k)));
      return { items: await choices(flow.db, caller), mails: flow.mail !== null }; },
  }),
];
