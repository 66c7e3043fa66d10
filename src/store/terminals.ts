/** Terminals that wait for an approval in the browser, as rows. Rule: a code is known here by its sha-256 alone, and each state is reached once. */
import { and, asc, count, eq, gt, inArray, lte, sql } from "drizzle-orm";
import type { PersonId, TerminalId } from "../kernel/ids.ts";
import type { Reader, Tx } from "./db.ts";
import { terminals } from "./schema.ts";

export type State = "waiting" | "approved" | "denied" | "spent";
export type Terminal = {
  readonly id: TerminalId; readonly name: string; readonly address: string; readonly codeHash: string; readonly state: State; readonly tries: number;
  readonly by: PersonId | null; readonly askedAt: Date; readonly expiresAt: Date;
};
const fromRow = (r: typeof terminals.$inferSelect): Terminal => ({ ...r, id: r.id as TerminalId, state: r.state as State,
  by: r.by as PersonId | null });

export const add = async (tx: Tx, t: Pick<Terminal, "id" | "name" | "address" | "codeHash" | "askedAt" | "expiresAt">): Promise<void> =>
  void await tx.q.insert(terminals).values(t);
export const find = async ({ q }: Reader, id: TerminalId): Promise<Terminal | null> => {
  const [r] = await q.select().from(terminals).where(eq(terminals.id, id));
  return r ? fromRow(r) : null;
};
/** Of this login name, oldest first. */
export const waiting = async ({ q }: Reader, name: string, now: Date): Promise<Terminal[]> =>
  (await q.select().from(terminals).where(and(eq(terminals.name, name), eq(terminals.state, "waiting"),
    gt(terminals.expiresAt, now))).orderBy(asc(terminals.askedAt))).map(fromRow);
/** How many wait for this name, or from this address. */
export const crowd = async ({ q }: Reader, by: { name: string } | { address: string }, now: Date): Promise<number> => {
  const whose = "name" in by ? eq(terminals.name, by.name) : eq(terminals.address, by.address);
  const [r] = await q.select({ n: count() }).from(terminals).where(and(whose, eq(terminals.state, "waiting"), gt(terminals.expiresAt, now)));
  return r?.n ?? 0;
};
/** False: it was not in `from` any more. */
export const move = async (tx: Tx, id: TerminalId, from: State, to: State, by: PersonId | null = null): Promise<boolean> =>
  (await tx.q.update(terminals).set({ state: to, ...(by === null ? {} : { by }) }).where(and(eq(terminals.id, id),
    eq(terminals.state, from))).returning({ id: terminals.id })).length === 1;
/** A wrong code counts against every terminal it might have been for. */
export const missed = async (tx: Tx, ids: readonly TerminalId[]): Promise<void> =>
  void await tx.q.update(terminals).set({ tries: sql`${terminals.tries} + 1` }).where(inArray(terminals.id, [...ids]));
export const forget = async (tx: Tx, before: Date): Promise<void> => void await tx.q.delete(terminals).where(lte(terminals.expiresAt, before));
