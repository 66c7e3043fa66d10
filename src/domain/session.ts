/** One proxied connection. Rule: opening -> live -> ended, ended exactly once, and always with a reason of this list. */
import type { AccountId, PersonId, RecordingId, RequestId, SessionId, TargetId } from "../kernel/ids.ts";

export const NEXT = { opening: ["live", "ended"], live: ["ended"], ended: [] } as const satisfies Record<string, readonly string[]>;
export type State = keyof typeof NEXT;

export const ENDED_WHY = ["client_closed", "target_closed", "checked_in", "expired", "revoked", "idle", "killed", "broker_lost", "recording_failed", "error"] as const;
export type EndedWhy = (typeof ENDED_WHY)[number];

/** By which way the person came in; towards the target a session is the same. */
export type Via = "ssh" | "web";
/** What is spoken towards the target. */
export const PROTOCOLS = ["ssh", "rdp", "vnc"] as const;
export type Protocol = (typeof PROTOCOLS)[number];
/** Of a desktop: pictures and keys, carried by guacd. */
export const isDesktop = (s: { readonly protocol: Protocol }): boolean => s.protocol !== "ssh";

type Common = {
  readonly id: SessionId; readonly request: RequestId; readonly person: PersonId; readonly account: AccountId; readonly target: TargetId;
  readonly protocol: Protocol; readonly via: Via; readonly address: string; readonly recording: RecordingId; readonly node: string; readonly openedAt: Date;
};
type Shape = {
  opening: { readonly state: "opening" };
  live:    { readonly state: "live"; readonly liveAt: Date };
  ended:   { readonly state: "ended"; readonly liveAt: Date | null; readonly endedAt: Date; readonly why: EndedWhy; readonly detail: string; readonly bytes: number };
};
export type Session<S extends State = State> = { [K in S]: Common & Shape[K] }[S];

declare const made: unique symbol;
export type Step<S extends State = State, N extends State = State> = { readonly from: Session<S>; readonly to: Session<N>; readonly [made]: true };
const common = ({ id, request, person, account, target, protocol, via, address, recording, node, openedAt }: Common): Common =>
  ({ id, request, person, account, target, protocol, via, address, recording, node, openedAt });
const step = <S extends State, N extends (typeof NEXT)[S][number]>(from: Session<S>, to: Shape[N]): Step<S, N> => ({ from, to: { ...common(from), ...to } }) as unknown as Step<S, N>;

export const goLive = (s: Session<"opening">, at: Date) => step<"opening", "live">(s, { state: "live", liveAt: at });
export const end = (s: Session<"opening"> | Session<"live">, why: EndedWhy, detail: string, bytes: number, at: Date) =>
  step<"opening" | "live", "ended">(s, { state: "ended", liveAt: s.state === "live" ? s.liveAt : null, endedAt: at, why, detail, bytes });
export const isOpen = (s: Session): s is Session<"opening"> | Session<"live"> => s.state !== "ended";
