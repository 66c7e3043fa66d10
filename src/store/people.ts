/** People, groups, keys and their standing changes. Rule: password hashes and sealed TOTP keys leave only by `credentialsOf`. */
import { and, asc, eq, inArray, isNotNull, isNull, ne, sql } from "drizzle-orm";
import { Fault } from "../kernel/fault.ts";
import type { GroupId, PersonId } from "../kernel/ids.ts";
import type { Person, Role, Ties } from "../domain/person.ts";
import type { Change } from "../domain/vote.ts";
import { violated, type Reader, type Tx } from "./db.ts";
import { changes, groupMembers, groups, locks, people, sshKeys } from "./schema.ts";

type Row = typeof people.$inferSelect;
const fromRow = (r: Row, groupIds: readonly GroupId[], locked: boolean, was: readonly Ties[]): Person => ({
  id: r.id as PersonId, name: r.name, fullName: r.fullName, mail: r.mail, subject: r.subject, employeeNo: r.employeeNo,
  roles: r.roles as Role[], groups: groupIds, disabled: r.disabled || locked, totp: r.totp !== null, ...(locked ? { locked } : {}), ...(was.length > 0 ? { was } : {}),
});

const withGroups = async ({ q }: Reader, rows: readonly Row[]): Promise<Person[]> => {
  if (rows.length === 0) return [];
  const members = await q.select().from(groupMembers).where(inArray(groupMembers.person, rows.map((r) => r.id)));
  const stopped = await q.select({ id: locks.subject }).from(locks).where(and(eq(locks.kind, "person"), isNull(locks.liftedAt), inArray(locks.subject, rows.map((r) => r.id))));
  const untied = await q.select({ subject: changes.subject, was: changes.was }).from(changes).where(and(isNull(changes.confirmedBy), isNotNull(changes.was), inArray(changes.subject, rows.map((r) => r.id))));
  return rows.map((r) => fromRow(r, members.filter((m) => m.person === r.id).map((m) => m.group as GroupId), stopped.some((l) => l.id === r.id), untied.flatMap((c) => (c.subject === r.id && c.was ? [c.was] : []))));
};

export const find = async (db: Reader, id: PersonId): Promise<Person | null> => (await withGroups(db, await db.q.select().from(people).where(eq(people.id, id))))[0] ?? null;
export const named = async (db: Reader, name: string): Promise<Person | null> => (await withGroups(db, await db.q.select().from(people).where(eq(people.name, name))))[0] ?? null;
export const all = async (db: Reader): Promise<Person[]> => withGroups(db, await db.q.select().from(people).orderBy(asc(people.name)));
export const byId = async (db: Reader, ids?: readonly PersonId[]): Promise<ReadonlyMap<PersonId, Person>> => {
  const list = ids === undefined ? await all(db) : ids.length === 0 ? [] : await withGroups(db, await db.q.select().from(people).where(inArray(people.id, [...ids])));
  return new Map(list.map((p) => [p.id, p]));
};

export const add = async (tx: Tx, p: Omit<Person, "groups" | "totp">, passwordHash: string | null): Promise<void> => {
  try {
    await tx.q.insert(people).values({ id: p.id, name: p.name, fullName: p.fullName, mail: p.mail, subject: p.subject, employeeNo: p.employeeNo, roles: [...p.roles], disabled: p.disabled, passwordHash });
  } catch (e) {
    if (violated(e) === "people_name_unique") throw new Fault("conflict", `There is a person named ${p.name} already.`);
    throw e;
  }
};
export const change = async (tx: Tx, id: PersonId, set: Partial<Pick<Person, "fullName" | "mail" | "subject" | "employeeNo" | "roles" | "disabled">>): Promise<void> => {
  await tx.q.update(people).set({ ...set, ...(set.roles ? { roles: [...set.roles] } : {}) } as Partial<Row>).where(eq(people.id, id));
};

export type Credentials = { readonly passwordHash: string | null; readonly totp: Buffer | null; readonly totpLast: number; readonly failures: number; readonly lockedUntil: Date | null };
export const credentialsOf = async ({ q }: Reader, id: PersonId): Promise<Credentials> => {
  const [r] = await q.select({ passwordHash: people.passwordHash, totp: people.totp, totpLast: people.totpLast, failures: people.failures, lockedUntil: people.lockedUntil }).from(people).where(eq(people.id, id));
  return r ?? { passwordHash: null, totp: null, totpLast: -1, failures: 0, lockedUntil: null };
};
export const setPassword = async (tx: Tx, id: PersonId, passwordHash: string): Promise<void> => void await tx.q.update(people).set({ passwordHash }).where(eq(people.id, id));
export const setTotp = async (tx: Tx, id: PersonId, sealed: Buffer | null): Promise<void> => void await tx.q.update(people).set({ totp: sealed, totpLast: -1 }).where(eq(people.id, id));
/** Spends a TOTP counter; false = it was spent before (a replay). */
export const spendTotp = async (tx: Tx, id: PersonId, counter: number): Promise<boolean> =>
  (await tx.q.update(people).set({ totpLast: counter }).where(and(eq(people.id, id), sql`${people.totpLast} < ${counter}`)).returning({ id: people.id })).length === 1;
