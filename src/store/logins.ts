/** Login sessions of the portal as rows. Rule: `id` arrives hashed; no row outlives its absolute end, whatever its idle end says. */
import { and, eq, gt, lte, or } from "drizzle-orm";
import type { PersonId } from "../kernel/ids.ts";
import type { Reader, Tx } from "./db.ts";
import { logins } from "./schema.ts";

export type Login = {
  readonly id: string; readonly userId: PersonId; readonly expiresAt: Date; readonly absoluteAt: Date;
  readonly csrf: string; readonly address: string;
  /** False: the password was right and the second factor is still to come; good for nothing else. */
  readonly strong: boolean;
};

export const find = async ({ q }: Reader, id: string, now: Date): Promise<Login | null> =>
  ((await q.select().from(logins).where(and(eq(logins.id, id), gt(logins.absoluteAt, now))))[0] ?? null) as Login | null;
export const ofPerson = async ({ q }: Reader, person: string, now: Date): Promise<Login[]> =>
  (await q.select().from(logins).where(and(eq(logins.userId, person), gt(logins.absoluteAt, now)))) as Login[];
export const add = async (tx: Tx, l: Login): Promise<void> => void await tx.q.insert(logins).values(l);
export const renew = async (tx: Tx, id: string, expiresAt: Date): Promise<void> => void await tx.q.update(logins).set({ expiresAt }).where(eq(logins.id, id));
/** True: this call ended it. */
export const end = async (tx: Tx, id: string): Promise<boolean> => (await tx.q.delete(logins).where(eq(logins.id, id)).returning({ id: logins.id })).length === 1;
export const endAllOf = async (tx: Tx, person: string): Promise<void> => void await tx.q.delete(logins).where(eq(logins.userId, person));
export const endExpired = async (tx: Tx): Promise<void> => void await tx.q.delete(logins).where(or(lte(logins.expiresAt, tx.now), lte(logins.absoluteAt, tx.now)));
