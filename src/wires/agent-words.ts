/**
 * What a broker and an agent say to each other inside their SSH connection: names, verbs, and the shape of every ask and reply. Rule: a closed,
 * versioned list; both ends parse what they hear with these schemas, and nothing else is ever said.
 */
import { z } from "zod";
import { FAULTS, type FaultCode } from "../kernel/fault.ts";

/** `command`: an exec request is this, a space, and the verb. `caller`: the header by which an enrolled agent says which one it is; a relay may read it. */
export const AGENT = {
  path: "/agent", protocol: "lockstep-agent.v1", caller: "lockstep-agent", user: "lockstep", command: "lockstep-agent/1", port: 8_282,
} as const;
/** The longest ask or reply, in bytes: a list of 20,000 accounts fits. */
export const LONGEST = 8 << 20;

const line = z.string().max(1_024), text = z.string().max(65_536), name = z.string().min(1).max(256), box = z.string().max(8_192);
const count = z.number().int().nonnegative(), moment = count.max(8_640_000_000_000_000), id = z.string().regex(/^agt_[0-9a-z]{20}$/);
/** `ssh-ed25519 AAAA…`, without a comment. */
const publicKey = z.string().max(1_024).regex(/^ssh-ed25519 [A-Za-z0-9+/]{60,}={0,2}$/);
const fingerprint = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/);
/** With a signature of `pinText` by that very key: nobody is told to trust a key that nobody has. */
const provenKey = z.strictObject({ key: publicKey, proof: z.string().max(512) });
const none = z.strictObject({});
const done = z.strictObject({ done: z.literal(true) });
/** Of a stranger too, and before its token is looked at: few and short. */
export const Facts = z.record(z.string().max(64), z.union([line, z.number(), z.boolean(), z.null()])).refine((f) => Object.keys(f).length <= 32, "at most 32 facts");

/**
 * A list of destinations as the broker signed it: `list` is the exact text the signature is over, and holds the agent's own id and a number that
 * only rises, so that no list of another agent and no older one is taken for it.
 */
export const SignedList = z.strictObject({ list: z.string().max(262_144), signature: z.string().max(512) });
export type SignedList = z.infer<typeof SignedList>;
/** What the signature is over: nothing else that the broker's key ever signs begins so. */
export const signedText = (list: string): string => `lockstep allow list 1\n${list}`;
export const AllowList = z.strictObject({ v: z.literal(1), agent: id, no: count, allow: z.array(z.string().max(270)).max(4_096) });
export type AllowList = z.infer<typeof AllowList>;

/** As connectors tell it. */
const found = z.strictObject({
  name, enabled: z.boolean().nullable(), privileged: z.boolean().nullable(), lastLogin: z.string().max(64).nullable().optional(), says: z.array(line).max(64),
  /** Fingerprints of the keys that let in; absent: they could not be read. */
  keys: z.array(line).max(256).optional(),
});
/** `unknown` is not no. */
const changed = z.union([
  z.literal("done"), z.strictObject({ refused: line }), z.strictObject({ not_sent: z.enum(["unreachable", "auth_of_as", "identity"]), why: line }), z.strictObject({ unknown: line }),
]);
/** A change with its fence: an older one than the last that was heard (epoch, then number, then fence) is refused; `no` is the candidate's among the account's passwords. `box` is sealed to the agent's key, with the context of `CONTEXT`. */
const change = z.strictObject({ rotation: name, account: name, no: count, fence: count, epoch: count, box });
/** A change for later: made by the agent itself at `due`, if it has heard nothing more by then, and never from `expires` on. Both, and `now`, are the broker's clock in milliseconds; `box` is sealed with `CONTEXT.order`. */
const place = z.strictObject({ do: z.literal("place"), rotation: name, account: name, no: count, fence: count, epoch: count, due: moment, expires: moment, now: moment, box });
/**
 * What an agent says of an order. standing: it waits. begun: it is being made, or is tried again. done: the machine's own file holds it. expired:
 * its time went by and nothing was done. doubtful: begun, and its time went by before it was known to be done.
 */
export const ORDER_SAID = ["standing", "begun", "done", "expired", "doubtful"] as const;
export type OrderSaid = (typeof ORDER_SAID)[number];
const reported = z.strictObject({ rotation: name, account: name, no: count, fence: count, epoch: count, due: moment, expires: moment, state: z.enum(ORDER_SAID), why: line.optional() });
export type Reported = z.infer<typeof reported>;
/** Kept at once, for accounts of one machine. */
export const MOST_ORDERS = 1_000;
const check = z.strictObject({ check: name, ok: z.boolean(), says: line, hint: line.optional() });

