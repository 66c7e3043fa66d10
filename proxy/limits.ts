/** Sizes and counts of the proxy, and the waits it derives from kernel/times.ts. Rule: bounds before a login are the same for everybody. */
import type { Times } from "../src/kernel/times.ts";

/** Before a login: connections in all, connections of one address, tries of one connection. */
export const UNAUTHENTICATED = 50, PER_ADDRESS = 5, AUTH_TRIES = 6;
/** Session channels open at a time in one connection, and forwarded connections beside them, from the moment they are asked for. The target's own MaxSessions holds as well. */
export const MAX_CHANNELS = 64, MAX_FORWARDS = 128;
/** Variables that a person sends on in one channel, and characters of each. */
export const MAX_ENV = 32, ENV_CHARS = 4_096;
/** `record: "head"` keeps this much of each stream of an exec, in bytes. */
export const HEAD_BYTES = 16 << 20;

export const waits = (times: Times) => ({
  handshake: times.handshake,
  /** From the handshake to the end of the login; people type passwords and codes in it. */
  login: times.handshake * 12,
  /** Between two looks at a watched session. */
  frame: Math.max(20, Math.floor(times.cutoff / 20)),
  /** A piece of a desktop's picture waits this long for the rest of its frame. */
  drawing: Math.max(5, Math.floor(times.cutoff / 100)),
  /** Longer, once a code is to be typed in a browser: the code's own life and a moment to come back. */
  browser: times.terminalCode + times.handshake,
  /** A connection that asks for nothing (`ssh -N` alone) is told and let go after this. */
  unused: times.loginIdle,
  heartbeat: times.sessionRenew,
  /** Between two signs of life to guacd, which takes fifteen seconds without any for an end. */
  alive: times.handshake / 3,
  mark: times.leaseMargin,
  /** A refusal waits this long for a session that would own it. */
  refusal: times.leaseMargin,
  dial: times.targetDial,
  /** A line that counts seconds. */
  tick: times.tick,
  /** A cut must be over within `cutoff`: the person's client gets half of it to leave by itself. */
  farewell: Math.floor(times.cutoff / 4), force: Math.floor(times.cutoff / 2),
});
export type Waits = ReturnType<typeof waits>;
