/** What the pool and a worker tell each other beside the control channel: sockets, and who has logged in. Rule: process to child only. */
import type { Level } from "./log.ts";

/** The Guacamole daemon, and its home directory, where the broker writes what it may trust. */
export type GuacdPlace = { readonly host: string; readonly port: number; readonly home: string };

/** The first message to a worker. `token` opens the Unix socket once. */
export type Setup = { readonly kind: "setup"; readonly token: string; readonly hostKeys: readonly string[]; readonly recordingsDir: string; readonly timescale: number;
  /** The Unix socket where the tunnel process takes those who dial through agents. */
  readonly exchange: string;
  /** null: this broker has none, and carries no desktops. */
  readonly guacd: GuacdPlace | null;
  /** Of its own Unix socket, where browsers are handed over. */
  readonly door: string };
/** `socket` comes with the socket itself. After `close` a worker takes nobody new and exits when its last session is over. */
export type ToWorker = Setup | { readonly kind: "socket"; readonly id: string; readonly address: string } | { readonly kind: "close" };
export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "in"; readonly id: string }
  | { readonly kind: "gone"; readonly id: string }
  | { readonly kind: "log"; readonly level: Level; readonly what: string; readonly fields: Readonly<Record<string, string | number | boolean | null>> };
