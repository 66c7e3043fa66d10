/**
 * Agents and gateways: programs on other machines that dial out to the broker, and what lets one in the first time. Rule: an agent is known by
 * the key it showed when its token was spent, and by nothing else; whether it is there now is told by the tunnel, never by its row.
 */
import { z } from "zod";
import { plainLine } from "./notice.ts";
import type { AgentId, EnrolmentId, PersonId, TargetId } from "../kernel/ids.ts";

export const MODES = ["agent", "gateway"] as const;
export type Mode = (typeof MODES)[number];

/** `enrolled`: its key is pinned, and it has not come back with it yet. `deleted`: off the lists; the row stays, events point at it. */
export const NEXT = {
  enrolled: ["active", "revoked"],
  active: ["paused", "revoked"],
  paused: ["active", "revoked"],
  revoked: ["deleted"],
  deleted: [],
} as const satisfies Record<string, readonly string[]>;
export type State = keyof typeof NEXT;

/** What the machine says of itself, for people: nothing is decided by it. */
export type HostFacts = Readonly<Record<string, string | number | boolean | null>>;
type Common = {
  readonly id: AgentId;
  readonly mode: Mode;
  readonly name: string;
  readonly owner: PersonId;
  readonly enrolment: EnrolmentId;
  readonly enrolledAt: Date;
  /** Lines as in authorized_keys. `nextHostKey`: announced over a connection that the other one proved; the first use makes it the only one. */
  readonly hostKey: string;
  readonly nextHostKey: string | null;
  /** Fingerprints of the broker's keys that it has pinned, as it last said or showed; none: it was not heard of since this is written down. */
  readonly brokerKeys: readonly string[];
  /** Public half of the key that secrets are sealed to. */
  readonly boxKey: string;
  /** The target it stands for; a gateway stands for none. */
  readonly target: TargetId | null;
  /** `host:port` it may carry to, beside its own machine; `allowNo` rises with every change, so that an older list is known as such. */
  readonly allow: readonly string[];
  readonly allowNo: number;
  readonly version: string;
  readonly skewMs: number | null;
  readonly facts: HostFacts;
  readonly seenAt: Date | null;
};
type Moved = { readonly by: PersonId; readonly movedAt: Date; readonly why: string };
type Shape = {
  enrolled: { readonly state: "enrolled" };
  active: { readonly state: "active" };
  paused: Moved & { readonly state: "paused" };
  revoked: Moved & { readonly state: "revoked" };
  deleted: Moved & { readonly state: "deleted" };
};
export type Agent<S extends State = State> = { [K in S]: Common & Shape[K] }[S];
declare const made: unique symbol;
export type Step<S extends State = State, N extends State = State> = { readonly from: Agent<S>; readonly to: Agent<N>; readonly [made]: true };
const step = <S extends State, N extends (typeof NEXT)[S][number]>(from: Agent<S>, to: Shape[N]): Step<S, N> => {
  const { id, mode, name, owner, enrolment, enrolledAt, hostKey, nextHostKey, brokerKeys, boxKey, target, allow, allowNo, version, skewMs, facts, seenAt } = from;
  return {
    from,
    to: { id, mode, name, owner, enrolment, enrolledAt, hostKey, nextHostKey, brokerKeys, boxKey, target, allow, allowNo, version, skewMs, facts, seenAt, ...to },
  } as unknown as Step<S, N>;
};
export const isState = <S extends State>(a: Agent, ...states: readonly S[]): a is Extract<Agent, { state: S }> =>
  (states as readonly State[]).includes(a.state);

/** It came back with its key and its id: what it wrote down is what we wrote down. */
export const settle = (a: Agent<"enrolled">) => step<"enrolled", "active">(a, { state: "active" });
export const pause = (a: Agent<"active">, by: PersonId, why: string, now: Date) =>
  step<"active", "paused">(a, { state: "paused", by, why, movedAt: now });
export const resume = (a: Agent<"paused">) => step<"paused", "active">(a, { state: "active" });
export const revoke = (a: Agent<"enrolled" | "active" | "paused">, by: PersonId, why: string, now: Date) =>
  step<"enrolled" | "active" | "paused", "revoked">(a, { state: "revoked", by, why, movedAt: now });
