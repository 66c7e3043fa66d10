/**
 * What a target's own list of accounts says beside ours: the life of one listing, and what changed since the one before. Rule: differences come of
 * two whole lists and nothing else; what a target did not tell is no difference.
 */
import type { AccountId, DiscoveryId, PersonId, RuleId, TargetId } from "../kernel/ids.ts";
import type { Account } from "./account.ts";
import { later } from "./rotation.ts";

export const NEXT = { waiting: ["running"], running: ["running", "done", "failed"], done: [], failed: [] } as const satisfies Record<string, readonly string[]>;
export type State = keyof typeof NEXT;
export type Counts = Readonly<Record<"found" | Change, number>>;
type Common = {
  readonly id: DiscoveryId; readonly target: TargetId; readonly trigger: "hand" | "daily"; readonly by: PersonId | null; readonly at: Date; readonly fence: number;
};
type Shape = {
  waiting: { readonly state: "waiting" };
  running: { readonly state: "running"; readonly leaseUntil: Date };
  /** `first`: there was no list before to compare with. */
  done: { readonly state: "done"; readonly endedAt: Date; readonly counts: Counts; readonly first: boolean };
  failed: { readonly state: "failed"; readonly endedAt: Date; readonly why: string };
};
export type Discovery<S extends State = State> = { [K in S]: Common & Shape[K] }[S];
declare const made: unique symbol;
export type Step<S extends State = State, N extends State = State> = { readonly from: Discovery<S>; readonly to: Discovery<N>; readonly [made]: true };
const step = <S extends State, N extends (typeof NEXT)[S][number]>(from: Discovery<S>, to: Shape[N], fence = from.fence): Step<S, N> =>
  ({ from, to: { id: from.id, target: from.target, trigger: from.trigger, by: from.by, at: from.at, fence, ...to } }) as unknown as Step<S, N>;

/** Whoever takes it, also after an owner that died, writes under a fence of its own. */
export const claim = (d: Discovery<"waiting" | "running">, now: Date, t: { readonly discoverLease: number }) =>
  step<"waiting" | "running", "running">(d, { state: "running", leaseUntil: later(now, t.discoverLease) }, d.fence + 1);
export const finish = (d: Discovery<"running">, counts: Counts, first: boolean, now: Date) => step<"running", "done">(d, { state: "done", endedAt: now, counts, first });
export const fail = (d: Discovery<"running">, why: string, now: Date) => step<"running", "failed">(d, { state: "failed", endedAt: now, why });

/** As a target tells it; null: it did not tell. `lastLogin`: null for never, absent where it keeps no such thing. `keys`: fingerprints of what lets it in, absent where that was not told. */
export type Told = { readonly enabled: boolean | null; readonly privileged: boolean | null; readonly lastLogin?: string | null; readonly says: readonly string[]; readonly keys?: readonly string[] };
export const CHANGES = ["new", "back", "gone", "became_privileged", "no_longer_privileged", "enabled", "disabled", "new_keys"] as const;
export type Change = (typeof CHANGES)[number];
export type Found = {
  readonly target: TargetId; readonly name: string; readonly told: Told;
  /** Between the last two whole lists. */
  readonly changes: readonly Change[];
  readonly firstAt: Date; readonly seenAt: Date; readonly goneAt: Date | null;
  readonly ignored: { readonly by: PersonId | null; readonly at: Date; readonly why: string } | null;
  /** The rule that took it up, and what came of that; a listing gives a failed one another try. */
  readonly rule: RuleId | null; readonly ruleSaid: string | null;
};
export const LONGEST = 256;

const between = (was: Told, is: Told): Change[] => [
  ...(was.privileged === false && is.privileged === true ? ["became_privileged" as const] : []), ...(was.privileged === true && is.privileged === false ? ["no_longer_privileged" as const] : []),
  ...(was.enabled === false && is.enabled === true ? ["enabled" as const] : []), ...(was.enabled === true && is.enabled === false ? ["disabled" as const] : []),
  ...(was.keys !== undefined && is.keys?.some((k) => !was.keys!.includes(k)) ? ["new_keys" as const] : []),
];
const toldOf = ({ enabled, privileged, lastLogin, says, keys }: Told): Told =>
  ({ enabled, privileged, ...(lastLogin === undefined ? {} : { lastLogin }), ...(keys === undefined ? {} : { keys: keys.slice(0, 50).map((k) => k.toWellFormed().replaceAll("\0", "").slice(0, 120)) }), says: says.slice(0, 20).map((s) => s.toWellFormed().replaceAll("\0", "").slice(0, 120)) });
