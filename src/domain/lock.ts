/** A global lock: an admin's word that stops a person, an account, a target or everything at once. Rule: it is history from its first moment; lifting it adds to it. */
import type { LockId, PersonId } from "../kernel/ids.ts";

export const LOCK_KINDS = ["person", "account", "target", "broker"] as const;
export type LockKind = (typeof LOCK_KINDS)[number];
/** The subject of a lock on everything. */
export const EVERYTHING = "broker";

export type Lock = {
  readonly id: LockId; readonly kind: LockKind; readonly subject: string; readonly reason: string; readonly setBy: PersonId; readonly setAt: Date;
  readonly lifted: { readonly by: PersonId; readonly at: Date; readonly reason: string } | null;
};

const WHAT: Record<LockKind, string> = { person: "You are locked", account: "This account is locked", target: "This target is locked", broker: "The whole broker is locked" };
/** What whoever it stops is told. */
export const lockSentence = (l: Pick<Lock, "kind" | "reason">): string => `${WHAT[l.kind]}: ${l.reason} Ask an admin.`.replace(/([^.!?]) Ask an admin\.$/, "$1. Ask an admin.");
