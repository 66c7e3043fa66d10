/** What depends on passwords, and its runs, as rows. Rule: a row is written once and accepted once (the table's trigger says the same); a run is saved only by whoever holds it. */
import { and, asc, desc, eq, inArray, isNotNull, isNull, or, sql, type SQL } from "drizzle-orm";
import type { AccountId, DependentId, DependentRunId, PersonId, RotationId, TargetId } from "../kernel/ids.ts";
import type { Dependent, Phase, Run, RunStep } from "../domain/dependent.ts";
import { violated, type Reader, type Tx } from "./db.ts";
import { accounts, rotations, targets } from "./schema.ts";
import { dependentRuns, dependents } from "./schema-dependents.ts";

type Row = typeof dependents.$inferSelect;
const fromRow = (r: Row): Dependent => ({
  id: r.id as DependentId, account: r.account as AccountId, target: r.target as TargetId, phase: r.phase as Phase, no: r.no, goOn: r.goOn, what: r.what, by: r.by as PersonId, at: r.at,
  accepted: r.acceptedBy === null ? null : { by: r.acceptedBy as PersonId, at: r.acceptedAt!, alone: r.alone },
});
const standing = (...more: (SQL | undefined)[]): SQL | undefined => and(isNull(dependents.endedAt), ...more);

export const add = async (tx: Tx, d: Omit<Dependent, "accepted" | "at">): Promise<void> => void await tx.q.insert(dependents).values({ ...d, at: tx.now });
/** In their order, before first; those taken away are not among them. */
export const of = async ({ q }: Reader, account: AccountId): Promise<Dependent[]> =>
  (await q.select().from(dependents).where(standing(eq(dependents.account, account))).orderBy(desc(dependents.phase), asc(dependents.no), asc(dependents.id))).map(fromRow);
/** Was there ever one of this account? Most have none, and their changes ask no further. */
export const any = async ({ q }: Reader, account: AccountId): Promise<boolean> => (await q.select({ id: dependents.id }).from(dependents).where(eq(dependents.account, account)).limit(1)).length === 1;
/** Those that are done: accepted, and not taken away. */
export const inForce = async ({ q }: Reader, account: AccountId, phase: Phase): Promise<Dependent[]> =>
  (await q.select().from(dependents).where(standing(eq(dependents.account, account), eq(dependents.phase, phase), isNotNull(dependents.acceptedBy))).orderBy(asc(dependents.no), asc(dependents.id))).map(fromRow);
export const find = async ({ q }: Reader, id: DependentId): Promise<Dependent | null> => { const [r] = await q.select().from(dependents).where(standing(eq(dependents.id, id))); return r ? fromRow(r) : null; };
export const named = async ({ q }: Reader, ids: readonly DependentId[]): Promise<Map<DependentId, Dependent>> =>
  new Map(ids.length === 0 ? [] : (await q.select().from(dependents).where(inArray(dependents.id, [...ids]))).map((r) => [r.id as DependentId, fromRow(r)]));
/** What nobody else has accepted yet, oldest first. */
export const unaccepted = async ({ q }: Reader): Promise<Dependent[]> => (await q.select().from(dependents).where(standing(isNull(dependents.acceptedBy))).orderBy(asc(dependents.at))).map(fromRow);
export const accept = async (tx: Tx, id: DependentId, by: PersonId, alone: boolean): Promise<boolean> =>
  (await tx.q.update(dependents).set({ acceptedBy: by, acceptedAt: tx.now, alone }).where(standing(eq(dependents.id, id), isNull(dependents.acceptedBy))).returning({ id: dependents.id })).length === 1;
export const end = async (tx: Tx, id: DependentId, by: PersonId): Promise<boolean> =>
  (await tx.q.update(dependents).set({ endedBy: by, endedAt: tx.now }).where(standing(eq(dependents.id, id))).returning({ id: dependents.id })).length === 1;
/** Their places, in this order. */
export const order = async (tx: Tx, ids: readonly DependentId[]): Promise<void> => { for (const [i, id] of ids.entries()) await tx.q.update(dependents).set({ no: i + 1 }).where(standing(eq(dependents.id, id))); };

type RunRow = typeof dependentRuns.$inferSelect;
const runFrom = ({ prior: _prior, ...r }: RunRow): Run => {
  const own = r.state === "waiting" ? { nextAt: r.nextAt } : r.state === "running" ? { leaseUntil: r.leaseUntil } : { endedAt: r.endedAt };
  const { leaseUntil: _lease, nextAt: _next, endedAt: _ended, ...common } = r;
  return { ...common, ...own } as Run;
};
const columns = (r: Run) => ({
  state: r.state, fence: r.fence, tries: r.tries, why: r.why, leaseUntil: r.state === "running" ? r.leaseUntil : null, nextAt: r.state === "waiting" ? r.nextAt : null, endedAt: "endedAt" in r ? r.endedAt : null,
});
/** A second one of the same change is none. */
export const open = async (tx: Tx, r: Run<"waiting">): Promise<void> => void await tx.q.insert(dependentRuns).values({ ...r }).onConflictDoNothing();
/** False: somebody else has taken it meanwhile. */
export const save = async (tx: Tx, { from, to }: RunStep): Promise<boolean> =>
  (await tx.q.update(dependentRuns).set(columns(to)).where(and(eq(dependentRuns.id, from.id), eq(dependentRuns.state, from.state), eq(dependentRuns.fence, from.fence))).returning({ id: dependentRuns.id })).length === 1;
