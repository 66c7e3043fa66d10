/** The broker's own agent keys as rows. Rule: a state is moved by its step alone; private halves are files, and never here. */
import { and, eq, ne } from "drizzle-orm";
import { Fault } from "../kernel/fault.ts";
import type { BrokerKeyId, PersonId } from "../kernel/ids.ts";
import type { BrokerKey, Living, Step } from "../domain/broker-key.ts";
import { violated, type Reader, type Tx } from "./db.ts";
import { brokerKeys } from "./schema-agents.ts";

const fromRow = ({ prior: _prior, currentAt, retiredAt, ...r }: typeof brokerKeys.$inferSelect): BrokerKey =>
  ({
    ...r,
    id: r.id as BrokerKeyId,
    by: r.by as PersonId | null,
    ...(r.state === "following" ? {} : { currentAt }),
    ...(retiredAt === null ? {} : { retiredAt }),
  }) as BrokerKey;
const sorted = (rows: readonly BrokerKey[]): Living => ({
  current: rows.find((k): k is BrokerKey<"current"> => k.state === "current") ?? null,
  following: rows.find((k): k is BrokerKey<"following"> => k.state === "following") ?? null,
});
const alive = ne(brokerKeys.state, "retired");

export const living = async ({ q }: Reader): Promise<Living> => sorted((await q.select().from(brokerKeys).where(alive)).map(fromRow));
/** `share`: they stay as they are until the end of this transaction; `update`: and nobody else holds them. */
export const lockLiving = async (tx: Tx, how: "share" | "update"): Promise<Living> =>
  sorted((await tx.q.select().from(brokerKeys).where(alive).for(how)).map(fromRow));
export const wasRetired = async ({ q }: Reader, line: string): Promise<boolean> =>
  (
    await q
      .select({ id: brokerKeys.id })
      .from(brokerKeys)
      .where(and(eq(brokerKeys.line, line), eq(brokerKeys.state, "retired")))
      .limit(1)
  ).length > 0;
export const add = async (tx: Tx, { state: _following, ...k }: BrokerKey<"following">): Promise<void> => {
  try {
    await tx.q.insert(brokerKeys).values(k);
  } catch (e) {
    if (["broker_keys_state", "broker_keys_line"].includes(violated(e) ?? "")) throw new Fault("conflict", "A key follows already.");
    throw e;
  }
};
export const save = async <K extends BrokerKey>(tx: Tx, { from, to }: Step & { readonly to: K }): Promise<K> => {
  const rows = await tx.q
    .update(brokerKeys)
    .set({ state: to.state, currentAt: "currentAt" in to ? to.currentAt : null, retiredAt: "retiredAt" in to ? to.retiredAt : null })
    .where(and(eq(brokerKeys.id, from.id), eq(brokerKeys.state, from.state)))
    .returning({ id: brokerKeys.id });
  if (rows.length === 0) throw new Fault("conflict", "The broker's key was moved on by somebody else meanwhile. Look again.");
  return to;
};
