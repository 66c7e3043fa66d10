/**
 * A one-time ticket: what a browser shows to open a socket. Rule: it is good for one subject, one holder and 30 s, and is spent in the
 * transaction that acts on it.
 */
import type { PersonId } from "../kernel/ids.ts";

/** `terminal`, `desktop`: a new session of a request. `rejoin`: back into one's own running session. `watch`: look on at somebody's. */
export const TICKET_KINDS = ["terminal", "rejoin", "watch", "desktop"] as const;
export type TicketKind = (typeof TICKET_KINDS)[number];

/** `id` is sha256 of the ticket, `subject` the id of a request or session, `holder` the login session or token it was issued to. */
export type Ticket = {
  readonly id: string; readonly kind: TicketKind; readonly subject: string; readonly holder: string; readonly person: PersonId; readonly expiresAt: Date;
};

/** 256 bits in base64url. */
export const TICKET = /^[A-Za-z0-9_-]{43}$/;

/** Where a ticket is shown, and what is spoken there. */
export const SOCKETS = {
  terminal: { path: "/sockets/terminal", protocol: "lockstep.terminal.v1" },
  desktop: { path: "/sockets/desktop", protocol: "lockstep.desktop.v1" },
  watch: { path: "/sockets/watch", protocol: "lockstep.watch.v1" },
} as const;
export type SocketKind = keyof typeof SOCKETS;
