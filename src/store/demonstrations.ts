/** Changes shown by hand, as rows. Rule: one is moved by its step alone, from the state it was read in. */
import { and, desc, eq, lte } from "drizzle-orm";
import type { AccountId, DemonstrationId, PersonId, RotationId, TargetId } from "../kernel/ids.ts";
import type { WireName } from "../domain/command-set/schema.ts";
import { isState, type Approval, type Demonstration, type Step } from "../domain/demonstration.ts";
import { Fault } from "../kernel/fault.ts";
import { violated, type Reader, type Tx } from "./db.ts";
import { demonstrations } from "./schema-command-sets.ts";

type Row = typeof demonstrations.$inferSelect;
const approvalOf = (r: Row): Approval | null => (r.approvedBy === null ? null : { by: r.approvedBy as PersonId, at: r.approvedAt!, alone: r.alone });
const fromRow = (r: Row): Demonstration => {
  const common = { id: r.id as DemonstrationId, target: r.target as TargetId, account: r.account as AccountId, login: r.login as AccountId, by: r.by as PersonId, reason: r.reason, at: r.at, identity: r.identity };
  const approval = approvalOf(r), talked = { rotation: r.rotation as RotationId, over: r.over as WireName, said: r.said };
  switch (r.state as Demonstration["state"]) {
    case "asked": return { ...common, state: "asked" };
    case "approved": return { ...common, state: "approved", approval: approval!, until: r.until! };
    case "open": return { ...common, ...talked, state: "open", approval: approval!, until: r.until! };
    case "over": return { ...common, ...talked, state: "over", approval: approval!, endedAt: r.endedAt!, why: r.why! };
    case "dropped": return { ...common, state: "dropped", approval, endedAt: r.endedAt!, why: r.why! };
  }
};
const columns = (d: Demonstration) => {
  const approval = "approval" in d ? d.approval : null, talked = isState(d, "open") || isState(d, "over") ? { rotation: d.rotation, over: d.over, said: d.said } : {};
  return {
    state: d.state, approvedBy: approval?.by ?? null, approvedAt: approval?.at ?? null, alone: approval?.alone ?? false, until: "until" in d ? d.until : null,
    endedAt: "endedAt" in d ? d.endedAt : null, why: "why" in d ? d.why : null, ...talked,
  };
};

export const ask = async (tx: Tx, { state: _asked, ...d }: Demonstration<"asked">): Promise<void> => void await tx.q.insert(demonstrations).values(d);
export const save = async <D extends Demonstration>(tx: Tx, { from, to }: Step & { readonly to: D }): Promise<D> => {
  try {
    const rows = await tx.q.update(demonstrations).set(columns(to)).where(and(eq(demonstrations.id, from.id), eq(demonstrations.state, from.state))).returning({ id: demonstrations.id });
    if (rows.length === 0) throw new Fault("conflict", "This was moved on by somebody else meanwhile. Look again.");
  } catch (e) {
    if (violated(e) === "demonstrations_one_open") throw new Fault("conflict", "A change is being shown on this target already. Wait until that is over.");
    throw e;
  }
  return to;
};
export const lock = async (tx: Tx, id: DemonstrationId): Promise<Demonstration | null> => {
  const [r] = await tx.q.select().from(demonstrations).where(eq(demonstrations.id, id)).for("update");
  return r ? fromRow(r) : null;
};
export const find = async ({ q }: Reader, id: DemonstrationId): Promise<Demonstration | null> => {
  const [r] = await q.select().from(demonstrations).where(eq(demonstrations.id, id));
  return r ? fromRow(r) : null;
};
/** Newest first. */
export const list = async ({ q }: Reader, limit = 200): Promise<Demonstration[]> =>
  (await q.select().from(demonstrations).orderBy(desc(demonstrations.at), desc(demonstrations.id)).limit(limit)).map(fromRow);
/** Open or approved, and past their time. */
export const overdue = async ({ q }: Reader, now: Date): Promise<Demonstration[]> => (await q.select().from(demonstrations).where(lte(demonstrations.until, now))).map(fromRow);
export const allOpen = async ({ q }: Reader): Promise<Demonstration<"open">[]> => (await q.select().from(demonstrations).where(eq(demonstrations.state, "open"))).map(fromRow).filter((d) => isState(d, "open"));
