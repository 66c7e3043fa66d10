/** Listings of targets, the accounts they found, and the rules for them, as rows. Rule: a listing is moved by its step under its fence; found accounts are written only by whoever holds it. */
import { and, asc, desc, eq, inArray, isNull, lte, notInArray, or, sql } from "drizzle-orm";
import { Fault } from "../kernel/fault.ts";
import type { CollectionId, DiscoveryId, PersonId, RuleId, TargetId } from "../kernel/ids.ts";
import type { Rule } from "../domain/adoption-rule.ts";
import { BY_HAND, TAKEN, type Change, type Discovery, type Found, type Step } from "../domain/discovery.ts";
import { violated, type Reader, type Tx } from "./db.ts";
import { people, targets } from "./schema.ts";
import { adoptionRules, discoveries, foundAccounts } from "./schema-discovery.ts";

const fromRow = ({ prior: _prior, ...r }: typeof discoveries.$inferSelect): Discovery => ({
  id: r.id, target: r.target, trigger: r.trigger, by: r.by, at: r.at, fence: r.fence,
  ...(r.state === "running" ? { state: "running", leaseUntil: r.leaseUntil } : r.state === "done" ? { state: "done", endedAt: r.endedAt, counts: r.counts, first: r.first }
    : r.state === "failed" ? { state: "failed", endedAt: r.endedAt, why: r.why } : { state: "waiting" }),
}) as Discovery;
const columns = (d: Discovery) => ({
  state: d.state, fence: d.fence, leaseUntil: d.state === "running" ? d.leaseUntil : null, endedAt: "endedAt" in d ? d.endedAt : null,
  why: d.state === "failed" ? d.why : null, counts: d.state === "done" ? d.counts : null, first: d.state === "done" && d.first,
});

/** False: one of this target is open already. */
export const open = async (tx: Tx, d: Omit<Discovery<"waiting">, "state" | "fence">): Promise<boolean> =>
  (await tx.q.insert(discoveries).values({ ...d }).onConflictDoNothing().returning({ id: discoveries.id })).length === 1;
/** False: somebody else has taken it meanwhile. */
export const save = async (tx: Tx, { from, to }: Step): Promise<boolean> =>
  (await tx.q.update(discoveries).set(columns(to)).where(and(eq(discoveries.id, from.id), eq(discoveries.state, from.state), eq(discoveries.fence, from.fence))).returning({ id: discoveries.id })).length === 1;
export const openOf = async ({ q }: Reader, target: TargetId): Promise<Discovery | null> => {
  const [r] = await q.select().from(discoveries).where(and(eq(discoveries.target, target), inArray(discoveries.state, ["waiting", "running"])));
  return r ? fromRow(r) : null;
};
export const find = async ({ q }: Reader, id: DiscoveryId): Promise<Discovery | null> => { const [r] = await q.select().from(discoveries).where(eq(discoveries.id, id)); return r ? fromRow(r) : null; };
/** Newest first. `whole`: only those that ended with a list. */
export const recent = async ({ q }: Reader, f: { readonly target?: TargetId; readonly whole?: boolean; readonly limit?: number }): Promise<Discovery[]> =>
  (await q.select().from(discoveries).where(and(f.target ? eq(discoveries.target, f.target) : undefined, f.whole ? eq(discoveries.state, "done") : undefined)).orderBy(desc(discoveries.at), desc(discoveries.id)).limit(f.limit ?? 20)).map(fromRow);
/** The oldest that nobody works on; locked, so that two nodes never take the same. */
export const claimable = async (tx: Tx, busy: readonly string[], full: readonly string[]): Promise<Discovery<"waiting" | "running"> | null> => {
  const [r] = await tx.q.select().from(discoveries).where(and(or(eq(discoveries.state, "waiting"), and(eq(discoveries.state, "running"), lte(discoveries.leaseUntil, tx.now))),
    busy.length > 0 ? notInArray(discoveries.id, [...busy]) : undefined, full.length > 0 ? notInArray(discoveries.target, [...full]) : undefined)).orderBy(asc(discoveries.at)).limit(1).for("update", { skipLocked: true });
  return r ? fromRow(r) as Discovery<"waiting" | "running"> : null;
};
/** The embedded database has one owner: at its start every lease belongs to a process that is gone. */
export const freeLeases = async (tx: Tx): Promise<void> => void await tx.q.update(discoveries).set({ leaseUntil: tx.now }).where(eq(discoveries.state, "running"));

export const daily = async ({ q }: Reader, target: TargetId): Promise<boolean> => (await q.select({ on: targets.discoverDaily }).from(targets).where(eq(targets.id, target)))[0]?.on ?? false;
export const setDaily = async (tx: Tx, target: TargetId, on: boolean): Promise<void> => void await tx.q.update(targets).set({ discoverDaily: on }).where(eq(targets.id, target));
/** Targets whose last listing, however it ended, began that long ago. */
export const dailyDue = async ({ q }: Reader, every: number): Promise<TargetId[]> =>
  (await q.select({ id: targets.id }).from(targets).where(and(eq(targets.discoverDaily, true), sql`not exists (select 1 from discoveries d where d.target_id = ${targets.id} and d.at > now() - ${every} * interval '1 millisecond')`))).map((r) => r.id as TargetId);

