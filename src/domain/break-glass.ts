/** What somebody who breaks the glass is shown. Rule: likeliest first, each with what the target last said to it; nothing is guessed, and what the target refused stands last. */
import type { VersionId } from "../kernel/ids.ts";
import type { Credential } from "./account.ts";
import { currentOf, likeliestFirst, type Version } from "./rotation-facts.ts";
import { keepsIn } from "./no-release.ts";
import type { Rotation } from "./rotation.ts";

export type Known = Version & { readonly provenAt: Date | null };
export type Shown = { readonly id: VersionId; readonly no: number; readonly says: string };

/** From applying to the end, from the time of an order on, and while the credential is in doubt, more than one version may be in force. */
export const inDoubt = (credential: Credential, open: Rotation | null, now: Date): boolean =>
  (credential !== "in_sync" && credential !== "unmanaged") || (open !== null && keepsIn(open, now));

const stamp = (d: Date): string => `${d.toISOString().slice(0, 16).replace("T", " ")} UTC`;
const asked = (r: Rotation | null): readonly string[] => (r !== null && "asked" in r ? r.asked : []);
/** From the first byte on: a change under way may land at any moment. */
const mayHaveLanded = (r: Rotation | null): boolean => r !== null && (r.sent || r.state === "applying");
const candidateOf = (r: Rotation | null): VersionId | null => (r !== null && "candidate" in r ? r.candidate : null);

const says = (v: Known, r: Rotation | null): string => {
  if (r?.inForce === v.id) return "the target took it when it was last asked";
  if (asked(r).includes(v.id)) return "the target refused it when it was last asked";
  if (candidateOf(r) === v.id) return mayHaveLanded(r) ? "sent to the target; it has not said yet whether it is in force" : "made, never sent to the target";
  if (v.status === "candidate") return "a candidate of an earlier change; the target has not been asked";
  return v.provenAt ? `a login with it worked ${stamp(v.provenAt)}; not asked since` : "never tried on the target";
};
/** 0 taken, 1 open, 2 refused or never sent. */
const group = (v: Known, r: Rotation | null): number => (r?.inForce === v.id ? 0 : asked(r).includes(v.id) || (candidateOf(r) === v.id && !mayHaveLanded(r)) ? 2 : 1);

/** In sync: the current version alone. In doubt: current, candidates and the one before. */
export const toShow = (versions: readonly Known[], credential: Credential, open: Rotation | null, now: Date): readonly Shown[] => {
  const current = versions.find((v) => v.id === currentOf({ versions }));
  const kept = inDoubt(credential, open, now) ? versions.filter((v) => ["current", "declared", "candidate", "previous"].includes(v.status) || v.id === candidateOf(open) || v.id === open?.inForce) : current ? [current] : [];
  const order = likeliestFirst(kept, candidateOf(open) ?? current?.id ?? ("" as VersionId)).map((id) => kept.find((v) => v.id === id)!);
  return order.map((v, i) => ({ v, i, g: group(v, open) })).sort((a, b) => a.g - b.g || a.i - b.i).map(({ v }) => ({ id: v.id, no: v.no, says: says(v, open) }));
};
