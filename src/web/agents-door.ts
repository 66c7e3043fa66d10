/**
 * From an agent's socket to the tunnel process. Rule: nothing is decided here: the decrypted bytes pass unread both ways, each side waiting for the
 * other; who they are is proven inside.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Fault } from "../kernel/fault.ts";

/** The tunnel process; app.ts wires it. undefined: there is none right now. */
export type AgentsDoor = { readonly path: string; readonly protocol: string; readonly caller: string; reach(): Duplex | undefined; /** Agents' sockets at most. */ readonly most: number };
const AWAY = "The broker takes no agents right now. It will in a moment.";

/** The handshake goes on without whatever else was sent; `address` is ours. */
const handshake = (door: AgentsDoor, address: string, { headers }: IncomingMessage): string => [
  `GET ${door.path} HTTP/1.1`, "Host: tunnel", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
  `Sec-WebSocket-Key: ${headers["sec-websocket-key"] ?? ""}`, `Sec-WebSocket-Protocol: ${door.protocol}`, `Lockstep-Address: ${address}`,
  ...(headers[door.caller] === undefined ? [] : [`${door.caller}: ${String(headers[door.caller]).slice(0, 100)}`]), "", "",
].join("\r\n");

export const pipeAgent = (door: AgentsDoor, open: Set<Duplex>, address: string, o: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }): void => {
  const { request, socket, head } = o;
  if (open.size >= door.most) throw new Fault("too_many", "This broker has as many agents as it takes.");
  const far = door.reach();
  if (!far) throw new Fault("unavailable", AWAY);
  open.add(socket);
  socket.once("close", () => { open.delete(socket); far.destroy(); });
  far.on("error", () => socket.destroy()).once("close", () => socket.destroy());
  far.write(handshake(door, address, request));
  if (head.length > 0) far.write(head);
  socket.pipe(far);
  far.pipe(socket);
};
