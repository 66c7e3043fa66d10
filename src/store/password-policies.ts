/** Password policies and what they are bound to. Rule: the built-in names are the code's and never rows; rules are parsed again on the way out. */
import { and, asc, eq, lte, not, or, sql, type SQL } from "drizzle-orm";
import type { AccountId } from "../kernel/ids.ts";
import { DEFAULT_POLICY, inForce, PASSWORD_POLICIES, PasswordPolicy, type Bound } from "../domain/password-policy.ts";
import type { Account } from "../domain/account.ts";
import type { Target } from "../domain/target.ts";
import type { Reader, Tx } from "./db.ts";
import { accounts, passwordPolicies, platformPolicies, targets, versions } from "./schema.ts";

export type Known = ReadonlyMap<string, PasswordPolicy>;
/** Low, medium and strong first, then the made ones by name. */
export const known = async ({ q }: Reader): Promise<Known> =>
  new Map([...Object.entries(PASSWORD_POLICIES), ...(await q.select().from(passwordPolicies).orderBy(asc(passwordPolicies.name))).map((r) => [r.name, PasswordPolicy.parse({ ...r.rules as object, name: r.name })] as const)]);
export const put = async (tx: Tx, p: PasswordPolicy): Promise<void> =>
  void await tx.q.insert(passwordPolicies).values({ name: p.name, rules: p }).onConflictDoUpdate({ target: passwordPolicies.name, set: { rules: p } });
export const remove = async (tx: Tx, name: string): Promise<boolean> => (await tx.q.delete(passwordPolicies).where(eq(passwordPolicies.name, name)).returning({ name: passwordPolicies.name })).length === 1;
/** Whoever binds a policy and whoever removes one wait for each other: what is bound is there. */
export const gate = async (tx: Tx): Promise<void> => void await tx.q.execute(sql`select pg_advisory_xact_lock(hashtext('password_policies'))`);

export type Platforms = ReadonlyMap<string, string>;
export const platforms = async ({ q }: Reader): Promise<Platforms> => new Map((await q.select().from(platformPolicies)).map((r) => [r.platform, r.passwordPolicy]));
export const bindPlatform = async (tx: Tx, platform: string, passwordPolicy: string | null): Promise<void> => {
  if (passwordPolicy === null) await tx.q.delete(platformPolicies).where(eq(platformPolicies.platform, platform));
  else await tx.q.insert(platformPolicies).values({ platform, passwordPolicy }).onConflictDoUpdate({ target: platformPolicies.platform, set: { passwordPolicy } });
};

export type Uses = { readonly platforms: readonly string[]; readonly targets: readonly string[]; readonly accounts: number };
export const usesOf = async ({ q }: Reader, name: string): Promise<Uses> => ({
  platforms: (await q.select({ p: platformPolicies.platform }).from(platformPolicies).where(eq(platformPolicies.passwordPolicy, name))).map((r) => r.p),
  targets: (await q.select({ n: targets.name }).from(targets).where(eq(targets.passwordPolicy, name)).orderBy(asc(targets.name))).map((r) => r.n),
  accounts: await q.$count(accounts, eq(accounts.passwordPolicy, name)),
});

/** The one in force for an account, and where it comes from. */
export const of = async (db: Reader, account: Pick<Account, "passwordPolicy">, target: Pick<Target, "passwordPolicy" | "platform">): Promise<Bound> => among(account, target, await known(db), await platforms(db));
export const among = (account: Pick<Account, "passwordPolicy">, target: Pick<Target, "passwordPolicy" | "platform">, all: Known, byPlatform: Platforms): Bound =>
  inForce({ account: account.passwordPolicy, target: target.passwordPolicy, platform: byPlatform.get(target.platform) ?? null }, all);

/** Who holds it or works with it now: the end of that changes the password. */
const inUse = or(
  sql`exists (select 1 from requests h where h.account_id = ${accounts.id} and h.state = 'checked_out')`,
  sql`exists (select 1 from sessions s where s.account_id = ${accounts.id} and s.state <> 'ended')`,
)!;
const lastRefusedSince = (at: Date): SQL => sql`coalesce((select r.state = 'refused' and r.ended_at > ${at.toISOString()}::timestamptz
  from rotations r where r.account_id = ${accounts.id} order by r.opened_at desc limit 1), false)`;
export type Aged = { readonly policy: string; readonly before: Date; readonly refusedSince: Date; readonly limit: number };
/**
 * Accounts in sync that go by this policy, whose version in force was made before then, and that may be changed now; oldest first. Whoever may not
 * is left out here, not by the caller: they would keep the others out of a limited list.
 */
export const madeBefore = async ({ q }: Reader, f: Aged): Promise<AccountId[]> =>
  (await q.select({ id: accounts.id }).from(accounts).innerJoin(targets, eq(targets.id, accounts.target)).innerJoin(versions, eq(versions.id, accounts.current)).leftJoin(platformPolicies, eq(platformPolicies.platform, targets.platform)).where(and(
    eq(accounts.credential, "in_sync"), eq(accounts.block, "none"), eq(targets.locked, false), lte(versions.createdAt, f.before),
    sql`coalesce(${accounts.passwordPolicy}, ${targets.passwordPolicy}, ${platformPolicies.passwordPolicy}, ${DEFAULT_POLICY}) = ${f.policy}`,
    sql`not exists (select 1 from rotations r where r.account_id = ${accounts.id} and r.state not in ('committed','refused'))`,
    not(inUse), not(lastRefusedSince(f.refusedSince)),
  )).orderBy(asc(versions.createdAt)).limit(f.limit)).map((r) => r.id as AccountId);
