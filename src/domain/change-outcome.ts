/** What a person is told of a change they asked for: one of four words, from the rotation alone. Rule: "changed" only by proof, "unchanged" only when nothing we sent can still land; everything between is being settled. */
import type { Rotation } from "./rotation.ts";

export type ChangeOutcome =
  | { readonly word: "changed" } | { readonly word: "unchanged"; readonly why: string }
  /** Nothing has left us yet, or nothing that is in doubt: it goes on by itself. */
  | { readonly word: "under_way"; readonly why: string | null }
  | { readonly word: "settling"; readonly why: string; readonly person: boolean };

export const outcomeOf = (r: Rotation): ChangeOutcome => {
  switch (r.state) {
    case "committed": return { word: "changed" };
    // After something was sent, or was left unanswered, a refusal proves nothing without the version that is in force.
    case "refused": return (r.sent || r.firstUnknownAt !== null) && r.inForce === null ? { word: "settling", why: r.why ?? "", person: true } : { word: "unchanged", why: plain(r.why) };
    case "dead_letter": return { word: "settling", why: r.why ?? "the target did not say which password is in force", person: true };
    case "probing": return r.origin === "local" && r.firstUnknownAt === null ? { word: "under_way", why: null } : { word: "settling", why: r.why ?? "asking the target which password is in force", person: false };
    case "queued": case "prepared": case "waiting": case "applying":
      return r.firstUnknownAt === null ? { word: "under_way", why: r.why } : { word: "settling", why: r.why ?? "", person: false };
  }
};
const plain = (why: string | null): string => (why ?? "the target did not take it").replace(/^unchanged: /, "");
