/**
 * Agents and enrolments as rows. Rule: a state is moved by its step alone, a token is spent by one statement that counts, and keys follow one
 * another.
 */
import { and, asc, desc, eq, gt, inArray, isNull, lt, notInArray, sql } from "drizzle-orm";
import { Fault } from "../kernel/fault.ts";
import type { AgentId, EnrolmentId, PersonId, TargetId } from "../kernel/ids.ts";
import type { Agent, Enrolment, HostFacts, Mode, Step } from "../domain/agent.ts";
import { violated, type Reader, type Tx } from "./db.ts";
import { agents, enrolments } from "./schema-agents.ts";

type Row = typeof agents.$inferSelect;
const fromRow = ({ prior: _prior, by, movedAt, why, ...r }: Row): Agent =>
  ({
    ...r,
    id: r.id as AgentId,
    mode: r.mode as Mode,
    owner: r.owner as PersonId,
    enrolment: r.enrolment as EnrolmentId,
    target: r.target as TargetId | null,
    ...(movedAt === null ? {} : { by, movedAt, why }),
  }) as Agent;
const enrolmentFrom = ({ hash: _hash, ...r }: typeof enrolments.$inferSelect): Enrolment => ({
  ...r,
  id: r.id as EnrolmentId,
  kind: r.kind as Enrolment["kind"],
  mode: r.mode as Mode,
  owner: r.owner as PersonId,
  by: r.by as PersonId,
});
const OVER = ["revoked", "deleted"];

export const addEnrolment = async (tx: Tx, e: Enrolment, hash: string): Promise<void> => void (await tx.q.insert(enrolments).values({ ...e, hash }));
/** Locked, so that of two who hold the same token one waits for what becomes of the other. */
export const lockEnrolment = async (tx: Tx, hash: string): Promise<Enrolment | null> => {
  const [r] = await tx.q.select().from(enrolments).where(eq(enrolments.hash, hash)).for("no key update");
  return r ? enrolmentFrom(r) : null;
};
export const findEnrolment = async ({ q }: Reader, id: EnrolmentId): Promise<Enrolment | null> => {
  const [r] = await q.select().from(enrolments).where(eq(enrolments.id, id));
  return r ? enrolmentFrom(r) : null;
};
/** False: spent, ended or past its time meanwhile. */
export const spend = async (tx: Tx, id: EnrolmentId): Promise<boolean> =>
  (
    await tx.q
      .update(enrolments)
      .set({ used: sql`${enrolments.used} + 1` })
      .where(and(eq(enrolments.id, id), isNull(enrolments.endedAt), gt(enrolments.expiresAt, tx.now), lt(enrolments.used, enrolments.maxUses)))
      .returning({ id: enrolments.id })
  ).length === 1;
export const endEnrolment = async (tx: Tx, id: EnrolmentId): Promise<boolean> =>
  (
    await tx.q
      .update(enrolments)
      .set({ endedAt: tx.now })
      .where(and(eq(enrolments.id, id), isNull(enrolments.endedAt)))
      .returning({ id: enrolments.id })
  ).length === 1;
/** Those that still let somebody in, the newest first. */
export const openEnrolments = async ({ q }: Reader, now: Date): Promise<Enrolment[]> =>
  (
    await q
      .select()
      .from(enrolments)
      .where(and(isNull(enrolments.endedAt), gt(enrolments.expiresAt, now), lt(enrolments.used, enrolments.maxUses)))
      .orderBy(desc(enrolments.at))
  ).map(enrolmentFrom);

export const add = async (tx: Tx, { state: _enrolled, ...a }: Agent<"enrolled">): Promise<void> => {
  try {
    await tx.q.insert(agents).values({ ...a, allow: [...a.allow], brokerKeys: [...a.brokerKeys] });
  } catch (e) {
    if (violated(e) === "agents_host_key")
      throw new Fault("conflict", "That key is another agent's. Two machines must not share one: remove the copied state folder and enroll again.");
    throw e;
  }
};
export const find = async ({ q }: Reader, id: AgentId): Promise<Agent | null> => {
  const [r] = await q.select().from(agents).where(eq(agents.id, id));
  return r ? fromRow(r) : null;
};
export const lock = async (tx: Tx, id: AgentId): Promise<Agent | null> => {
  const [r] = await tx.q.select().from(agents).where(eq(agents.id, id)).for("update");
  return r ? fromRow(r) : null;
};
/** Everyone who is not deleted, by name. */
export const all = async ({ q }: Reader): Promise<Agent[]> =>
  (
    await q
      .select()
      .from(agents)
      .where(notInArray(agents.state, ["deleted"]))
      .orderBy(asc(agents.name), asc(agents.id))
  ).map(fromRow);