/** What no row can hold is no name of an account: too long, or broken characters. */
const keepable = (name: string): boolean => name !== "" && name.length <= LONGEST && name.isWellFormed() && !name.includes("\0");

/** Every row as it stands after a whole list. `first`: nothing is new in a list that has none before it. */
export const merge = (rows: readonly Found[], list: readonly (Told & { readonly name: string })[], target: TargetId, first: boolean, now: Date): Found[] => {
  const known = new Map(rows.map((r) => [r.name, r])), listed = new Map(list.filter((f) => keepable(f.name)).map((f) => [f.name, f]));
  const there = [...listed.values()].map((f): Found => {
    const was = known.get(f.name), told = toldOf(f);
    if (!was) return { target, name: f.name, told, changes: first ? [] : ["new"], firstAt: now, seenAt: now, goneAt: null, ignored: null, rule: null, ruleSaid: null };
    return { ...was, told, changes: [...(was.goneAt === null ? [] : ["back" as const]), ...between(was.told, told)], seenAt: now, goneAt: null, ruleSaid: was.ruleSaid === TAKEN || was.ruleSaid === BY_HAND ? was.ruleSaid : null };
  });
  const gone = rows.filter((r) => !listed.has(r.name)).map((r): Found => ({ ...r, changes: r.goneAt === null ? ["gone"] : [], goneAt: r.goneAt ?? now }));
  return [...there, ...gone];
};
export const countsOf = (rows: readonly Found[]): Counts =>
  ({ found: rows.filter((r) => r.goneAt === null).length, ...Object.fromEntries(CHANGES.map((c) => [c, rows.filter((r) => r.changes.includes(c)).length])) }) as Counts;
/** What a rule's adoption leaves in `ruleSaid`. */
export const TAKEN = "adopted";
/** Somebody brought it back from being ignored: no rule speaks of it again. */
export const BY_HAND = "left to people";

/** Ours beside it, if there is one. */
export type Ours = Pick<Account, "credential"> & { readonly id: AccountId };
export type Stage = "managed" | "adopting" | "kept" | "unmanaged" | "ignored" | "gone";
/** The one word behind every badge of the list. `kept`: it is in the vault, and nobody changes its password. */
export const stageOf = (f: Pick<Found, "goneAt" | "ignored">, ours: Ours | null): Stage => {
  if (f.goneAt !== null) return "gone";
  if (ours && ours.credential !== "unmanaged") return ours.credential === "adopting" ? "adopting" : "managed";
  return f.ignored ? "ignored" : ours ? "kept" : "unmanaged";
};
/** Why it cannot be adopted as it stands, as a clause; null: nothing is in the way. Its first password would open an account that is shut. */
export const hindrance = (f: Pick<Found, "goneAt" | "told">, ours: Ours | null, nameFits: boolean): string | null => {
  if (f.goneAt !== null) return "it is gone from the target";
  if (ours && ours.credential === "adopting") return "its adoption is under way";
  if (ours && ours.credential !== "unmanaged") return "it is managed already";
  if (!nameFits) return "its name is none that the broker takes on this kind of target";
  return f.told.enabled === false ? `it is shut on the target${f.told.says.length > 0 ? ` (${f.told.says.join(", ")})` : ""}, and a new password could open it` : null;
};
/** What whoever adopts it should know first. */
export const warnings = (f: Pick<Found, "told">): string[] => [
  ...(f.told.privileged === true ? ["privileged"] : f.told.privileged === null ? ["whether it is privileged was not told"] : []),
  ...(f.told.enabled === null ? ["whether it is shut was not told"] : []),
  ...(f.told.says.some((s) => s.startsWith("no password")) ? ["it has no password now and gets one"] : []),
  ...(f.told.lastLogin ? [`last login ${f.told.lastLogin.slice(0, 16).replace("T", " ")} UTC: who uses its password today will not get in with it`] : []),
];
