/**
 * What a session worker and the broker say to each other over the Unix socket. Rule: a closed, versioned union, parsed on both sides;
 * bytes of sessions, keys in clear and wall times never travel here.
 *
 * One JSON object a line. Every message up carries a number `n` and gets exactly one reply down; `cut`, `terms` and `watch` come unasked.
 */
import { z } from "zod";
import { CHANNELS } from "../src/domain/channels.ts";
import type { ChannelKind } from "../src/domain/channels.ts";
import { FAULTS } from "../src/kernel/fault.ts";
import type { FaultCode } from "../src/kernel/fault.ts";
import { CommandRules } from "../src/domain/commands.ts";
import type { Secret } from "../src/kernel/secret.ts";
import { Pass } from "../src/links/via.ts";
import type { Asking } from "./asking.ts";
import { asking, askingReplies } from "./asking.ts";

export type { Asking, AskingAsk, AskingKind, AskingReply, MenuItem, Offer, Progress } from "./asking.ts";
export { MENU_MOST } from "./asking.ts";

export const VERSION = 4;
/** The longest line either side accepts, in bytes. */
export const LINE = 262_144;
/** Kinds of refusal a connection without a session is written down for. */
export const REFUSALS = 16;

const text = z.string().max(65_536), id = z.string().min(1).max(128), box = z.string().max(8_192);
const count = z.number().int().nonnegative(), n = z.number().int().positive();
const FAULT_CODES = Object.keys(FAULTS) as [FaultCode, ...FaultCode[]];

/** access.md's list; what a session record says in `ended_why`. */
export const ENDED_WHY = ["client_closed", "target_closed", "checked_in", "expired", "revoked", "idle", "killed", "broker_lost", "recording_failed", "error"] as const;
export type EndedWhy = (typeof ENDED_WHY)[number];
/** What lies behind `error` (and `recording_failed`). `identity_changed`: the target did not prove its pinned key; nothing was sent. */
export const CAUSES = ["none", "target_down", "identity_changed", "target_refused", "password_must_change", "recorder", "internal"] as const;
export type Cause = (typeof CAUSES)[number];

export { CHANNELS };
export type { ChannelKind };

const factor = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("password"), password: box }),
  z.strictObject({ kind: z.literal("publickey"), key: text }),
  z.strictObject({ kind: z.literal("certificate"), certificate: text }),
  z.strictObject({ kind: z.literal("browser"), step: z.enum(["begin", "wait"]) }),
  z.strictObject({ kind: z.literal("totp"), code: z.string().max(64) }),
]);

const flow = z.strictObject({ bytes: count, recorded: count, covered: count, sha256: z.string().length(64).nullable() });
const channelLedger = z.strictObject({
  channel: count, kind: z.enum(CHANNELS), record: z.enum(["full", "head", "digest"]),
  in: flow, out: flow, err: flow, exit: z.union([count, z.string().max(64)]).nullable(),
  to: z.string().max(300).optional(), strange: count.optional(), sums: count.optional(),
});
/** The coverage ledger: what passed, what of it is in the recording, and what is missing on purpose. */
export const ledger = z.strictObject({
  channels: z.array(channelLedger), refused: z.record(z.string(), count),
  chunks: count, hash: z.string(), bytes: count, complete: z.boolean(),
});
export type Flow = z.infer<typeof flow>;
export type ChannelLedger = z.infer<typeof channelLedger>;
export type Ledger = z.infer<typeof ledger>;

const short = z.string().max(1_024), sha = z.string().length(64);
/** Things worth an audit event while a session lives. `file`: one operation of a file transfer; `files`: all of one transfer, summed. */
const event = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("channel_opened"), channel: count, type: z.enum(CHANNELS), command: text.optional(), to: short.optional() }),
  z.strictObject({ kind: z.literal("channel_closed"), channel: count, exit: z.union([count, z.string()]).nullable(), in: count, out: count }),
  z.strictObject({ kind: z.literal("refused"), what: z.string().max(256) }),
  /** A browser lost its connection and has the grace time to come back. That it came back is the broker's own event. */
  z.strictObject({ kind: z.literal("away"), channel: count }),
  /** A command rule said no, or took a note. */
  z.strictObject({ kind: z.literal("command"), effect: z.enum(["deny", "warn"]), rule: z.string().max(300), command: text }),
  z.strictObject({
    kind: z.literal("file"), channel: count, op: short, path: short, to: short.optional(), detail: short.optional(), result: short, refused: short.optional(), entries: count.optional(),
    readBytes: count.optional(), readSha256: sha.optional(), writtenBytes: count.optional(), writtenSha256: sha.optional(),
  }),
  /** Something went by a desktop's clipboard or as a file: its size and its hash. */
  z.strictObject({
    kind: z.literal("carried"), channel: count, way: z.enum(["in", "out"]), what: z.enum(["clipboard", "file"]), name: short, bytes: count, sha256: sha, whole: z.boolean(),
  }),
  z.strictObject({ kind: z.literal("files"), channel: count, counts: z.record(z.string(), count), untold: count, strange: count }),
]);
export type SessionEvent = z.infer<typeof event>;

