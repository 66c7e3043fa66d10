/** What every state of a rotation has. Rule: part of rotation.ts, which makes all its steps. */
import type { AccountId, PersonId, RotationId, VersionId } from "../kernel/ids.ts";
import type { Credential } from "./account.ts";
import type { Order } from "./order.ts";

export const TRIGGERS = ["end_of_use", "schedule", "max_age", "bulk", "manual", "exposure", "adopt", "heal", "reconcile"] as const;
export type Trigger = (typeof TRIGGERS)[number];
/** generated: ours to replace. given: typed by a person, applied. local: typed by a person, said to be in force already. */
export const ORIGINS = ["generated", "given", "local"] as const;
export type Origin = (typeof ORIGINS)[number];

export type Common = {
  readonly id: RotationId; readonly account: AccountId;
  readonly trigger: Trigger; readonly reason: string; readonly by: PersonId | null; readonly origin: Origin;
  /** The account's credential fact when this opened: a refusal goes back to it. */
  readonly before: Credential;
  /** Rises with every claim; every write names it, a stale one changes nothing. */
  readonly fence: number; readonly leaseUntil: Date | null;
  /** Changes tried; one that never left us is not counted. */
  readonly attempt: number;
  /** Candidates the target refused. */
  readonly rejected: number;
  /** A change with THIS candidate may have left us: from here on the candidate is never replaced (I7). */
  readonly sent: boolean;
  /** Attempts not proven (unknown, or "done" and still unproven), and since when anything is in doubt. */
  readonly unknownCount: number; readonly firstUnknownAt: Date | null;
  /** The version this rotation last proved to be in force; self-change logs in with it. */
  readonly inForce: VersionId | null;
  /** Waits in a row, for the back-off; `nextAt` says when to go on, `why` what it waits for or ended with. */
  readonly waits: number; readonly nextAt: Date | null; readonly why: string | null;
  /** Opens another rotation when this one ends. Written only through `askAgain`; the store must use the locked row's value. */
  readonly again: Trigger | null;
  /** What stands, or is to stand, with the agent of its machine until the use it follows is over (order.ts). */
  readonly order: Order | null;
};
