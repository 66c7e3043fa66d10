/**
 * Who is told what, and the log of what was. Rule: admins set where notices go; everybody chooses for themselves, but for what nobody may turn off.
 */
import { Fault } from "../kernel/fault.ts";
import { newId, type GroupId, type PersonId } from "../kernel/ids.ts";
import type { DeliveryId } from "../domain/delivery.ts";
import { always, CHOOSABLE, isAddress, KINDS, type NoticeId, type NoticeKind } from "../domain/notice.ts";
import { may } from "../domain/may.ts";
import type { Reader } from "../store/db.ts";
import * as notices from "../store/notices.ts";
import type { DeliveryFilter, Listed } from "../store/notices.ts";
import * as people from "../store/people.ts";
import * as told from "../store/told.ts";
import type { Rule, RuleId } from "../store/told.ts";
import type { Deps } from "./deps.ts";
import { actor, record, type Caller } from "./record.ts";
import { tell } from "./tell.ts";
import { refuseCollection } from "./webhooks.ts";

export type { DeliveryFilter, Listed } from "../store/notices.ts";
export type { Rule } from "../store/told.ts";
type Small = Pick<Deps, "db" | "random" | "eventJournal" | "bus">;
const sees = (caller: Caller): void => { if (!may(caller.person, "notice.see")) throw new Fault("forbidden",
  "Only admins and auditors see what was sent to whom."); };
const manages = (caller: Caller): void => { if (!may(caller.person, "notice.manage")) throw new Fault("forbidden",
  "Only admins say where notices go."); };

export const deliveryLog = (db: Reader, caller: Caller, f: DeliveryFilter): Promise<Listed[]> => { sees(caller); return notices.list(db, f); };
/** For the page of whatever told: the caller has shown that they may see it. */
export const deliveriesAbout = (db: Reader, about: Readonly<Record<string, string>>): Promise<Listed[]> => notices.list(db, { about, limit: 500 });

/** As another row, so that the log keeps what came of the first. */
export const redeliver = (deps: Small, caller: Caller, id: DeliveryId): Promise<DeliveryId> => deps.db.transaction(async (tx) => {
  manages(caller);
  const d = await notices.delivery(tx, id), again = newId("delivery", deps.random);
  if (!d) throw new Fault("not_found", "No such delivery.");
  if (d.state === "waiting") throw new Fault("conflict", "It is still being tried by itself.");
  if (d.channel === "mail" && !isAddress(d.to)) throw new Fault("conflict", `No mail address is known for ${d.to}. Give them one first.`);
  await notices.addDeliveries(tx, [{ id: again, notice: d.notice, channel: d.channel, to: d.to, person: d.person, webhook: d.webhook,
    againOf: d.id }]);
  await record(deps, tx, { what: "notice.redelivered", who: actor(caller), about: { notice: d.notice }, outcome: "ok",
    facts: { to: d.to, channel: d.channel } });
  tx.onCommit(() => deps.bus.publish("deliveries"));
  return again;
});

export const testMail = (deps: Small, caller: Caller, address: string): Promise<NoticeId> => deps.db.transaction(async (tx) => {
  manages(caller);
  if (!isAddress(address)) throw new Fault("invalid", "That is no mail address.");
  const lines = [`${caller.person.name} pressed Send a test. If you read this, mail arrives here.`];
  const id = (await tell(deps, tx, { kind: "test", subject: "A test from Lockstep", lines, path: "/notices", about: {},
    to: { addresses: [address] } }))!;
  await record(deps, tx, { what: "notice.tested", who: actor(caller), about: { notice: id }, outcome: "ok", facts: { to: address } });
  return id;
});

export type RuleInput = {
  readonly kinds: readonly NoticeKind[]; readonly collection: string | null; readonly people: readonly string[]; readonly groups: readonly string[];
    readonly addresses: readonly string[];
};
export const ruleList = (db: Reader, caller: Caller): Promise<Rule[]> => { sees(caller); return told.rules(db); };
export const putRule = (deps: Small, caller: Caller, input: RuleInput, id?: RuleId): Promise<RuleId> => deps.db.transaction(async (tx) => {
  manages(caller);
  const { list, groups } = { list: await people.all(tx), groups: await people.allGroups(tx) }, wrong: string[] = [];
  const pick = <T extends string>(given: readonly string[], all: readonly { readonly id: string; readonly name: string }[], what: string): T[] =>
    given.map((text) => {
    const hit = all.find((x) => x.id === text || x.name === text);
    if (!hit) wrong.push(`there is no ${what} named ${text}`);
    return (hit?.id ?? "") as T;
  });
  const row = { people: pick<PersonId>(input.people, list, "person"), groups: pick<GroupId>(input.groups, groups, "group of people") };
  wrong.push(...input.addresses.filter((a) => !isAddress(a)).map((a) => `${a} is no mail address`));
  if (id !== undefined && !(await told.rules(tx)).some((r) => r.id === id)) throw new Fault("not_found", "No such rule.");
  if (wrong.length > 0) throw new Fault("invalid", `Not saved: ${wrong.join("; ")}.`);
  if (row.people.length + row.groups.length + input.addresses.length === 0) throw new Fault("invalid",
    "Say who is to be told: people, groups or addresses.");
  const rule = id ?? newId("noticeRule", deps.random), collection = await refuseCollection(tx, input.collection);
  await told.putRule(tx, { id: rule, kinds: input.kinds, collection, ...row, addresses: input.addresses, by: caller.person.id });
  const facts = { kinds: input.kinds.join(" "), people: row.people.length, groups: row.groups.length, addresses: input.addresses.join(" ") };
  await record(deps, tx, { what: "notice.rule_changed", who: actor(caller), about: { rule, ...(collection ? { collection } : {}) }, outcome: "ok",
    facts });
  return rule;
});
export const removeRule = (deps: Small, caller: Caller, id: RuleId): Promise<void> => deps.db.transaction(async (tx) => {
  manages(caller);
  if (!(await told.removeRule(tx, id))) throw new Fault("not_found", "No such rule.");
  await record(deps, tx, { what: "notice.rule_changed", who: actor(caller), about: { rule: id }, outcome: "ok", facts: { removed: true } });
});

export type Choice = { readonly kind: NoticeKind; readonly title: string; readonly on: boolean; readonly fixed: boolean };
/** A person's own. */
export const choices = async (db: Reader, caller: Caller): Promise<Choice[]> => {
  const chosen = await told.choicesOf(db, caller.person.id);
  return CHOOSABLE.map((kind) => ({ kind, title: KINDS[kind].title, fixed: always(kind),
    on: always(kind) || (chosen.get(kind) ?? KINDS[kind].unasked) }));
};
export const choose = (deps: Small, caller: Caller, on: readonly NoticeKind[]): Promise<void> => deps.db.transaction(async (tx) => {
  const free = CHOOSABLE.filter((k) => !always(k));
  await told.choose(tx, caller.person.id, new Map(free.map((k) => [k, on.includes(k)])));
  await record(deps, tx, { what: "notice.chosen", who: actor(caller), about: { person: caller.person.id }, outcome: "ok",
    facts: { off: free.filter((k) => !on.includes(k)).join(" ") } });
});
