/** A way to one target. Rule: connectors and proxies are handed a Link and never open a socket themselves. */
import type { Duplex } from "node:stream";
import type { Secret } from "./secret.ts";

export type Address = { readonly host: string; readonly port: number };

export type Link = {
  readonly address: Address;
  /** What it leads through, where it does not lead there directly: the same address behind another is another machine. */
  readonly through?: string;
  /** A connected stream to the address. Rejects with Fault("upstream") naming the address; aborting destroys a half-open one. */
  connect(signal: AbortSignal): Promise<Duplex>;
  /** The same way to another address of the same target (a replica, another service), named in its settings. Absent: this way leads to one address. */
  beside?(address: Address): Link;
  /** The machine's own agent, where it has one: what it does by itself. */
  readonly agent?: AgentHand;
};
/** `call` rejects with Fault("unavailable") only where nothing of the ask left us. `seal`: for that agent alone, and for this context. */
export type AgentHand = {
  readonly id: string;
  call(verb: string, ask: object, signal: AbortSignal): Promise<unknown>;
  seal(secret: Secret, context: string): Promise<string>;
};