type FoundRow = typeof foundAccounts.$inferSelect;
const foundFrom = (r: FoundRow): Found => ({
  target: r.target as TargetId, name: r.name, told: r.told, changes: r.changes as Change[], firstAt: r.firstAt, seenAt: r.seenAt, goneAt: r.goneAt,
  ignored: r.ignoredAt === null ? null : { by: r.ignoredBy as PersonId | null, at: r.ignoredAt, why: r.ignoredWhy! }, rule: r.rule as RuleId | null, ruleSaid: r.ruleSaid,
});
export const found = async ({ q }: Reader, target: TargetId): Promise<Found[]> => (await q.select().from(foundAccounts).where(eq(foundAccounts.target, target)).orderBy(asc(foundAccounts.name))).map(foundFrom);
const PAGE = 500;
/** What a whole list says; what people and rules decided meanwhile stays. */
export const putFound = async (tx: Tx, rows: readonly Found[]): Promise<void> => {
  const said = (c: string) => sql.raw(`excluded.${c}`);
  for (let i = 0; i < rows.length; i += PAGE) {
    await tx.q.insert(foundAccounts).values(rows.slice(i, i + PAGE).map((f) => ({ target: f.target, name: f.name, told: f.told, changes: [...f.changes], firstAt: f.firstAt, seenAt: f.seenAt, goneAt: f.goneAt, ruleSaid: f.ruleSaid })))
      .onConflictDoUpdate({ target: [foundAccounts.target, foundAccounts.name], set: { told: said("told"), changes: said("changes"), seenAt: said("seen_at"), goneAt: said("gone_at"), ruleSaid: said("rule_said") } });
  }
};
export const lockFound = async (tx: Tx, target: TargetId, names: readonly string[]): Promise<Found[]> =>
  (names.length === 0 ? [] : await tx.q.select().from(foundAccounts).where(and(eq(foundAccounts.target, target), inArray(foundAccounts.name, [...names]))).orderBy(asc(foundAccounts.name)).for("update")).map(foundFrom);
export const ignore = async (tx: Tx, target: TargetId, names: readonly string[], by: PersonId | null, why: string | null): Promise<void> =>
  void await tx.q.update(foundAccounts).set({ ignoredBy: why === null ? null : by, ignoredAt: why === null ? null : tx.now, ignoredWhy: why, ...(why === null ? { ruleSaid: BY_HAND } : {}) }).where(and(eq(foundAccounts.target, target), inArray(foundAccounts.name, [...names])));
export const ruled = async (tx: Tx, f: Pick<Found, "target" | "name">, rule: RuleId, said: string | null): Promise<void> =>
  void await tx.q.update(foundAccounts).set({ rule, ruleSaid: said }).where(and(eq(foundAccounts.target, f.target), eq(foundAccounts.name, f.name)));
/** A new rule looks at what another one could not do, too. */
export const reconsider = async (tx: Tx): Promise<void> => void await tx.q.update(foundAccounts).set({ ruleSaid: null }).where(and(isNull(foundAccounts.ignoredAt), notInArray(foundAccounts.ruleSaid, [TAKEN, BY_HAND])));
/** What no rule has decided since the last list. */
export const undecided = async ({ q }: Reader): Promise<Found[]> =>
  (await q.select().from(foundAccounts).where(and(isNull(foundAccounts.goneAt), isNull(foundAccounts.ignoredAt), isNull(foundAccounts.ruleSaid))).orderBy(asc(foundAccounts.target), asc(foundAccounts.name))).map(foundFrom);

type RuleRow = typeof adoptionRules.$inferSelect;
const ruleFrom = ({ endedBy: _endedBy, ...r }: RuleRow): Rule => ({ ...r, id: r.id as RuleId, does: r.does as Rule["does"], only: r.only as Rule["only"], target: r.target as TargetId | null, collection: r.collection as CollectionId | null, by: r.by as PersonId });
export const addRule = async (tx: Tx, r: Rule): Promise<void> => {
  try { await tx.q.insert(adoptionRules).values({ ...r }); } catch (e) { throw violated(e) === "rule_facts" ? new Fault("invalid", "A rule is about one target, one group, or everything.") : e; }
};
export const endRule = async (tx: Tx, id: RuleId, by: PersonId): Promise<boolean> =>
  (await tx.q.update(adoptionRules).set({ endedAt: tx.now, endedBy: by }).where(and(eq(adoptionRules.id, id), isNull(adoptionRules.endedAt))).returning({ id: adoptionRules.id })).length === 1;
export type ListedRule = Rule & { readonly byName: string; readonly targetName: string | null };
/** Those in force, the oldest first. */
export const rules = async ({ q }: Reader): Promise<ListedRule[]> =>
  (await q.select({ r: adoptionRules, byName: people.name, targetName: targets.name }).from(adoptionRules).innerJoin(people, eq(people.id, adoptionRules.by)).leftJoin(targets, eq(targets.id, adoptionRules.target))
    .where(isNull(adoptionRules.endedAt)).orderBy(asc(adoptionRules.at), asc(adoptionRules.id))).map(({ r, ...names }) => ({ ...ruleFrom(r), ...names }));
