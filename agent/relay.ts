/**
 * A way to the broker for gateways that stand behind this one: an HTTP proxy that leads to this agent's own broker and nowhere else. Rule: bytes
 * pass unread; TLS and SSH inside are between the inner gateway and the broker, so this machine sees neither its keys nor what it carries.
 */
import { createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Address } from "../src/kernel/link.ts";
import { headOf } from "../src/wires/head.ts";
import { join } from "../src/wires/join.ts";

export type RelayOptions = {
  readonly listen: Address;
  /** The broker, as this agent's own conf names it, and this agent's own way there. */
  readonly server: Address;
  connect(signal: AbortSignal): Promise<Duplex>;
  readonly limit: number; readonly most: number;
};
const HEAD_MOST = 4_096;
const answer = (socket: Socket, line: string): void => void socket.end(`HTTP/1.1 ${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
const shown = ({ host, port }: Address): string => `${host.includes(":") ? `[${host}]` : host}:${port}`.toLowerCase();

const lead = async (socket: Socket, first: string, o: RelayOptions): Promise<void> => {
  const asked = /^CONNECT (\S{1,300}) HTTP\/1\.[01]$/.exec(first)?.[1];
  if (asked === undefined) return answer(socket, "405 Only CONNECT");
  if (asked.toLowerCase() !== shown(o.server)) return answer(socket, `403 This relay leads to ${shown(o.server)} alone`);
  try {
    const there = await o.connect(AbortSignal.timeout(o.limit));
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    join(socket, there);
    if (socket.destroyed) there.destroy();
  } catch { answer(socket, "502 The broker cannot be reached from here"); }
};

export const relay = async (o: RelayOptions): Promise<{ readonly port: number; close(): void }> => {
  const open = new Set<Socket>(), server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on("error", () => undefined).once("close", () => open.delete(socket));
    headOf(socket, { end: "\r\n\r\n", most: HEAD_MOST }, AbortSignal.timeout(o.limit)).then((head) => lead(socket, head.split("\r\n")[0] ?? "", o), () => socket.destroy());
  });
  server.maxConnections = o.most;
  await new Promise<void>((resolve, reject) => { server.once("error", reject).listen(o.listen.port, o.listen.host, resolve); });
  const address = server.address();
  return { port: typeof address === "object" && address !== null ? address.port : o.listen.port, close: () => { server.close(); for (const s of open) s.destroy(); } };
};
