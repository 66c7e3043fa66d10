/** Access policies as rows. Rule: terms and bindings are parsed again on the way out, so an old row gets today's defaults. */
import { asc, eq } from "drizzle-orm";
import { Fault } from "../kernel/fault.ts";
import type { PolicyId } from "../kernel/ids.ts";
import { PolicyBinding, PolicyTerms, type Policy } from "../domain/policy.ts";
import { violated, type Reader, type Tx } from "./db.ts";
import { policies } from "./schema.ts";

const fromRow = (r: typeof policies.$inferSelect): Policy => ({ id: r.id as PolicyId, name: r.name, active: r.active, terms: PolicyTerms.parse(r.terms), binding: PolicyBinding.parse(r.binding) });

export const find = async ({ q }: Reader, id: PolicyId): Promise<Policy | null> => { const [r] = await q.select().from(policies).where(eq(policies.id, id)); return r ? fromRow(r) : null; };
export const all = async ({ q }: Reader): Promise<Policy[]> => (await q.select().from(policies).orderBy(asc(policies.name))).map(fromRow);
export const put = async (tx: Tx, p: Policy): Promise<void> => {
  const { name, active, terms, binding } = p;
  try { await tx.q.insert(policies).values({ id: p.id, name, active, terms, binding }).onConflictDoUpdate({ target: policies.id, set: { name, active, terms, binding } }); } catch (e) {
    if (violated(e) === "policies_name_unique") throw new Fault("conflict", `There is a policy named ${name} already.`);
    throw e;
  }
};
