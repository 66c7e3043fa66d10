/**
 * What the broker and its tunnel process say to each other, over the pipe between them; and what a dialler says to the tunnel. Rule: a closed,
 * versioned union, parsed at both ends; bytes that are carried never travel here.
 */
import { z } from "zod";
import { FAULTS, type FaultCode } from "../../src/kernel/fault.ts";
import { ASKS, REPLIES, SignedList, type Ask, type Hello, type Reply, type Verb } from "../../src/wires/agent-words.ts";

const id = z.string().regex(/^agt_[0-9a-z]{20}$/), n = z.number().int().positive(), line = z.string().max(1_024), key = z.string().max(1_024);
const fault = { code: z.enum(Object.keys(FAULTS) as [FaultCode, ...FaultCode[]]), message: z.string().max(65_536) };
const verb = z.enum(Object.keys(ASKS) as [Verb, ...Verb[]]);
const keys = z.array(z.string().max(4_096)).min(1).max(4);
const ms = z.number().int().nonnegative();

/** `passes`: hex; what diallers prove by that the broker sent them. `agentKeys`: the broker's, private, in the order in which an agent is shown them. */
const setup = z.strictObject({
  kind: z.literal("setup"), door: z.string(), exchange: z.string(), passes: z.string().length(64), agentKeys: keys, timescale: z.number().positive(),
});
export type TunnelSetup = z.infer<typeof setup>;

export const downSchema = z.discriminatedUnion("kind", [
  setup,
  z.strictObject({ kind: z.literal("call"), n, agent: id, verb, ask: z.unknown(), limit: ms }),
  /** Nobody waits for that call any more. */
  z.strictObject({ kind: z.literal("forget"), re: n }),
  /** It may be used, or not now: then nothing is called or carried, with this reason. */
  z.strictObject({ kind: z.literal("use"), agent: id, no: line.nullable() }),
  /** Its connection ends, and with it all it carries. */
  z.strictObject({ kind: z.literal("drop"), agent: id, why: line }),
  /** From here on the broker proves itself by these, on connections that come; those that are there stay. */
  z.strictObject({ kind: z.literal("keys"), agentKeys: keys }),
  z.strictObject({ kind: z.literal("reply"), re: n, body: z.unknown() }),
  z.strictObject({ kind: z.literal("fault"), re: n, ...fault }),
]);
export type Down = z.infer<typeof downSchema>;

const seen = { agent: id, address: line, hostKey: key, /** The line of the broker's key that it accepted on this connection. */ brokerKey: key, hello: REPLIES.hello, /** Its clock minus ours, in milliseconds. */ skewMs: z.number().int() };
export const upSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("ready") }),
  z.strictObject({ kind: z.literal("log"), level: z.enum(["debug", "info", "warn", "error"]), what: line, fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])) }),
  /** Which keys is this agent known by? A fault shuts the door on it, with its sentence. */
  z.strictObject({ kind: z.literal("who"), n, agent: id, address: line }),
  /** Somebody with a token: the key it showed on that very connection, and what it said inside. */
  z.strictObject({ kind: z.literal("enrol"), n, address: line, hostKey: key, brokerKey: key, hello: REPLIES.hello }),
  /** It is in. The answer says how it stands; a fault ends it. */
  z.strictObject({ kind: z.literal("up"), n, ...seen }),
  z.strictObject({ kind: z.literal("beat"), agent: id }),
  z.strictObject({ kind: z.literal("down"), agent: id, why: line }),
  z.strictObject({ kind: z.literal("reply"), re: n, body: z.unknown() }),
  z.strictObject({ kind: z.literal("fault"), re: n, ...fault }),
]);
export type Up = z.infer<typeof upSchema>;
/** All that is read of something that is none of these: whose answer it is, or who waits for one. */
export const numbered = z.object({ n: n.optional().catch(undefined), re: n.optional().catch(undefined) });
export type Seen = Omit<Extract<Up, { kind: "up" }>, "kind" | "n">;

/** What the broker answers. */
export const whoReply = z.strictObject({ hostKeys: z.array(key).min(1).max(4) });
export const enrolReply = z.strictObject({ agent: id });
/** `no`: why it may not be used now. `allow`: a newer list than the one it has. */
export const upReply = z.strictObject({ name: z.string().max(256), state: z.enum(["active", "paused"]), owner: z.string().max(256), no: line.nullable(), allow: SignedList.nullable() });
export type UpReply = z.infer<typeof upReply>;

// ---- What the broker does for the tunnel, and what it may ask of it.

/** A Fault of `who`, `enrol` or `up` is the agent's answer. */
export type TunnelPlane = {
  who(agent: string, address: string): Promise<{ hostKeys: readonly string[] }>;
  enrol(hostKey: string, brokerKey: string, hello: Hello, address: string): Promise<{ agent: string }>;
  up(seen: Seen): Promise<UpReply>;
  beat(agent: string): Promise<void>;
  down(agent: string, why: string): Promise<void>;
  /** The process died: nobody is there until they come again. */
  lost(): Promise<void>;
};
export type TunnelCalls = {
  /** Rejects with Fault: "unavailable" only where nothing of the ask has left us, else what the agent answered, or "upstream" where it did not, in `limit` milliseconds. */
  call<V extends Verb>(agent: string, verb: V, ask: Ask<V>, limit: number, signal?: AbortSignal): Promise<Reply<V>>;
  /** null: it may be called and carry; else why not. */
  use(agent: string, no: string | null): void;
  drop(agent: string, why: string): void;
  /** Private keys of the broker, in the order in which an agent that comes is shown them. */
  keys(agentKeys: readonly string[]): void;
};
