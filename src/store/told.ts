/** Who wants to be told: choices of people, rules and webhooks of groups of targets. Rule: a collection that is gone covers nothing. */
import { and, asc, eq, inArray, isNull } from "drizzle-orm";
import { Fault } from "../kernel/fault.ts";
import type { CollectionId, GroupId, Id, PersonId } from "../kernel/ids.ts";
import type { WebhookId } from "../domain/delivery.ts";
import type { NoticeKind } from "../domain/notice.ts";
import { violated, type Reader, type Tx } from "./db.ts";
import { collectionMembers, noticeChoices, noticeRules, webhooks } from "./schema.ts";

export type RuleId = Id<"noticeRule">;
export type Scope = { readonly kinds: readonly NoticeKind[]; readonly collection: CollectionId | null };
export type Rule = Scope & {
  readonly id: RuleId; readonly people: readonly PersonId[]; readonly groups: readonly GroupId[]; readonly addresses: readonly string[];
    readonly by: PersonId; readonly at: Date;
};
export type Webhook = Scope & {
  readonly id: WebhookId; readonly name: string; readonly format: string; readonly host: string; readonly urlSealed: Buffer;
    readonly keySealed: Buffer; readonly active: boolean;
  readonly failingSince: Date | null; readonly offWhy: string | null; readonly lastOkAt: Date | null; readonly by: PersonId; readonly at: Date;
};

export const rules = async ({ q }: Reader): Promise<Rule[]> => (await q.select().from(noticeRules).orderBy(asc(noticeRules.at))) as unknown as Rule[];
export const putRule = async (tx: Tx, r: Omit<Rule, "at">): Promise<void> => {
  const row = { ...r, kinds: [...r.kinds], people: [...r.people], groups: [...r.groups], addresses: [...r.addresses], at: tx.now };
  await tx.q.insert(noticeRules).values(row).onConflictDoUpdate({ target: noticeRules.id, set: row });
};
export const removeRule = async (tx: Tx, id: RuleId): Promise<boolean> =>
  (await tx.q.delete(noticeRules).where(eq(noticeRules.id, id)).returning({ id: noticeRules.id })).length === 1;

export const hooks = async ({ q }: Reader): Promise<Webhook[]> =>
  (await q.select().from(webhooks).orderBy(asc(webhooks.name))) as unknown as Webhook[];
export const hook = async ({ q }: Reader, id: WebhookId): Promise<Webhook | null> =>
  ((await q.select().from(webhooks).where(eq(webhooks.id, id)))[0] ?? null) as unknown as Webhook | null;
export const putHook = async (tx: Tx, h: Omit<Webhook, "at">): Promise<void> => {
  const row = { ...h, kinds: [...h.kinds], at: tx.now };
  try { await tx.q.insert(webhooks).values(row).onConflictDoUpdate({ target: webhooks.id, set: { ...row, at: undefined } as never }); } catch (e) {
    if (violated(e) === "webhooks_name_unique") throw new Fault("conflict", `There is a webhook named ${h.name} already.`);
    throw e;
  }
};
export const removeHook = async (tx: Tx, id: WebhookId): Promise<boolean> =>
  (await tx.q.delete(webhooks).where(eq(webhooks.id, id)).returning({ id: webhooks.id })).length === 1;
export const hookWorked = async (tx: Tx, id: WebhookId): Promise<void> =>
  void await tx.q.update(webhooks).set({ failingSince: null, lastOkAt: tx.now }).where(eq(webhooks.id, id));
/** Since when it fails: the first failure after the last success. */
export const hookFailed = async (tx: Tx, id: WebhookId): Promise<Date | null> => {
  await tx.q.update(webhooks).set({ failingSince: tx.now }).where(and(eq(webhooks.id, id), isNull(webhooks.failingSince)));
  return (await hook(tx, id))?.failingSince ?? null;
};
/** False: it was off already. */
export const hookOff = async (tx: Tx, id: WebhookId, why: string): Promise<boolean> =>
  (await tx.q.update(webhooks).set({ active: false, offWhy: why }).where(and(eq(webhooks.id, id),
    eq(webhooks.active, true))).returning({ id: webhooks.id })).length === 1;

export const choicesOf = async ({ q }: Reader, person: PersonId): Promise<ReadonlyMap<NoticeKind, boolean>> =>
  new Map((await q.select().from(noticeChoices).where(eq(noticeChoices.person, person))).map((r) => [r.kind as NoticeKind, r.on]));
/** Of these people, who chose what about one kind. */
export const choices = async ({ q }: Reader, kind: NoticeKind): Promise<ReadonlyMap<PersonId, boolean>> =>
  new Map((await q.select().from(noticeChoices).where(eq(noticeChoices.kind, kind))).map((r) => [r.person as PersonId, r.on]));
export const choose = async (tx: Tx, person: PersonId, set: ReadonlyMap<NoticeKind, boolean>): Promise<void> => {
  await tx.q.delete(noticeChoices).where(and(eq(noticeChoices.person, person), inArray(noticeChoices.kind, [...set.keys()])));
  if (set.size > 0) await tx.q.insert(noticeChoices).values([...set].map(([kind, on]) => ({ person, kind, on })));
};

/** The groups of targets and accounts that hold one of these. */
export const collectionsOf = async ({ q }: Reader, members: readonly string[]): Promise<ReadonlySet<CollectionId>> =>
  new Set(members.length === 0 ? []
    : (await q.select({ id: collectionMembers.collection }).from(collectionMembers).where(inArray(collectionMembers.member, [...members]))).map((r) =>
    r.id as CollectionId));
