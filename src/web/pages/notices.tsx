/** /notices: the delivery log; who is told what; webhooks. */
import { collectionList } from "../../flow/collections.ts";
import { choose, deliveryLog, putRule, redeliver, removeRule, ruleList, testMail, type DeliveryFilter } from "../../flow/notices.ts";
import { putWebhook, removeWebhook, testWebhook, webhookList } from "../../flow/webhooks.ts";
import { directory } from "../../identity/directory.ts";
import { STATES, type DeliveryId, type State, type WebhookId } from "../../domain/delivery.ts";
import { CHOOSABLE, KINDS, NOTICE_KINDS, parseAddresses, type NoticeKind } from "../../domain/notice.ts";
import { may } from "../../domain/may.ts";
import { WebhookInput } from "../../domain/webhook.ts";
import { Fault } from "../../kernel/fault.ts";
import { isId, type Id, type Noun } from "../../kernel/ids.ts";
import { DeliveryLog, type LogQuery } from "../../../views/delivery-log.tsx";
import { NoticeSettings, type RuleLine } from "../../../views/notice-settings.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { fields, lines, many, words, type Fields } from "../forms.ts";
import { me } from "../login-session.ts";
import { showWebhookKey } from "../release.tsx";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";

const PAGE = 100;
const lined = (kinds: readonly NoticeKind[]) => kinds.map((kind) => ({ kind, title: KINDS[kind].title }));
const idOf = <N extends Noun>(c: Ctx, noun: N, what: string): Id<N> => {
  const id = param(c, "id");
  if (!isId(noun, id)) throw new Fault("not_found", `No such ${what}.`);
  return id;
};
const kindsOf = async (c: Ctx): Promise<NoticeKind[]> => {
  const given = await many(c, "kinds"), known = NOTICE_KINDS.filter((k) => given.includes(k));
  if (known.length !== new Set(given).size) throw new Fault("invalid", "There is no such kind of notice.");
  return known;
};

const queryOf = (c: Ctx): LogQuery => {
  const get = (name: string) => (c.req.query(name) ?? "").trim().slice(0, 100), state = get("state"), kind = get("kind"), channel = get("channel");
  return { text: get("text"), state: (STATES as readonly string[]).includes(state) ? state as State : "",
    kind: (NOTICE_KINDS as readonly string[]).includes(kind) ? kind : "",
    channel: channel === "mail" || channel === "webhook" ? channel : "" };
};
const filterOf = (q: LogQuery, before: string | undefined): DeliveryFilter => ({
  ...(q.text ? { to: q.text } : {}), ...(q.state ? { states: [q.state] } : {}), ...(q.kind ? { kind: q.kind as NoticeKind } : {}),
  ...(q.channel ? { channel: q.channel as "mail" } : {}), ...(before !== undefined && isId("delivery", before) ? { before: before as DeliveryId }
    : {}),
});
const log = async (c: Ctx, deps: WebDeps) => {
  const q = queryOf(c), rows = await deliveryLog(deps.flow.db, callerOf(c), { ...filterOf(q, c.req.query("before")), limit: PAGE + 1 }),
    list = rows.slice(0, PAGE);
  const view = { list, q, kinds: lined(NOTICE_KINDS), states: STATES, more: rows.length > PAGE ? list.at(-1)!.delivery.id : null,
    manages: may(me(c).person, "notice.manage") };
  return render(c, deps, { title: "Notices", wide: true }, <DeliveryLog {...view} />);
};
const again = async (c: Ctx, deps: WebDeps) => {
  await redeliver(deps.flow, callerOf(c), idOf(c, "delivery", "delivery"));
  return c.redirect("/notices?done=sending", 303);
};

const settings = async (c: Ctx, deps: WebDeps) => {
  const { person } = me(c), { db, mail } = deps.flow, { people, groups } = await directory(db, person), rules = await ruleList(db, callerOf(c));
  const name = (all: readonly { readonly id: string; readonly name: string }[]) => (id: string): string => all.find((x) => x.id === id)?.name ?? id;
  const view = {
    mail: mail && { server: mail.server, from: mail.from }, hooks: (await webhookList(db, callerOf(c))).map((h) =>
      ({ ...h, format: h.format as "generic" })),
    rules: rules.map((r): RuleLine => ({ ...r, people: r.people.map(name(people)), groups: r.groups.map(name(groups)) })), kinds: lined(CHOOSABLE),
    collections: await collectionList(db, callerOf(c)), groups: groups.map((g) => g.name), manages: may(person, "notice.manage"),
  };
  return render(c, deps, { title: "Who is told what" }, <NoticeSettings {...view} />);
};
const back = (c: Ctx, done: string) => c.redirect(`/notices/settings?done=${done}`, 303);
const mailTest = async (c: Ctx, deps: WebDeps) => {
  await testMail(deps.flow, callerOf(c), ((await fields(c))["address"] ?? "").trim());
  return c.redirect("/notices?done=sending", 303);
};

