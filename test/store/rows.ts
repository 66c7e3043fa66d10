/** Rows for tests of the store: people, targets, accounts, policies, versions with new ids. Rule: through the store's own verbs; what tests break, they break by raw SQL. */
import { sql } from "drizzle-orm";
import { systemRandom } from "../../src/kernel/clock.ts";
import { newId, type AccountId, type PersonId, type PolicyId, type RotationId, type TargetId, type VersionId } from "../../src/kernel/ids.ts";
import { PolicyBinding, PolicyTerms } from "../../src/domain/policy.ts";
import type { Request } from "../../src/domain/request.ts";
import { open as opening, type Rotation } from "../../src/domain/rotation.ts";
import type { VersionStatus } from "../../src/domain/rotation-facts.ts";
import * as accounts from "../../src/store/accounts.ts";
import { tidy, type Db, type Tx } from "../../src/store/db.ts";
import * as people from "../../src/store/people.ts";
import * as policies from "../../src/store/policies.ts";
import * as targets from "../../src/store/targets.ts";
import * as versions from "../../src/store/versions.ts";

export const id = { of: <N extends Parameters<typeof newId>[0]>(noun: N) => newId(noun, systemRandom) };
const word = (): string => newId("key", systemRandom).slice(4, 14);

export type Ground = { readonly person: PersonId; readonly target: TargetId; readonly policy: PolicyId };
/** Somebody, a target and a policy, so that the foreign keys are content. */
export const ground = (db: Db): Promise<Ground> => db.transaction(async (tx) => {
  const person = id.of("person"), target = id.of("target"), policy = id.of("policy");
  await people.add(tx, { id: person, name: `p-${word()}`, fullName: "Somebody", mail: null, subject: null, employeeNo: null, roles: ["user"], disabled: false }, null);
  await targets.add(tx, { id: target, name: `t-${word()}`, platform: "nowhere", host: "127.0.0.1", port: 22, link: "direct", settings: {}, owner: person, tags: [], administrative: null, reconcile: null, identityNo: 1, identityHash: "h", locked: false }, person);
  await policies.put(tx, { id: policy, name: `pol-${word()}`, active: true, terms: PolicyTerms.parse({}), binding: PolicyBinding.parse({}) });
  return { person, target, policy };
});
export const addAccount = async (db: Db, g: Ground): Promise<AccountId> => {
  const account = id.of("account");
  await db.transaction((tx) => accounts.add(tx, { id: account, target: g.target, name: `a-${word()}`, identityNo: 1, passwordPolicy: "medium" }));
  return account;
};
export const addVersion = async (tx: Tx, account: AccountId, status: VersionStatus): Promise<VersionId> => {
  const version = id.of("version");
  await versions.add(tx, { id: version, account, no: await versions.nextNo(tx, account), status, origin: "test", identityNo: 1, sealed: Buffer.from(version), wrapped: Buffer.from("w"), keyId: "key_1", alg: "a", by: null, createdAt: tx.now, provenAt: null });
  return version;
};
export const pending = (g: Ground, account: AccountId, at: Date, exclusive = true): Request<"pending"> => ({
  id: id.of("request"), requester: g.person, exclusive, review: false, submittedAt: at, termsHash: "hash", state: "pending", expiresAt: new Date(at.getTime() + 60_000),
  terms: { account, policy: g.policy, preset: "session", minutes: 30, reason: "because", ticket: "" },
});
export const queued = (account: AccountId): Rotation<"queued"> =>
  opening({ id: id.of("rotation") as RotationId, account, trigger: "manual", reason: "", by: null, origin: "generated", before: "in_sync", candidate: null });

export const run = async (db: Db, text: string): Promise<Record<string, unknown>[]> => (await db.q.execute(sql.raw(text)) as unknown as { rows: Record<string, unknown>[] }).rows;
export type Refusal = { readonly code: string | undefined; readonly constraint: string | undefined; readonly message: string };
/** What the database refuses by: the constraint's name, or the law's sentence. Null: it was not refused. */
export const refused = async (work: Promise<unknown>): Promise<Refusal | null> => {
  try { await work; return null; } catch (e) {
    const t = tidy(e) as Error & { code?: string; constraint?: string };
    return { code: t.code, constraint: t.constraint, message: t.message };
  }
};