/** The living one that stands for a target. */
export const ofTarget = async ({ q }: Reader, target: TargetId): Promise<Agent | null> => {
  const [r] = await q
    .select()
    .from(agents)
    .where(and(eq(agents.target, target), notInArray(agents.state, OVER)));
  return r ? fromRow(r) : null;
};
export const save = async <A extends Agent>(tx: Tx, { from, to }: Step & { readonly to: A }): Promise<A> => {
  const moved = "movedAt" in to ? { by: to.by, movedAt: to.movedAt, why: to.why } : { by: null, movedAt: null, why: null };
  const rows = await tx.q
    .update(agents)
    .set({ state: to.state, ...moved })
    .where(and(eq(agents.id, from.id), eq(agents.state, from.state)))
    .returning({ id: agents.id });
  if (rows.length === 0) throw new Fault("conflict", "This agent was moved on by somebody else meanwhile. Look again.");
  return to;
};
/** Only a living agent is given one; null takes it away. */
export const setTarget = async (tx: Tx, id: AgentId, target: TargetId | null): Promise<void> => {
  try {
    await tx.q.update(agents).set({ target }).where(eq(agents.id, id));
  } catch (e) {
    if (violated(e) === "agents_target")
      throw new Fault("conflict", "Another agent stands for that target already. Revoke that one, or map it elsewhere, first.");
    throw e;
  }
};
export const setOwner = async (tx: Tx, id: AgentId, owner: PersonId): Promise<void> =>
  void (await tx.q.update(agents).set({ owner }).where(eq(agents.id, id)));
/** The key that may follow; null: it was not used. */
export const announceKey = async (tx: Tx, id: AgentId, next: string | null): Promise<void> =>
  void (await tx.q.update(agents).set({ nextHostKey: next }).where(eq(agents.id, id)));
/** The announced key was used: it is the only one from here on. */
export const turnKey = async (tx: Tx, a: Agent): Promise<void> =>
  void (await tx.q
    .update(agents)
    .set({ hostKey: a.nextHostKey!, nextHostKey: null })
    .where(and(eq(agents.id, a.id), eq(agents.nextHostKey, a.nextHostKey!))));
/** Fingerprints of the broker's keys that it has pinned. */
export const pinned = async (tx: Tx, id: AgentId, keys: readonly string[]): Promise<void> =>
  void (await tx.q
    .update(agents)
    .set({ brokerKeys: [...keys] })
    .where(eq(agents.id, id)));
export const setAllow = async (tx: Tx, id: AgentId, allow: readonly string[]): Promise<number> =>
  (
    await tx.q
      .update(agents)
      .set({ allow: [...allow], allowNo: sql`${agents.allowNo} + 1` })
      .where(eq(agents.id, id))
      .returning({ no: agents.allowNo })
  )[0]!.no;
/** After a restore an agent may go by a list that we know nothing of: ours gets a number that counts for more. */
export const liftAllow = async (tx: Tx, id: AgentId, theirs: number): Promise<void> =>
  void (await tx.q
    .update(agents)
    .set({ allowNo: Math.min(theirs, ALLOW_MOST) + 1 })
    .where(and(eq(agents.id, id), lt(agents.allowNo, Math.min(theirs, ALLOW_MOST)))));
const ALLOW_MOST = 2_000_000_000;
/** The living one with this key. */
export const ofKey = async (tx: Tx, hostKey: string): Promise<Agent | null> => {
  const [r] = await tx.q
    .select()
    .from(agents)
    .where(and(eq(agents.hostKey, hostKey), notInArray(agents.state, OVER)))
    .for("update");
  return r ? fromRow(r) : null;
};
export type Told = {
  readonly version?: string;
  readonly skewMs?: number | null;
  readonly facts?: HostFacts;
  readonly boxKey?: string;
  readonly seenAt: Date;
};
export const told = async (tx: Tx, id: AgentId, t: Told): Promise<void> =>
  void (await tx.q
    .update(agents)
    .set({ ...t })
    .where(eq(agents.id, id)));
/** Beats of many at once: presence is in memory, this is for after a restart. */
export const seen = async (tx: Tx, ids: readonly AgentId[]): Promise<void> => {
  if (ids.length > 0)
    await tx.q
      .update(agents)
      .set({ seenAt: tx.now })
      .where(inArray(agents.id, [...ids]));
};