/** Under the row's lock: whoever counts a failure at the same time has counted it before, or is told what came of this. */
export const isLocked = async (tx: Tx, id: PersonId): Promise<boolean> => {
  const [r] = await tx.q.select({ until: people.lockedUntil }).from(people).where(eq(people.id, id)).for("no key update");
  return r !== undefined && r.until !== null && r.until > tx.now;
};
export const loginFailed = async (tx: Tx, id: PersonId, lockAfter: number, until: Date): Promise<number> => {
  const [r] = await tx.q.update(people).set({ failures: sql`${people.failures} + 1`, lockedUntil: sql`case when ${people.failures} + 1 >= ${lockAfter} then ${until.toISOString()}::timestamptz else ${people.lockedUntil} end` })
    .where(eq(people.id, id)).returning({ failures: people.failures });
  return r?.failures ?? 0;
};
/** When each last logged in, by whatever means; who never did is not in it. */
export const lastLogins = async ({ q }: Reader): Promise<ReadonlyMap<PersonId, Date>> =>
  new Map((await q.select({ id: people.id, at: people.lastLoginAt }).from(people).where(isNotNull(people.lastLoginAt))).map((r) => [r.id as PersonId, r.at!]));
export const loginWorked = async (tx: Tx, id: PersonId): Promise<void> => void await tx.q.update(people).set({ failures: 0, lockedUntil: null, lastLoginAt: tx.now }).where(eq(people.id, id));

export type Group = { readonly id: GroupId; readonly name: string; readonly members: readonly PersonId[] };
export const allGroups = async ({ q }: Reader): Promise<Group[]> => {
  const rows = await q.select().from(groups).orderBy(asc(groups.name)), members = await q.select().from(groupMembers);
  return rows.map((g) => ({ id: g.id as GroupId, name: g.name, members: members.filter((m) => m.group === g.id).map((m) => m.person as PersonId) }));
};
export const addGroup = async (tx: Tx, id: GroupId, name: string): Promise<void> => {
  try { await tx.q.insert(groups).values({ id, name }); } catch (e) {
    if (violated(e) === "groups_name_unique") throw new Fault("conflict", `There is a group named ${name} already.`);
    throw e;
  }
};
export const setMembers = async (tx: Tx, group: GroupId, members: readonly PersonId[]): Promise<void> => {
  await tx.q.delete(groupMembers).where(eq(groupMembers.group, group));
  if (members.length > 0) await tx.q.insert(groupMembers).values(members.map((person) => ({ group, person })));
};

export type SshKey = { readonly fingerprint: string; readonly person: PersonId; readonly key: string; readonly label: string };
export const keyOwner = async ({ q }: Reader, fingerprint: string): Promise<PersonId | null> => ((await q.select({ p: sshKeys.person }).from(sshKeys).where(eq(sshKeys.fingerprint, fingerprint)))[0]?.p ?? null) as PersonId | null;
export const keysOf = async ({ q }: Reader, person: PersonId): Promise<SshKey[]> => (await q.select().from(sshKeys).where(eq(sshKeys.person, person))) as unknown as SshKey[];
export const addKey = async (tx: Tx, k: SshKey): Promise<void> => {
  try { await tx.q.insert(sshKeys).values({ ...k, createdAt: tx.now }); } catch (e) {
    if (violated(e) === "ssh_keys_pkey") throw new Fault("conflict", "This key is registered already.");
    throw e;
  }
};
export const removeKey = async (tx: Tx, person: PersonId, fingerprint: string): Promise<boolean> =>
  (await tx.q.delete(sshKeys).where(and(eq(sshKeys.person, person), eq(sshKeys.fingerprint, fingerprint))).returning({ f: sshKeys.fingerprint })).length === 1;

/** `was`: the ties of its subject before it, where it changed them. */
export type OpenChange = Change & { readonly id: string; readonly what: string; readonly at: Date; readonly was: Ties | null };
export const noteChange = async (tx: Tx, id: string, author: PersonId, subject: string, what: string, was: Ties | null): Promise<void> => void await tx.q.insert(changes).values({ id, author, subject, what, at: tx.now, was });
export const openChanges = async ({ q }: Reader, author?: PersonId): Promise<OpenChange[]> =>
  (await q.select().from(changes).where(and(isNull(changes.confirmedBy), author ? eq(changes.author, author) : undefined)).orderBy(asc(changes.at)))
    .map((c) => ({ id: c.id, author: c.author as PersonId, subject: c.subject, what: c.what, at: c.at, was: c.was, confirmed: false }));
/** Four eyes: the author cannot confirm, and the database says so too. */
export const confirmChange = async (tx: Tx, id: string, by: PersonId): Promise<boolean> =>
  (await tx.q.update(changes).set({ confirmedBy: by, confirmedAt: tx.now }).where(and(eq(changes.id, id), isNull(changes.confirmedBy), ne(changes.author, by))).returning({ id: changes.id })).length === 1;
