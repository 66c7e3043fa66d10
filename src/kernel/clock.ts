/** Time and randomness come in by the door. Rule: this file alone calls Date.now, performance.now and randomBytes; lint bans them elsewhere. */
import { randomBytes, randomInt } from "node:crypto";

export type Clock = {
  /** Wall time; decisions use the database's clock (`tx.now`), this one is for what has no transaction. */
  now(): Date;
  /** Monotonic milliseconds, for time-outs and deadlines. */
  mono(): number;
};

export type Random = {
  bytes(n: number): Buffer;
  /** Uniform integer in [0, max). */
  int(max: number): number;
};

export const systemClock: Clock = { now: () => new Date(), mono: () => performance.now() };
export const systemRandom: Random = { bytes: (n) => randomBytes(n), int: (max) => randomInt(max) };
