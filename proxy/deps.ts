/** What a session worker is made of, wired in worker.ts. Rule: no keyring, no database, no configuration beyond this. */
import type { BoxKey } from "../src/crypto/box.ts";
import type { Clock, Random } from "../src/kernel/clock.ts";
import type { Link } from "../src/kernel/link.ts";
import type { Grant, Up } from "./channel.ts";
import type { GuacdPlace } from "./ipc.ts";
import type { Waits } from "./limits.ts";
import type { Log } from "./log.ts";
import type { Sessions } from "./sessions.ts";
import type { Uplink } from "./uplink.ts";

export type Reached = Pick<Grant, "address" | "pass">;
export type Deps = {
  readonly uplink: Uplink; readonly box: BoxKey; readonly clock: Clock; readonly waits: Waits; readonly log: Log;
  readonly sessions: Sessions; readonly recordingsDir: string;
  readonly random: Random; readonly guacd: GuacdPlace | null;
  /** The way to a target; worker.ts alone makes it. */
  reach(to: Reached): Link;
  /** An ask nobody waits for: a failure is logged. */
  tell<K extends "event" | "refused" | "mark" | "heartbeat">(kind: K, message: Omit<Extract<Up, { kind: K }>, "n" | "kind">): void;
};
