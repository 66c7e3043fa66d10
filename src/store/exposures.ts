/** The exposure ledger, and runs of "rotate everything this person has seen". Rule: exposures are written in versions.ts, in the transaction of the hand-out; here they are read. */
import { and, asc, desc, eq, inArray, isNull, lt, sql } from "drizzle-orm";
import type { AccountId, PersonId, RotationId, RunId, VersionId } from "../kernel/ids.ts";
import type { Block, Credential } from "../domain/account.ts";
import { forceOf, type Force, type How } from "../domain/exposure.ts";
import type { Reader, Tx } from "./db.ts";
import { accounts, exposureRunAccounts, exposureRuns, exposures, people, targets, versions } from "./schema.ts";

export type Ledger = {
  readonly id: string; readonly person: PersonId; readonly personName: string; readonly account: AccountId; readonly accountName: string; readonly targetName: string; readonly block: Block; readonly credential: Credential;
  readonly version: VersionId; readonly versionNo: number | null; readonly request: string | null; readonly how: How; readonly at: Date; readonly rotatedAt: Date | null; readonly force: Force; readonly openRotation: string | null;
};
export type LedgerFilter = {
  readonly person?: PersonId; readonly account?: AccountId;
  /** Only what no proven change has ended since. */
  readonly standing?: boolean;
  /** Only of these kinds. */
  readonly hows?: readonly How[];
  readonly before?: Date; readonly limit?: number;
};

const rotatedAt = sql<Date | string | null>`(select min(r.ended_at) from rotations r where r.account_id = ${exposures.account} and r.state = 'committed' and r.ended_at >= ${exposures.at} and r.candidate_id is distinct from ${exposures.version})`;
const open = (column: "state" | "candidate_id") => sql<string | null>`(select r.${sql.raw(column)} from rotations r where r.account_id = ${exposures.account} and r.state not in ('committed','refused') limit 1)`;

/** Newest first. */
export const ledger = async ({ q }: Reader, f: LedgerFilter): Promise<Ledger[]> => {
  const rows = await q.select({
    e: exposures, personName: people.name, accountName: accounts.name, targetName: targets.name, current: accounts.current, credential: accounts.credential, block: accounts.block, versionNo: versions.no,
    rotatedAt, openState: open("state"), openCandidate: open("candidate_id"),
  }).from(exposures).innerJoin(people, eq(people.id, exposures.person)).innerJoin(accounts, eq(accounts.id, exposures.account)).innerJoin(targets, eq(targets.id, accounts.target)).leftJoin(versions, eq(versions.id, exposures.version))
    .where(and(
      f.person ? eq(exposures.person, f.person) : undefined, f.account ? eq(exposures.account, f.account) : undefined, f.before ? lt(exposures.at, f.before) : undefined,
      f.hows ? inArray(exposures.how, [...f.hows]) : undefined,
      f.standing === true ? sql`(${accounts.current} = ${exposures.version} or ${rotatedAt} is null)` : undefined,
    )).orderBy(desc(exposures.at), desc(exposures.id)).limit(f.limit ?? 100);
  return rows.map(({ e, openState, openCandidate, current, ...r }) => {
    const facts = { version: e.version as VersionId, current: current as VersionId | null, credential: r.credential as Credential, rotatedAt: r.rotatedAt === null ? null : new Date(r.rotatedAt), open: openState === null ? null : { state: openState, candidate: openCandidate as VersionId | null } };
    return { ...r, id: e.id, person: e.person as PersonId, account: e.account as AccountId, request: e.request, how: e.how as How, at: e.at, block: r.block as Block, credential: facts.credential, version: facts.version, rotatedAt: facts.rotatedAt, openRotation: openState, force: forceOf(facts) };
  });
};

export type Result = "opened" | "again" | "refused" | "not_needed";
export type RunAccount = { readonly account: AccountId; readonly name: string; readonly result: Result | null; readonly rotation: RotationId | null; readonly rotationState: string | null; readonly why: string | null };
export type Run = { readonly id: RunId; readonly person: PersonId; readonly personName: string; readonly by: PersonId; readonly byName: string; readonly reason: string; readonly usedToo: boolean; readonly at: Date; readonly endedAt: Date | null };

export const addRun = async (tx: Tx, r: Pick<Run, "id" | "person" | "by" | "reason" | "usedToo">, list: readonly AccountId[]): Promise<void> => {
  await tx.q.insert(exposureRuns).values({ ...r, at: tx.now });
  await tx.q.insert(exposureRunAccounts).values(list.map((account) => ({ run: r.id, account })));
};
export const findRun = async ({ q }: Reader, id: RunId): Promise<Run | null> => {
  const [r] = await q.select({ r: exposureRuns, personName: people.name, byName: sql<string>`(select p.name from people p where p.id = ${exposureRuns.by})` }).from(exposureRuns).innerJoin(people, eq(people.id, exposureRuns.person)).where(eq(exposureRuns.id, id));
  return r ? { ...r.r, id: r.r.id as RunId, person: r.r.person as PersonId, by: r.r.by as PersonId, personName: r.personName, byName: r.byName } : null;
};
export const runAccounts = async ({ q }: Reader, id: RunId): Promise<RunAccount[]> =>
  (await q.select({ x: exposureRunAccounts, name: accounts.name, target: targets.name, state: sql<string | null>`(select r.state from rotations r where r.id = ${exposureRunAccounts.rotation})` }).from(exposureRunAccounts)
    .innerJoin(accounts, eq(accounts.id, exposureRunAccounts.account)).innerJoin(targets, eq(targets.id, accounts.target)).where(eq(exposureRunAccounts.run, id)).orderBy(asc(targets.name), asc(accounts.name)))
    .map((r) => ({ account: r.x.account as AccountId, name: `${r.name}@${r.target}`, result: r.x.result as Result | null, rotation: r.x.rotation as RotationId | null, rotationState: r.state, why: r.x.why }));

/** What is left of the oldest run: its id, and an account without a result. A hint, decided again under the account's lock. */
export const nextInRun = async ({ q }: Reader): Promise<{ readonly run: RunId; readonly account: AccountId | null } | null> => {
  const [run] = await q.select({ id: exposureRuns.id }).from(exposureRuns).where(isNull(exposureRuns.endedAt)).orderBy(asc(exposureRuns.at)).limit(1);
  if (!run) return null;
  const [left] = await q.select({ account: exposureRunAccounts.account }).from(exposureRunAccounts).where(and(eq(exposureRunAccounts.run, run.id), isNull(exposureRunAccounts.result))).orderBy(asc(exposureRunAccounts.account)).limit(1);
  return { run: run.id as RunId, account: (left?.account ?? null) as AccountId | null };
};
/** False: it has its result already. */
export const setResult = async (tx: Tx, run: RunId, account: AccountId, r: { result: Result; rotation: RotationId | null; why: string | null }): Promise<boolean> =>
  (await tx.q.update(exposureRunAccounts).set(r).where(and(eq(exposureRunAccounts.run, run), eq(exposureRunAccounts.account, account), isNull(exposureRunAccounts.result))).returning({ run: exposureRunAccounts.run })).length === 1;
export const endRun = async (tx: Tx, run: RunId): Promise<boolean> =>
  (await tx.q.update(exposureRuns).set({ endedAt: tx.now }).where(and(eq(exposureRuns.id, run), isNull(exposureRuns.endedAt))).returning({ id: exposureRuns.id })).length === 1;
