/**
 * One password change shown by hand, from which a draft of a command set is made: its life. Rule: nobody is on a device whom nobody else let
 * there, the candidate is in the vault before the first line leaves, and what becomes of it is the rotation's to say.
 */
import type { AccountId, DemonstrationId, PersonId, RotationId, TargetId } from "../kernel/ids.ts";
import type { WireName } from "./command-set/schema.ts";
import type { Piece } from "./command-set/shown.ts";
import { later } from "./rotation.ts";

export const NEXT = { asked: ["approved", "dropped"], approved: ["open", "dropped"], open: ["open", "over"], over: [], dropped: [] } as const satisfies Record<string, readonly string[]>;
export type State = keyof typeof NEXT;
/** `account`: whose password is changed. `login`: who logs in for it. `identity`: of the target, as the one who asked had it before them. */
type Common = {
  readonly id: DemonstrationId; readonly target: TargetId; readonly account: AccountId; readonly login: AccountId; readonly by: PersonId; readonly reason: string; readonly at: Date; readonly identity: string;
};
export type Approval = { readonly by: PersonId; readonly at: Date; /** There was nobody else. */ readonly alone: boolean };
type Talked = { readonly approval: Approval; readonly rotation: RotationId; readonly over: WireName; readonly said: readonly Piece[] };
type Shape = {
  asked: { readonly state: "asked" };
  /** To be begun before `until`. */
  approved: { readonly state: "approved"; readonly approval: Approval; readonly until: Date };
  open: Talked & { readonly state: "open"; readonly until: Date };
  over: Talked & { readonly state: "over"; readonly endedAt: Date; readonly why: string };
  dropped: { readonly state: "dropped"; readonly approval: Approval | null; readonly endedAt: Date; readonly why: string };
};
export type Demonstration<S extends State = State> = { [K in S]: Common & Shape[K] }[S];
declare const made: unique symbol;
export type Step<S extends State = State, N extends State = State> = { readonly from: Demonstration<S>; readonly to: Demonstration<N>; readonly [made]: true };
const step = <S extends State, N extends (typeof NEXT)[S][number]>(from: Demonstration<S>, to: Shape[N]): Step<S, N> => {
  const { id, target, account, login, by, reason, at, identity } = from;
  return { from, to: { id, target, account, login, by, reason, at, identity, ...to } } as unknown as Step<S, N>;
};
type Waits = { readonly demonstrationBegin: number; readonly demonstrationOpen: number };
export const isState = <S extends State>(d: Demonstration, state: S): d is Extract<Demonstration, { state: S }> => d.state === state;

export const approve = (d: Demonstration<"asked">, by: PersonId, alone: boolean, now: Date, t: Waits) =>
  step<"asked", "approved">(d, { state: "approved", approval: { by, at: now, alone }, until: later(now, t.demonstrationBegin) });
/** The rotation holds the account's one slot and the candidate is in the journal. */
export const begin = (d: Demonstration<"approved">, rotation: RotationId, over: WireName, now: Date, t: Waits) =>
  step<"approved", "open">(d, { state: "open", approval: d.approval, rotation, over, said: [], until: later(now, t.demonstrationOpen) });
export const say = (d: Demonstration<"open">, said: readonly Piece[]) => step<"open", "open">(d, { state: "open", approval: d.approval, rotation: d.rotation, over: d.over, until: d.until, said });
export const finish = (d: Demonstration<"open">, why: string, now: Date) =>
  step<"open", "over">(d, { state: "over", approval: d.approval, rotation: d.rotation, over: d.over, said: d.said, endedAt: now, why });
export const drop = (d: Demonstration<"asked" | "approved">, why: string, now: Date) =>
  step<"asked" | "approved", "dropped">(d, { state: "dropped", approval: d.state === "approved" ? d.approval : null, endedAt: now, why });
