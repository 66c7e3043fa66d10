/**
 * guacamole-lite, of which only its guacd client is loaded: handshake and pump. Rules: its log is never wired (it would print `connect`, password and
 * all); whatever guacd says, nothing is thrown past this file; guacd hears `disconnect` first, or the login would stay for fifteen seconds.
 *
 * Three of its insides are used, which the wire tests hold it to: `guacdConnection`, `processReceivedData`, `lastActivity`.
 */
import { createRequire } from "node:module";
import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import type { Clock } from "../../src/kernel/clock.ts";
import type { GuacdPlace } from "../ipc.ts";

type Client = EventEmitter & { readonly guacdConnection: Duplex & { setNoDelay(on: boolean): void }; processReceivedData: (text: string) => void; lastActivity: number; send(text: string, afterOpened: boolean): void; close(): void };
type ClientClass = new (at: { host: string; port: number }, selector: string, settings: object, log: { log(): void }) => Client;
const GuacdClient = createRequire(import.meta.url)("guacamole-lite/lib/GuacdClient.js") as ClientClass;

/** gone: guacd closed, never answered, or broke its own protocol. `absent`: nobody listens there. */
export type Gone = "absent" | "closed" | "broken";
export type Heard = { instruction(text: string): void; drained(): void; gone(how: Gone): void };
export type Guacd = {
  send(text: string): void;
  /** Bytes guacd has not taken yet. */
  behind(): number;
  pause(): void; resume(): void;
  /** A sign of life is not expected while nothing is read. */
  patient(): void;
  /** Says goodbye; the socket is closed at the latest after `within` ms. */
  leave(within: number): void;
};
/** Received and not yet a whole instruction: guacd's longest is a picture, and it cuts those into pieces of 6 kB. */
const MOST = 8 << 20;

/** `settings`: what `select`'s `args` ask for by name, and the screen. Handed on in the library's own handshake. */
export const openGuacd = (at: GuacdPlace, selector: string, settings: object, heard: Heard, clock: Pick<Clock, "now">): Guacd => {
  const client = new GuacdClient({ host: at.host, port: at.port }, selector, settings, { log: () => undefined });
  const { guacdConnection: socket } = client, receive = client.processReceivedData.bind(client);
  let how: Gone = "closed", over = false, pending = 0;
  socket.setEncoding("utf8");
  socket.setNoDelay(true);
  client.processReceivedData = (text) => {
    pending += text.length;
    try { receive(text); } catch { how = "broken"; return client.close(); }
    if (pending > MOST) { how = "broken"; client.close(); }
  };
  client.on("data", (text: string) => { pending = 0; heard.instruction(text); });
  client.on("error", (error: NodeJS.ErrnoException) => { if (error.code === "ECONNREFUSED" || error.code === "ENOENT") how = "absent"; });
  client.on("close", () => { if (!over) { over = true; heard.gone(how); } });
  socket.on("drain", () => heard.drained());
  return {
    send: (text) => client.send(text, true), behind: () => socket.writableLength, pause: () => void socket.pause(),
    resume: () => { client.lastActivity = clock.now().getTime(); socket.resume(); },
    patient: () => { client.lastActivity = clock.now().getTime(); },
    leave: (within) => {
      if (over) return;
      client.send("10.disconnect;", true);
      socket.resume();
      setTimeout(() => client.close(), within);
    },
  };
};
