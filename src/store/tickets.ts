/** Tickets of browser sockets as rows. Rule: a ticket is spent by deleting it, and only by its own holder, for its own kind, in time. */
import { and, eq, gt, lte } from "drizzle-orm";
import type { PersonId } from "../kernel/ids.ts";
import type { Ticket, TicketKind } from "../domain/ticket.ts";
import type { Reader, Tx } from "./db.ts";
import { tickets } from "./schema.ts";

type Row = typeof tickets.$inferSelect;
const fromRow = (r: Row): Ticket => ({ ...r, kind: r.kind as TicketKind, person: r.person as PersonId });

export const add = async (tx: Tx, t: Ticket): Promise<void> => void await tx.q.insert(tickets).values(t);
export const find = async ({ q }: Reader, id: string, holder: string, now: Date): Promise<Ticket | null> => {
  const [r] = await q.select().from(tickets).where(and(eq(tickets.id, id), eq(tickets.holder, holder), gt(tickets.expiresAt, now)));
  return r ? fromRow(r) : null;
};
/** Null: unknown, spent, too old, another holder's, or for something else; nobody is told which. */
export const spend = async (tx: Tx, id: string, holder: string, kind: TicketKind): Promise<Ticket | null> => {
  const good = and(eq(tickets.id, id), eq(tickets.holder, holder), eq(tickets.kind, kind), gt(tickets.expiresAt, tx.now));
  const [r] = await tx.q.delete(tickets).where(good).returning();
  return r ? fromRow(r) : null;
};
/** Of a try that was refused: it is not tried again with the same ticket. */
export const burn = async (tx: Tx, id: string, holder: string): Promise<void> => {
  await tx.q.delete(tickets).where(and(eq(tickets.id, id), eq(tickets.holder, holder)));
};
export const forget = async (tx: Tx): Promise<void> => void await tx.q.delete(tickets).where(lte(tickets.expiresAt, tx.now));
