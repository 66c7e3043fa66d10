/** Who has seen or used which password, and whether it still opens anything. Rule: what is not proven is not called changed. */
import type { Credential } from "./account.ts";
import type { AccountId, PersonId, VersionId } from "../kernel/ids.ts";

export const HOW = ["released", "typed", "session"] as const;
export type How = (typeof HOW)[number];
/** The person knows the text; `session` carried it past them unseen. */
export const knows = (how: How): boolean => how !== "session";
/** Those that count where somebody's passwords are to be changed. */
export const counted = (usedToo: boolean): How[] => HOW.filter((how) => usedToo || knows(how));

/** in_force: it opens the account today. rotated: a later one was proven. unsettled: a change was sent or its end is not known. declared: on an account nobody manages yet; whether it opens was never asked. replaced: no longer the vault's current one, by no change that was proven here. */
export const FORCES = ["in_force", "rotated", "unsettled", "declared", "replaced"] as const;
export type Force = (typeof FORCES)[number];

export type ExposureFacts = {
  readonly version: VersionId; readonly current: VersionId | null; readonly credential: Credential;
  /** When a rotation to another version was proven after the exposure. */
  readonly rotatedAt: Date | null;
  /** A rotation is open: its state, and the version it wants to put in force. */
  readonly open: { readonly state: string; readonly candidate: VersionId | null } | null;
};
const SENT = ["applying", "probing", "dead_letter"];

export const forceOf = (e: ExposureFacts): Force => {
  if (e.rotatedAt !== null && e.version !== e.current) return "rotated";
  if (e.open?.candidate === e.version) return "unsettled";
  const doubt = e.credential === "unverified" || e.credential === "quarantined" || (e.open !== null && SENT.includes(e.open.state));
  if (e.version === e.current) return doubt ? "unsettled" : "in_force";
  if (e.current === null && (e.credential === "unmanaged" || e.credential === "adopting")) return "declared";
  return doubt ? "unsettled" : "replaced";
};
/** It may open the account today: what "rotate everything" is about. */
export const mayOpen = (f: Force): boolean => f !== "rotated" && f !== "replaced";

/** One account in the preview of "rotate everything this person has seen". */
export type SeenAccount = {
  readonly account: AccountId; readonly name: string; readonly hows: readonly How[]; readonly versions: number; readonly lastAt: Date; readonly force: Force;
  readonly heldBy: readonly string[]; readonly liveSessions: number; readonly openRotation: string | null;
  /** Why it cannot be changed now. */
  readonly cannot: string | null;
  /** It will be opened, and wait: for what. */
  readonly waits: string | null;
};
export type SeenPreview = { readonly person: PersonId; readonly personName: string; readonly usedToo: boolean; readonly list: readonly SeenAccount[] };

/** The sentence that stands in the way of a change because of an exposure, or null. A block makes it wait, it does not refuse it. */
export const cannotRotate = (credential: Credential): string | null => {
  if (credential === "unmanaged") return "it is not managed: the broker cannot change its password. Adopt it, or change it on the target by hand";
  if (credential === "quarantined") return "nobody knows which password is in force; a person must settle it on the account's page first";
  return null;
};
