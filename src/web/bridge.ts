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

const PROTOCOL = SOCKETS.terminal.protocol;
/** A new session on a desktop; the page's protocol is another one than a terminal's. */
export const desktopDoor = (crossing: Crossing): Door => ({
  protocol: SOCKETS.desktop.protocol, kinds: ["desktop"],
  open: (a, o) => {
    if (a.purpose.kind !== "desktop") throw new Fault("internal", "a door let in what it does not take");
    const path = `/desktop/${encodeURIComponent(a.purpose.account)}/${encodeURIComponent(a.purpose.target)}`;
    pipe(crossing, a, o, { session: null, protocol: SOCKETS.desktop.protocol, path });
  },
});
export const terminalDoor = (crossing: Crossing): Door => ({
  protocol: PROTOCOL, kinds: ["terminal", "rejoin"],
  open: (a, o) => {
    const p = a.purpose;
    if (p.kind === "desktop") throw new Fault("internal", "a door let in what it does not take");
    const path = p.kind === "terminal" ? `/terminal/${encodeURIComponent(p.account)}/${encodeURIComponent(p.target)}` : `/rejoin/${p.session}`;
    pipe(crossing, a, o, { session: p.kind === "terminal" ? null : p.session, protocol: PROTOCOL, path });
  },
});