/** What a watched channel showed since the last one. `reset`: draw on an empty screen, because somebody joined or because too much came at once. */
const frame = z.strictObject({
  channel: count, kind: z.enum(CHANNELS), terminal: z.boolean(), command: z.string().max(1_024), cols: count, rows: count,
  reset: z.enum(["no", "join", "skip"]), over: z.boolean(), data: z.string().max(180_000),
});
export type Frame = z.infer<typeof frame>;

const up = {
  hello: z.strictObject({ kind: z.literal("hello"), n, v: z.literal(VERSION), token: z.string().length(64), key: z.string().length(43) }),
  login: z.strictObject({ kind: z.literal("login"), n, connection: id, person: id, address: id, factor }),
  admit: z.strictObject({ kind: z.literal("admit"), n, login: id, account: id, target: id, channel: z.enum(CHANNELS) }),
  /** What a connection that has no session was not given. */
  refused: z.strictObject({ kind: z.literal("refused"), n, login: id, to: z.strictObject({ account: id, target: id }).nullable(), what: z.array(z.string().max(256)).min(1).max(REFUSALS) }),
  rejoin: z.strictObject({ kind: z.literal("rejoin"), n, login: id, session: id }),
  /** Somebody the portal let in to look on at a desktop. */
  look: z.strictObject({ kind: z.literal("look"), n, login: id, session: id }),
  opened: z.strictObject({ kind: z.literal("opened"), n, session: id }),
  event: z.strictObject({ kind: z.literal("event"), n, session: id, event }),
  frame: z.strictObject({ kind: z.literal("frame"), n, session: id, frame }),
  mark: z.strictObject({ kind: z.literal("mark"), n, session: id, chunk: count, hash: z.string().length(64), bytes: count }),
  heartbeat: z.strictObject({ kind: z.literal("heartbeat"), n, sessions: z.array(id) }),
  ended: z.strictObject({ kind: z.literal("ended"), n, session: id, why: z.enum(ENDED_WHY), cause: z.enum(CAUSES), detail: text, ledger }),
  ...asking,
} as const;
export const upSchema = z.discriminatedUnion("kind", [up.menu, up.ask, up.wait, up.cancel, up.hello, up.login, up.admit, up.refused, up.rejoin, up.look, up.opened, up.event, up.frame, up.mark, up.heartbeat, up.ended]);
export type Up = z.infer<typeof upSchema>;

const address = z.strictObject({ host: z.string().min(1).max(255), port: z.number().int().min(1).max(65_535) });
export const terms = z.strictObject({
  channels: z.array(z.enum(CHANNELS)), record: z.enum(["full", "head", "digest"]), recordInput: z.boolean(), banner: text.optional(), commands: CommandRules.optional(),
  /** A browser may come back to its session within this time, in milliseconds; what it may paste in and copy out. */
  graceMs: count, clipboardIn: z.boolean(), clipboardOut: z.boolean(),
  /** Of a desktop: may files be carried into it, and out of it? */
  filesIn: z.boolean(), filesOut: z.boolean(),
  files: z.strictObject({ readOnly: z.boolean(), noDelete: z.boolean(), allow: z.array(text), deny: z.array(text) }), forwardTo: z.array(text),
});
export type Terms = z.infer<typeof terms>;
/** Where a grant is for a desktop: what its certificate must be, and how it lets in. */
const rdp = z.strictObject({ kind: z.literal("rdp"), certificates: z.array(z.string().length(95)).min(1), security: z.enum(["tls", "nla"]), domain: z.string().max(128) });
/** `port`: on the target's own loopback address, which is reached through its SSH server. */
const vnc = z.strictObject({ kind: z.literal("vnc"), port: z.number().int().min(1).max(65_535) });
const desktop = z.discriminatedUnion("kind", [rdp, vnc]);
export type DesktopGrant = z.infer<typeof desktop>;
export type RdpGrant = z.infer<typeof rdp>;
export type VncGrant = z.infer<typeof vnc>;

const loginReply = z.discriminatedUnion("ok", [
  z.strictObject({ ok: z.literal(true), login: id }),
  /** `browser`: it waits there; `code` and `link` come with the first answer. */
  z.strictObject({ ok: z.literal(false), next: z.enum(["totp", "browser"]).optional(), message: text.optional(), code: z.string().max(32).optional(), link: text.optional() }),
]);
const admitReply = z.discriminatedUnion("ok", [
  z.strictObject({
    ok: z.literal(true), session: id, person: id, account: id, target: id, started: z.iso.datetime(),
    remainingMs: z.number().positive(), address, /** Where an agent or a gateway carries there: the broker's word for it. */ pass: Pass.optional(), username: id, hostKeys: z.array(text), password: box,
    recording: z.strictObject({ id, key: box }), terms, desktop: desktop.optional(),
  }),
  /** `link`: where this person may ask for it, or looks at the request under way. */
  z.strictObject({ ok: z.literal(false), code: z.enum(FAULT_CODES), message: text, link: text.optional() }),
]);
export type LoginReply = z.infer<typeof loginReply>;
export type AdmitReply = z.infer<typeof admitReply>;
export type Grant = Extract<AdmitReply, { ok: true }>;

