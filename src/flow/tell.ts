/** News for people: the outbox, written in the transaction of what it tells of. Rule: no network here; a job sends what the commit has made true. */
import { newId, type PersonId } from "../kernel/ids.ts";
import type { Webhook } from "../store/told.ts";
import { always, isAddress, KINDS, plainLine, type Notice, type NoticeId } from "../domain/notice.ts";
import type { Person } from "../domain/person.ts";
import type { Reader, Tx } from "../store/db.ts";
import * as notices from "../store/notices.ts";
import type { NewDelivery } from "../store/notices.ts";
import * as people from "../store/people.ts";
import * as told from "../store/told.ts";
import type { Deps } from "./deps.ts";

export type { Notice } from "../domain/notice.ts";
/** `audience`: who is told because of what they are to it, unless they chose otherwise; `to`: who was named for it. */
export type News = Notice & { readonly audience?: readonly PersonId[] };

/** For every page that would mail; null: mail goes out. */
export const nobodyMailed = (deps: Pick<Deps, "mail">): string | null =>
  (deps.mail === null ? "Nobody will be mailed: no mail server is set (LOCKSTEP_SMTP_SERVER)." : null);

/** Null: there was nobody to tell, or it was told before. What became of it at each address: `notices.list(db, { notice })`. */
export const tell = async (deps: Pick<Deps, "random" | "bus">, tx: Tx, n: News): Promise<NoticeId | null> => {
  const id = newId("notice", deps.random), who = await receivers(tx, n), hooks = await hooksFor(tx, n);
  if (who.people.length + who.addresses.length + hooks.length === 0 && n.once === undefined) return null;
  const { kind, about, path } = n, row = { id, kind, about, path, subject: plainLine(n.subject, 180),
    lines: n.lines.map((l) => plainLine(l, 1_000)) };
  if (!(await notices.add(tx, row, n.once ?? null))) return null;
  await notices.addDeliveries(tx, [...mailsTo(who), ...hooks.map(hooked)].map((d): NewDelivery =>
    ({ ...d, id: newId("delivery", deps.random), notice: id })));
  tx.onCommit(() => { deps.bus.publish("deliveries"); deps.bus.publish("news"); });
  return id;
};

type Row = Omit<NewDelivery, "id" | "notice">;
const hooked = (h: Webhook): Row => ({ channel: "webhook", to: h.name, person: null, webhook: h.id });
/** One mail to one address, whoever reads it; a person without one is written down as not told. */
const mailsTo = ({ people: list, addresses }: Receivers): Row[] => {
  const rows = new Map<string, Row>(), base = { channel: "mail", webhook: null } as const;
  for (const p of list) {
    const to = p.mail?.trim() ?? "", no = to === "" ? `No mail address is known for ${p.name}.` : isAddress(to) ? null
      : `The mail address of ${p.name} is none: ${plainLine(to, 80)}`;
    const key = no === null ? to.toLowerCase() : p.id;
    if (!rows.has(key)) rows.set(key, { ...base, to: no === null ? to : p.name, person: p.id, ...(no === null ? {} : { unsent: no }) });
  }
  for (const to of addresses) if (!rows.has(to.toLowerCase())) rows.set(to.toLowerCase(), { ...base, to, person: null });
  return [...rows.values()];
};

type Receivers = { readonly people: readonly Person[]; readonly addresses: readonly string[] };
const receivers = async (tx: Tx, n: News): Promise<Receivers> => {
  const rules = (await told.rules(tx)).filter(await covers(tx, n)), chosen = await told.choices(tx, n.kind);
  const named = new Set([...n.to.people ?? [], ...rules.flatMap((r) => r.people)]),
    groups = new Set([...n.to.groups ?? [], ...rules.flatMap((r) => r.groups)]);
  const audience = new Set((n.audience ?? []).filter((p) => always(n.kind) || (chosen.get(p) ?? KINDS[n.kind].unasked)));
  const everyone = named.size + groups.size + audience.size === 0 ? [] : await people.all(tx);
  return {
    people: everyone.filter((p) => !p.disabled && (named.has(p.id) || audience.has(p.id) || p.groups.some((g) => groups.has(g)))),
    addresses: [...n.to.addresses ?? [], ...rules.flatMap((r) => r.addresses)],
  };
};
const hooksFor = async (tx: Tx, n: News): Promise<Webhook[]> => {
  const hooks = (await told.hooks(tx)).filter((h) => h.active);
  return n.kind === "test" || hooks.length === 0 ? [] : hooks.filter(await covers(tx, n));
};
/** Rules and webhooks: no kinds are all kinds, no group is everything. */
const covers = async (db: Reader, n: News): Promise<(s: told.Scope) => boolean> => {
  const sets = await told.collectionsOf(db, Object.values(n.about));
  return (s) => n.kind !== "test" && (s.kinds.length === 0 || s.kinds.includes(n.kind)) && (s.collection === null || sets.has(s.collection));
};