export const findRun = async ({ q }: Reader, id: DependentRunId): Promise<Run | null> => { const [r] = await q.select().from(dependentRuns).where(eq(dependentRuns.id, id)); return r ? runFrom(r) : null; };
/** Of one change, in their order, before first. */
export const runsOf = async ({ q }: Reader, rotation: RotationId): Promise<Run[]> =>
  (await q.select().from(dependentRuns).where(eq(dependentRuns.rotation, rotation)).orderBy(desc(dependentRuns.phase), asc(dependentRuns.no), asc(dependentRuns.id))).map(runFrom);
/** What an account's earlier changes left open or failed. */
export const left = async ({ q }: Reader, account: AccountId): Promise<Run[]> =>
  (await q.select().from(dependentRuns).where(and(eq(dependentRuns.account, account), inArray(dependentRuns.state, ["waiting", "failed", "unknown"])))).map(runFrom);
/** After a change: failed, unknown, or waiting for a target, worst first. */
export const troubled = async ({ q }: Reader, limit = 200): Promise<Run[]> =>
  (await q.select().from(dependentRuns).where(and(eq(dependentRuns.phase, "after"), or(inArray(dependentRuns.state, ["failed", "unknown"]), and(eq(dependentRuns.state, "waiting"), isNotNull(dependentRuns.why)))))
    .orderBy(asc(dependentRuns.state), asc(dependentRuns.openedAt)).limit(limit)).map(runFrom);

/** Its time has come, whoever came before it in its list is over, and nobody works for the same account or on the same target. */
const ready = (now: Date): SQL => sql`(
  (state = 'waiting' and (next_at is null or next_at <= ${now.toISOString()}::timestamptz)) or (state = 'running' and lease_until <= ${now.toISOString()}::timestamptz))
  and not exists (select 1 from dependent_runs e where e.rotation_id = dependent_runs.rotation_id and e.phase = dependent_runs.phase and (e.no, e.id) < (dependent_runs.no, dependent_runs.id)
    and e.state not in ('done', 'skipped') and not (e.go_on and e.state in ('failed', 'unknown')))
  and not exists (select 1 from dependent_runs o where o.state = 'running' and o.id <> dependent_runs.id and (o.account_id = dependent_runs.account_id or o.target_id = dependent_runs.target_id))`;
/** A hint, unlocked: whoever takes it locks the account and the target, and looks again. */
export const claimable = async (tx: Tx, busy: readonly string[]): Promise<Run<"waiting" | "running"> | null> => {
  const [r] = await tx.q.select().from(dependentRuns).where(and(ready(tx.now), busy.length > 0 ? sql`id not in (${sql.join(busy.map((b) => sql`${b}`), sql`, `)})` : undefined))
    .orderBy(sql`next_at nulls first`, asc(dependentRuns.openedAt), asc(dependentRuns.no)).limit(1);
  return r ? runFrom(r) as Run<"waiting" | "running"> : null;
};
/** The same one, still so, under its row's lock. */
export const lockReady = async (tx: Tx, id: DependentRunId): Promise<Run<"waiting" | "running"> | null> => {
  const [r] = await tx.q.select().from(dependentRuns).where(and(eq(dependentRuns.id, id), ready(tx.now))).for("update");
  return r ? runFrom(r) as Run<"waiting" | "running"> : null;
};
/** Another node was quicker: the table lets one run of an account, and one on a target. */
export const isTaken = (e: unknown): boolean => ["one_dependent_of_account", "one_dependent_on_target"].includes(violated(e) ?? "");
/** When one of them will want a look; what is ready and waits for another's end is woken by that. */
export const nextDependent = async ({ q }: Reader): Promise<Date | null> => {
  const [r] = await q.select({ at: sql<string | null>`min(coalesce(next_at, lease_until))` }).from(dependentRuns).where(and(inArray(dependentRuns.state, ["waiting", "running"]), sql`coalesce(next_at, lease_until) > now()`));
  return r?.at ? new Date(r.at) : null;
};
/** The embedded database has one owner: at its start every lease belongs to a process that is gone. */
export const freeLeases = async (tx: Tx): Promise<void> => void await tx.q.update(dependentRuns).set({ leaseUntil: tx.now }).where(eq(dependentRuns.state, "running"));
/** A change that waits for what comes before it looks again now. */
export const wakeRotation = async (tx: Tx, rotation: RotationId): Promise<void> =>
  void await tx.q.update(rotations).set({ nextAt: tx.now }).where(and(eq(rotations.id, rotation), inArray(rotations.state, ["prepared", "waiting"])));
/** `root@web-1` by account. */
export const namesOf = async ({ q }: Reader, ids: readonly AccountId[]): Promise<Map<string, string>> =>
  new Map(ids.length === 0 ? [] : (await q.select({ id: accounts.id, name: accounts.name, on: targets.name }).from(accounts).innerJoin(targets, eq(targets.id, accounts.target)).where(inArray(accounts.id, [...ids]))).map((a) => [a.id, `${a.name}@${a.on}`]));
