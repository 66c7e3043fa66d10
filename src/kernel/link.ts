/** A way to one target. Rule: connectors and proxies are handed a Link and never open a socket themselves. */
import type { Duplex } from "node:stream";

export type Address = { readonly host: string; readonly port: number };

export type Link = {
  readonly address: Address;
  /** A connected stream to the address. Rejects with Fault("upstream") naming the address; aborting destroys a half-open one. */
  connect(signal: AbortSignal): Promise<Duplex>;
  /** The same way to another address of the same target (a replica, another service), named in its settings. Absent: this way leads to one address. */
  beside?(address: Address): Link;
};
