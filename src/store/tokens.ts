/** API tokens as rows. Rule: only a token's sha-256 is known here; a revoked row stays, so that the past can be told. */
import { and, desc, eq, isNull } from "drizzle-orm";
import type { PersonId, TokenId } from "../kernel/ids.ts";
import type { Reader, Tx } from "./db.ts";
import { tokens } from "./schema.ts";

export type Token = {
  readonly id: TokenId; readonly person: PersonId; readonly label: string; readonly readOnly: boolean; readonly networks: readonly string[];
  readonly createdAt: Date; readonly expiresAt: Date; readonly usedAt: Date | null; readonly revokedAt: Date | null;
};

const fromRow = ({ hash: _, ...r }: typeof tokens.$inferSelect): Token => ({ ...r, id: r.id as TokenId, person: r.person as PersonId });

export const byHash = async ({ q }: Reader, hash: string): Promise<Token | null> => { const [r] = await q.select().from(tokens).where(eq(tokens.hash, hash)); return r ? fromRow(r) : null; };
export const ofPerson = async ({ q }: Reader, person: PersonId): Promise<Token[]> =>
  (await q.select().from(tokens).where(eq(tokens.person, person)).orderBy(desc(tokens.createdAt))).map(fromRow);
export const add = async (tx: Tx, t: Omit<Token, "usedAt" | "revokedAt">, hash: string): Promise<void> => void await tx.q.insert(tokens).values({ ...t, networks: [...t.networks], hash });
export const used = async (tx: Tx, id: TokenId): Promise<void> => void await tx.q.update(tokens).set({ usedAt: tx.now }).where(eq(tokens.id, id));
/** False: not theirs, or revoked before. */
export const revoke = async (tx: Tx, person: PersonId, id: TokenId): Promise<boolean> =>
  (await tx.q.update(tokens).set({ revokedAt: tx.now }).where(and(eq(tokens.id, id), eq(tokens.person, person), isNull(tokens.revokedAt))).returning({ id: tokens.id })).length === 1;