export const remove = (a: Agent<"revoked">, by: PersonId, why: string, now: Date) =>
  step<"revoked", "deleted">(a, { state: "deleted", by, why, movedAt: now });

/** Let in at the door: an enrolled one comes to settle, a paused one stays connected and is told nothing. */
export const LET_IN: readonly State[] = ["enrolled", "active", "paused"];
/** The keys its connection may show, and no other. */
export const pinnedKeys = (a: Pick<Agent, "hostKey" | "nextHostKey">): readonly string[] =>
  a.nextHostKey === null ? [a.hostKey] : [a.hostKey, a.nextHostKey];

/** Why nothing may be asked of it or carried by it now, as a sentence; null: it may. */
export const outOfUse = (a: Agent | null): string | null =>
  a === null
    ? "There is no such agent."
    : isState(a, "paused")
      ? `The agent ${a.name} is paused: ${a.why}`
      : isState(a, "active")
        ? null
        : isState(a, "enrolled")
          ? `The agent ${a.name} has enrolled and not come back yet.`
          : `The agent ${a.name} was revoked.`;
/** For events. */
export const aboutAgent = (a: Pick<Agent, "id" | "target">): Record<string, string> => ({ agent: a.id, ...(a.target ? { target: a.target } : {}) });

/** As the tunnel has it: `beatAt` of a connection that is there, null where there is none. */
export type Heard = { readonly beatAt: Date | null; /** It keeps changes for later (order.ts). */ readonly orders?: boolean };
export const PRESENCES = ["connected", "late", "gone", "never"] as const;
export type Presence = (typeof PRESENCES)[number];
/** `late`: a beat is overdue, on a connection or for not long since one was lost. `never`: it has not come back since it enrolled. */
export const presence = (
  a: Pick<Agent, "seenAt">,
  heard: Heard | null,
  now: Date,
  t: { readonly agentBeat: number; readonly agentGone: number },
): Presence => {
  const beat = heard?.beatAt ?? null,
    last = beat ?? a.seenAt;
  if (last === null) return "never";
  const age = now.getTime() - last.getTime();
  return beat !== null && age <= 2 * t.agentBeat ? "connected" : age <= t.agentGone ? "late" : "gone";
};

export const KINDS = ["once", "many"] as const;
/** What lets a machine in the first time; the token itself is shown once and kept as its hash. */
export type Enrolment = {
  readonly id: EnrolmentId;
  readonly kind: (typeof KINDS)[number];
  readonly mode: Mode;
  readonly owner: PersonId;
  readonly by: PersonId;
  readonly at: Date;
  readonly expiresAt: Date;
  readonly maxUses: number;
  readonly used: number;
  readonly endedAt: Date | null;
};
/** Why its token lets nobody in (any more); null: it does. One sentence for every reason: whoever guesses learns nothing. */
export const spendable = (e: Enrolment | null, now: Date): e is Enrolment =>
  e !== null && e.endedAt === null && e.used < e.maxUses && e.expiresAt > now;

/** What a machine says, as a row and a log can keep it. */
export const legibleFacts = (facts: HostFacts): HostFacts =>
  Object.fromEntries(
    Object.entries(facts)
      .slice(0, 40)
      .map(([k, v]) => [plainLine(k, 64), typeof v === "string" ? plainLine(v) : v]),
  );
/** A name of a machine, as people see it. */
export const ServerName = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/, "a machine's name: letters, digits, dots and dashes, up to 63 characters");
export const EnrolmentInput = z
  .object({
    mode: z.enum(MODES).default("agent"),
    /** Login name of the person the machine belongs to; absent: whoever makes it. */
    owner: z.string().min(1).max(64).optional(),
    kind: z.enum(KINDS).default("once"),
    /** For `many`: how long and how often. A token of one use lives ten minutes. */
    hours: z.int().min(1).max(168).optional(),
    uses: z.int().min(1).max(10_000).optional(),
  })
  .refine(
    (i) => i.kind === "many" || (i.hours === undefined && i.uses === undefined),
    "hours and uses are for a key of many uses; a token of one use lives ten minutes",
  );
export type EnrolmentInput = z.infer<typeof EnrolmentInput>;