/** What each message up is answered with. */
export const replies = {
  hello: z.strictObject({ key: z.string().length(43) }), login: loginReply, admit: admitReply, refused: z.null(), rejoin: z.null(), look: z.null(),
  opened: z.null(), event: z.null(), frame: z.null(), mark: z.null(), heartbeat: z.null(), ended: z.null(), ...askingReplies,
} as const satisfies Record<Up["kind"], z.ZodType>;
export type Reply<K extends Up["kind"]> = z.infer<(typeof replies)[K]>;

export const downSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("reply"), re: n, body: z.unknown() }),
  z.strictObject({ kind: z.literal("fault"), re: n, code: z.enum(FAULT_CODES), message: text }),
  z.strictObject({ kind: z.literal("cut"), session: id, why: z.enum(ENDED_WHY), message: text }),
  z.strictObject({ kind: z.literal("terms"), session: id, remainingMs: z.number() }),
  /** Somebody looks on (said again for each who joins), or nobody does any more. */
  z.strictObject({ kind: z.literal("watch"), session: id, on: z.boolean() }),
]);
export type Down = z.infer<typeof downSchema>;

/** What a box is sealed for; the other side opens it with the same words. */
export const BOX = {
  /** A person's password on its way up, sealed to the broker. */
  login: (connection: string, person: string): string => `login ${connection} ${person}`,
  /** An account's password on its way down, sealed to the worker. */
  password: (session: string): string => `password ${session}`,
  recording: (recording: string): string => `recording ${recording}`,
} as const;

// ---- What the broker does for the session workers: its own verbs, one per message. The proxy sees neither flow nor store.

export type LoginFactor =
  | { readonly kind: "password"; readonly password: Secret }
  /** The signature was verified by the worker; `key` is the OpenSSH public line. Is it registered for this person? */
  | { readonly kind: "publickey"; readonly key: string }
  /** An OpenSSH certificate in base 64, whose key's signature the worker verified. Everything it says is the broker's to judge. */
  | { readonly kind: "certificate"; readonly certificate: string }
  /** `begin` gives a code to type in the portal; `wait` is answered when somebody has, or after a while. */
  | { readonly kind: "browser"; readonly step: "begin" | "wait" }
  | { readonly kind: "totp"; readonly code: string };

/** `connection` is new for every connection and user name: a half-finished login belongs to it and to nobody else. */
export type LoginAsk = { readonly worker: string; readonly connection: string; readonly person: string; readonly address: string; readonly factor: LoginFactor };
/** Seal `password` and `recording.key` to `workerKey` with the contexts of `BOX`. */
export type AdmitAsk = { readonly login: string; readonly account: string; readonly target: string; readonly workerKey: string; readonly channel: ChannelKind };
export type RefusedAsk = { readonly login: string; readonly worker: string; readonly to: { readonly account: string; readonly target: string } | null; readonly what: readonly string[] };
/** A browser that lost its connection is back, or looks on; `login` is its new one. */
export type RejoinAsk = { readonly login: string; readonly session: string };
export type Ended = { readonly why: EndedWhy; readonly cause: Cause; readonly detail: string; readonly ledger: Ledger };
export type Mark = { readonly chunk: number; readonly hash: string; readonly bytes: number };

/**
 * Every answer is a decision already written down: `admit` has raised `used_no` and made the session row before it resolves.
 * A thrown Fault reaches the worker as its code and message; anything else as `internal`.
 */
export interface ControlPlane extends Asking {
  login(ask: LoginAsk): Promise<LoginReply>;
  admit(ask: AdmitAsk): Promise<AdmitReply>;
  refused(ask: RefusedAsk): Promise<void>;
  /** Rejects when this login may not go back into this session. */
  rejoin(ask: RejoinAsk): Promise<void>;
  /** Rejects when this login may not look on. */
  look(ask: RejoinAsk): Promise<void>;
  opened(session: string): Promise<void>;
  event(session: string, event: SessionEvent): Promise<void>;
  /** Only while it is watched. */
  frame(session: string, frame: Frame): Promise<void>;
  mark(session: string, mark: Mark): Promise<void>;
  heartbeat(sessions: readonly string[]): Promise<void>;
  ended(session: string, ended: Ended): Promise<void>;
  /** A worker died or its channel broke: the sessions it held, minus those it had reported ended. Their recordings want `recover`. */
  lost(sessions: readonly string[]): Promise<void>;
}
