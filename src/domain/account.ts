/** An account is three independent facts, never one state: hold (derived), credential, block. Rule: the words people see are computed in `standing` alone. */
import type { AccountId, PersonId, PolicyId, TargetId, VersionId } from "../kernel/ids.ts";

/** The life of the credential fact; the SQL table credential_transition holds the same pairs. */
export const CREDENTIAL_NEXT = {
  unmanaged:   ["adopting"],
  adopting:    ["in_sync", "unmanaged", "quarantined"],
  in_sync:     ["changing", "unverified"],
  changing:    ["in_sync", "unverified"],
  unverified:  ["in_sync", "quarantined"],
  quarantined: ["in_sync"],
} as const satisfies Record<string, readonly string[]>;
export type Credential = keyof typeof CREDENTIAL_NEXT;

/** `untried`: managed behind a draft whose text, as it stands now, was never tried on this very device. */
export const BLOCKS = ["none", "disabled", "locked", "identity_changed", "untried"] as const;
export type Block = (typeof BLOCKS)[number];

export type Account = {
  readonly id: AccountId;
  readonly target: TargetId;
  readonly name: string;
  readonly credential: Credential;
  readonly block: Block;
  readonly current: VersionId | null;
  readonly previous: VersionId | null;
  /** Uses so far and uses covered by the last committed rotation: due while they differ and nobody is using it. */
  readonly usedNo: number;
  readonly rotatedNo: number;
  /** So many of the last uses, in a row, were typings of a password: uses, but no hand-out (due.ts says when they count). */
  readonly typedRun: number;
  /** The target identity its secrets belong to; a send to another identity is refused. */
  readonly identityNo: number;
  /** Its own binding; null = its target's, its platform's or the default one (password-policy.ts, inForce). */
  readonly passwordPolicy: string | null;
  readonly tags: readonly string[];
  /** Successful rotations in a row while adopting; two make it managed. */
  readonly adopted: number;
  readonly rotatedAt: Date | null;
  readonly verifiedAt: Date | null;
};

/** What the holds of an account look like from outside it. */
export type Hold = { readonly person: PersonId; readonly personName: string; readonly until: Date; readonly exclusive: boolean; readonly policy: PolicyId };

export type Standing =
  | { word: "available" } | { word: "held"; by: string; until: Date } | { word: "rotating" } | { word: "due" }
  | { word: "unmanaged" } | { word: "adopting" } | { word: "unverified" } | { word: "quarantined" }
  | { word: "blocked"; why: Exclude<Block, "none"> };

export type Uses = Pick<Account, "usedNo" | "rotatedNo" | "typedRun">;
/** Released or injected since the last rotation. */
export const handedOut = (u: Uses): boolean => u.usedNo - u.typedRun > u.rotatedNo;

/** The one function behind every badge. Worst news first. */
export const standing = (a: Pick<Account, "credential" | "block"> & Uses, holds: readonly Hold[]): Standing => {
  if (a.block !== "none") return { word: "blocked", why: a.block };
  if (a.credential === "changing") return { word: "rotating" };
  if (a.credential !== "in_sync") return { word: a.credential };
  const hold = holds[0];
  if (hold) return { word: "held", by: hold.personName, until: hold.until };
  return handedOut(a) ? { word: "due" } : { word: "available" };
};

/** The sentence a refused hand-out gives, or null when nothing stands in the way. `due`: derived (due.ts). Foreign holds are the caller's to check. */
export const obstacle = (a: Pick<Account, "credential" | "block">, due: boolean): string | null => {
  if (a.block === "identity_changed") return "The target no longer proves itself by the pinned key. Its owner or an admin must look at it before anybody logs in.";
  if (a.block === "untried") return "The command set of its target is a draft that was never tried on this device as it stands now. An admin tries it on the target's page of trials; until then nobody gets the account.";
  if (a.block !== "none") return `This account is ${a.block}. Ask an admin.`;
  if (a.credential === "changing") return "Its password is being changed right now. Try again in a moment.";
  if (a.credential === "unverified") return "The password in force is not known for certain; the broker is settling it with the target. Try again in a few minutes.";
  if (a.credential === "quarantined") return "The broker could not settle which password is in force. An admin must look at this account.";
  if (a.credential !== "in_sync") return "This account is not managed yet.";
  return due ? "Its password is due for rotation after the last use. It is free again as soon as that is done." : null;
};
/** For what sends nothing by the untried text, or tries it: the other blocks stay. */
export const pastUntried = <A extends Pick<Account, "block">>(a: A): A => (a.block === "untried" ? { ...a, block: "none" } : a);
