/** What a person can do about a change that does not end by itself. Rule: sentences and legal moves from the rotation alone; a move stands here only if its verb would take it. */
import { UNKNOWN_ATTEMPTS } from "./rotation-absorb.ts";
import type { Rotation } from "./rotation.ts";

/** again: ask the target now, same candidate. keep: give up the new one, the old is proven. tell: somebody types what is in force. stop: it waits, and nothing left us. */
export const MOVES = ["again", "keep", "tell", "stop"] as const;
export type Move = (typeof MOVES)[number];
export type Advice = { readonly says: string; readonly moves: readonly Move[] };

const dead = (r: Rotation<"dead_letter">): Advice => {
  if (r.inForce === r.candidate) return { says: "The new password is in force, as was seen later. Ask again, and it is proven and kept.", moves: ["again"] };
  if (r.inForce !== null) return { says: "An older password of ours is in force: the change never took. Ask again to apply the same new one, or keep the old.", moves: ["again", "keep"] };
  if (/none of our versions|no version we hold/.test(r.why ?? "")) {
    return { says: "No password the vault holds opens this account: somebody changed it on the target. Set it there again or find out what it is, and type it here.", moves: ["tell", "again"] };
  }
  return { says: "The target did not say which password is in force. See that it is up, and that the account that changes it can log in (its target's Test), then ask again.", moves: ["again", "tell"] };
};

/** What was due for a better reason would only be opened again. */
const WISHED: readonly Rotation["trigger"][] = ["manual", "schedule", "bulk", "max_age"];

export const adviceOf = (r: Rotation): Advice | null => {
  if (r.state === "dead_letter") return dead(r);
  if (r.state === "waiting") return { says: "Nothing was changed yet. It is tried again for as long as it takes; the account keeps its password until then.", moves: WISHED.includes(r.trigger) && !r.sent && r.firstUnknownAt === null ? ["stop"] : [] };
  if (r.state === "probing" && r.firstUnknownAt !== null) return { says: `The target is asked until it answers, ${UNKNOWN_ATTEMPTS} changes or 24 hours long; both passwords are kept.`, moves: [] };
  if (r.state !== "refused") return null;
  if (/the password needs|its policy .* keeps/.test(r.why ?? "")) return { says: "Change it again with a password its policy allows, or bind another policy.", moves: [] };
  if (/nothing can change this password/.test(r.why ?? "")) return { says: "Name an administrative account on the target's Remote reset page.", moves: [] };
  return r.trigger === "adopt" ? { says: "Look at what the target said, then adopt the account again.", moves: [] } : { says: "Look at what the target said, put it right there, and change the password again.", moves: [] };
};