/** What each verb is asked with, and what it answers. */
export const ASKS = {
  /** The first thing said on every connection. `token` is there while it enrols, and never again. */
  hello: none,
  /** Written down, fsynced, before it is answered. */
  enrolled: z.strictObject({ agent: id }),
  /** How it stands with its broker, said on every connection after hello and before a refused one is ended; kept for status and doctor. `owner`: whom it belongs to. */
  standing: z.strictObject({ state: z.enum(["active", "paused", "refused"]), owner: name.optional(), why: line.optional(), now: z.number() }),
  accounts: none,
  verify: z.strictObject({ account: name, boxes: z.array(box).min(1).max(64) }),
  change,
  /** Placed, listed, or taken back; one that has ended is forgotten by taking it back. Written down, fsynced, before it is answered. */
  orders: z.discriminatedUnion("do", [place, z.strictObject({ do: z.literal("list") }), z.strictObject({ do: z.literal("withdraw"), rotation: name })]),
  /** Logins over SSH that the account still has, ended; and what the machine itself asks of its password. */
  "end-logins": z.strictObject({ account: name }),
  rules: z.strictObject({ account: name }),
  doctor: none,
  /**
   * `yours`: make a key of your own to follow the present one, or let the old one go. `broker`: the keys by which the broker proves itself from now
   * on, and no others, in the order in which one follows the other; one of them is pinned already.
   */
  "update-key": z.union([z.strictObject({ yours: z.enum(["announce", "turn"]) }), z.strictObject({ broker: z.array(provenKey).min(1).max(2) })]),
  /** Where it may carry to. */
  allow: SignedList,
} as const satisfies Record<string, z.ZodType>;
export const REPLIES = {
  hello: z.strictObject({
    token: z.string().max(128).optional(), mode: z.enum(["agent", "gateway"]), userName: name.optional(), serverName: name, version: line,
    /** Its clock, in milliseconds since 1970: skew is what the broker makes of it. */
    now: z.number(), boxKey: z.string().length(43), allowNo: count, facts: Facts,
    /** `boxText` of its id and box key, signed by its host key: whoever carries this cannot have passwords sealed to a key of their own. */
    boxProof: z.string().max(512),
    /** The machine's own sshd's keys, by which sessions to it are pinned. */
    sshKeys: z.array(line).max(8),
    /** It keeps changes for later. */
    orders: z.literal(true).optional(),
  }),
  enrolled: done,
  standing: done,
  accounts: z.strictObject({ accounts: z.array(found).max(20_000), facts: Facts }),
  verify: z.union([z.strictObject({ match: count }), z.literal("none"), z.strictObject({ unknown: line })]),
  change: changed,
  /** All it keeps; of one that was taken back, how it stood then. */
  orders: z.strictObject({ orders: z.array(reported).max(MOST_ORDERS) }),
  "end-logins": z.union([z.strictObject({ ended: count }), z.strictObject({ unknown: line })]),
  rules: z.union([z.strictObject({ rules: z.record(z.string().max(40), z.number()) }), z.strictObject({ unknown: line })]),
  doctor: z.strictObject({ checks: z.array(check).max(64) }),
  /** `pinned`: fingerprints, written down and fsynced. */
  "update-key": z.union([z.strictObject({ hostKey: publicKey, next: publicKey.nullable() }), z.strictObject({ pinned: z.array(fingerprint).min(1).max(4) })]),
  allow: z.strictObject({ no: count }),
} as const satisfies Record<keyof typeof ASKS, z.ZodType>;

export type Verb = keyof typeof ASKS;
export const VERBS = Object.keys(ASKS) as readonly Verb[];
export type Ask<V extends Verb> = z.infer<(typeof ASKS)[V]>;
export type Reply<V extends Verb> = z.infer<(typeof REPLIES)[V]>;
export type Hello = Reply<"hello">;

/** What an agent does for its broker; a Fault is told with code and sentence, anything else as `internal`. */
export type Deeds = { readonly [V in Verb]: (ask: Ask<V>, signal: AbortSignal) => Promise<Reply<V>> };

/** On stdout of a verb that failed, with exit code 1. */
export const Failed = z.strictObject({ fault: z.strictObject({ code: z.enum(Object.keys(FAULTS) as [FaultCode, ...FaultCode[]]), message: text }) });
/** `agent`: empty before it has an id. */
export const boxText = (agent: string, boxKey: string): string => `lockstep box key 1\n${agent}\n${boxKey}`;
/** What the broker's keys sign of themselves for one agent: nothing else that any of them ever signs begins so. */
export const pinText = (agent: string, keys: readonly string[]): string => `lockstep broker keys 1\n${agent}\n${keys.join("\n")}`;
/** Said before anybody knows who is there. */
export const LONGEST_HELLO = 65_536;
export const verbOf = (command: string): Verb | undefined => VERBS.find((verb) => command === `${AGENT.command} ${verb}`);
/** What a box to an agent is sealed for. */
export const CONTEXT = {
  change: (agent: string, rotation: string, account: string, fence: number): string => `agent change ${agent} ${rotation} ${account} ${fence}`,
  /** Another than of a change: nobody between can have an order made at once, or at another time. */
  order: (agent: string, o: { rotation: string; account: string; no: number; fence: number; epoch: number; due: number; expires: number }): string =>
    `agent order ${agent} ${o.rotation} ${o.account} ${o.no} ${o.fence} ${o.epoch} ${o.due} ${o.expires}`,
  verify: (agent: string, account: string): string => `agent verify ${agent} ${account}`,
} as const;
