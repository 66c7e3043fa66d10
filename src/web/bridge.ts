/**
 * From a browser's socket to a session process. Rule: the decrypted bytes pass unread both ways, each side waiting for the other; neither
 * outlives the other.
 */
import type { Duplex } from "node:stream";
import { Fault } from "../kernel/fault.ts";
import { SOCKETS } from "../domain/ticket.ts";
import type { Admitted, Door, Opening } from "./upgrade.ts";

/** The session processes; app.ts wires them. */
export type Crossing = {
  /** A one-time word, by which the process asks whom it has got. */
  expect(who: Pick<Admitted, "shown"> & Admitted["caller"]): string;
  /** A stream to the process that holds `session`, or to the least busy. undefined: there is none. */
  reach(session: string | null): Duplex | undefined;
};
const GONE = "No session process can take you right now. Try again in a moment.";
const ELSEWHERE = "This session is over, or runs on another node of this broker.";

/** The handshake goes on as it came, without cookie, ticket and whatever else the browser sent. */
const handshake = (path: string, protocol: string, word: string, { request: { headers } }: Opening): string => [
  `GET ${path} HTTP/1.1`, "Host: session", "Connection: Upgrade", "Upgrade: websocket",
  `Sec-WebSocket-Key: ${headers["sec-websocket-key"] ?? ""}`, "Sec-WebSocket-Version: 13",
  `Sec-WebSocket-Protocol: ${protocol}`, `Lockstep-Arrival: ${word}`, "", "",
].join("\r\n");

export type To = { readonly session: string | null; readonly path: string; readonly protocol: string };
export const pipe = (crossing: Crossing, a: Admitted, o: Opening, to: To): void => {
  const far = crossing.reach(to.session), { socket, head } = o;
  if (!far) throw new Fault("unavailable", to.session === null ? GONE : ELSEWHERE);
  far.on("error", () => socket.destroy()).on("close", () => socket.destroy());
  socket.on("close", () => far.destroy());
  far.write(handshake(to.path, to.protocol, crossing.expect({ ...a.caller, shown: a.shown }), o));
  if (head.length > 0) far.write(head);
  socket.pipe(far);
  far.pipe(socket);
};

/** A new session of one kind, or back into one that runs; a desktop's page speaks another protocol than a terminal's. */
const door = (crossing: Crossing, kind: "terminal" | "desktop"): Door => ({
  protocol: SOCKETS[kind].protocol, kinds: [kind, "rejoin"],
  open: (a, o) => {
    const p = a.purpose, { protocol } = SOCKETS[kind];
    if (p.kind === kind) return pipe(crossing, a, o, { session: null, protocol, path: `/${kind}/${encodeURIComponent(p.account)}/${encodeURIComponent(p.target)}` });
    if (p.kind !== "rejoin" || p.desktop !== (kind === "desktop")) throw new Fault("forbidden", "This ticket is for something else.");
    return pipe(crossing, a, o, { session: p.session, protocol, path: `/rejoin/${p.session}` });
  },
});
export const terminalDoor = (crossing: Crossing): Door => door(crossing, "terminal");
export const desktopDoor = (crossing: Crossing): Door => door(crossing, "desktop");