const field = async (c: Ctx, name: string): Promise<string> => ((await many(c, name))[0] ?? "").trim();
const rule = (id: (c: Ctx) => Id<"noticeRule"> | undefined) => async (c: Ctx, deps: WebDeps) => {
  const { addresses, wrong } = parseAddresses(await field(c, "addresses")), known = id(c);
  if (wrong.length > 0) throw new Fault("invalid", `No mail address: ${wrong.join(", ")}.`);
  const input = { kinds: await kindsOf(c), collection: (await field(c, "collection")) || null, people: words(await field(c, "people")),
    groups: lines(await field(c, "groups")), addresses };
  await putRule(deps.flow, callerOf(c), input, known);
  return back(c, known ? "changed" : "added");
};
const ruleGone = async (c: Ctx, deps: WebDeps) => { await removeRule(deps.flow, callerOf(c), idOf(c, "noticeRule", "rule"));
  return back(c, "removed"); };

const hookInput = async (c: Ctx, active: boolean): Promise<WebhookInput> => {
  const f: Fields = { name: await field(c, "name"), url: await field(c, "url"), format: await field(c, "format"),
    collection: await field(c, "collection") };
  return WebhookInput.parse({ name: f["name"], format: f["format"] || "generic", ...(f["url"] ? { url: f["url"] } : {}), kinds: await kindsOf(c),
    collection: f["collection"] || null, active });
};
const hookNew = async (c: Ctx, deps: WebDeps) => {
  const input = await hookInput(c, true), made = await putWebhook(deps.flow, callerOf(c), input);
  return showWebhookKey(c, deps, { key: made.key!, name: input.name });
};
const hookChanged = async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c, "webhook", "webhook") as WebhookId;
  await putWebhook(deps.flow, callerOf(c), await hookInput(c, (await field(c, "active")) === "yes"), id);
  return back(c, "changed");
};
const hookTest = async (c: Ctx, deps: WebDeps) => { await testWebhook(deps.flow, callerOf(c), idOf(c, "webhook", "webhook"));
  return c.redirect("/notices?done=sending", 303); };
const hookGone = async (c: Ctx, deps: WebDeps) => { await removeWebhook(deps.flow, callerOf(c), idOf(c, "webhook", "webhook"));
  return back(c, "removed"); };

const mine = async (c: Ctx, deps: WebDeps) => { await choose(deps.flow, callerOf(c), await kindsOf(c)); return c.redirect("/me?done=changed", 303); };

export const NOTICES: readonly Route[] = [
  { method: "GET", path: "/notices", act: "notice.see", handle: log },
  { method: "GET", path: "/notices/settings", act: "notice.see", handle: settings },
  { method: "POST", path: "/notices/test-mail", act: "notice.manage", handle: mailTest },
  { method: "POST", path: "/notices/rules", act: "notice.manage", handle: rule(() => undefined) },
  { method: "POST", path: "/notices/rules/:id", act: "notice.manage", handle: rule((c) => idOf(c, "noticeRule", "rule")) },
  { method: "POST", path: "/notices/rules/:id/remove", act: "notice.manage", handle: ruleGone },
  { method: "POST", path: "/notices/:id/redeliver", act: "notice.manage", handle: again },
  { method: "POST", path: "/webhooks", act: "notice.manage", handle: hookNew },
  { method: "POST", path: "/webhooks/:id", act: "notice.manage", handle: hookChanged },
  { method: "POST", path: "/webhooks/:id/test", act: "notice.manage", handle: hookTest },
  { method: "POST", path: "/webhooks/:id/remove", act: "notice.manage", handle: hookGone },
  { method: "POST", path: "/me/notices", act: "logged_in", handle: mine },
];
