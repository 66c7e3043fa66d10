/**
 * The socket of somebody who looks on. Rules: nothing it says is listened to; it is told what the session showed after that was recorded, masked;
 * who cannot keep up is shown the door, and the session never notices.
 */
import { WebSocketServer, type WebSocket } from "ws";
import { Fault } from "../kernel/fault.ts";
import { may } from "../domain/may.ts";
import { SOCKETS } from "../domain/ticket.ts";
import type { Caller } from "../flow/record.ts";
import { beginWatching, type Look } from "../flow/watch.ts";
import { personOf } from "../identity/login.ts";
import type { WebDeps } from "./deps.ts";
import type { Door } from "./upgrade.ts";

/** One piece of one channel, as control/ has it from the session's process. */
export type Piece = {
  readonly channel: number; readonly kind: string; readonly terminal: boolean; readonly command: string; readonly cols: number; readonly rows: number;
  readonly reset: "no" | "join" | "skip"; readonly over: boolean; readonly data: string;
};
export type Lookout = { watch(session: string, watcher: { show(piece: Piece): void; over(): void }): (() => void) | null };

/** Bytes a watcher has not read: more, and it is too slow to follow. Closing codes of our own, which the page knows. */
const UNREAD = 1_048_576, TOO_SLOW = 4008, OVER = 4000, NO_MORE = 4003;
const { protocol } = SOCKETS.watch;
/** They say nothing we want; a long nothing is not even read. */
const HEARD = 1_024;

/** From piece to message: a header, and the bytes if there are any. */
const teller = (look: Look, socket: WebSocket, pause: number, tooSlow: () => void) => {
  const veils = new Map<number, ReturnType<Look["veil"]>>();
  let late: NodeJS.Timeout | undefined;
  const send = (head: object, data: Buffer): void => {
    socket.send(JSON.stringify(head));
    if (data.length > 0) socket.send(data, { binary: true });
  };
  const rest = (): void => {
    for (const [channel, veil] of veils) if (veil.waits && socket.readyState === socket.OPEN) send({ type: "more", channel }, veil.rest());
  };
  return {
    show: ({ data, ...piece }: Piece): void => {
      if (socket.readyState !== socket.OPEN) return;
      const known = veils.get(piece.channel), veil = known ?? look.veil();
      // Who is in the picture already needs no new one for somebody else's sake.
      if (known === undefined ? piece.reset === "no" : piece.reset === "join") return;
      if (socket.bufferedAmount > UNREAD) return tooSlow();
      veils.set(piece.channel, veil);
      if (piece.reset !== "no") veil.clear();
      send({ type: "piece", ...piece }, veil.show(Buffer.from(data, "base64")));
      clearTimeout(late);
      late = setTimeout(rest, pause);
    },
    stop: (): void => clearTimeout(late),
  };
};

/** Of an auditor who is none any more, or disabled, the looking ends at the next news of them. */
const whileAllowed = (deps: WebDeps, caller: Caller, stop: () => void) => deps.flow.bus.subscribe(caller.person.id, () => {
  personOf(deps.identity, caller.person.id).then((p) => { if (!may(p, "session.watch")) stop(); }, (e: unknown) => { if (e instanceof Fault) stop(); });
});

const follow = (deps: WebDeps, lookout: Lookout, caller: Caller, look: Look, socket: WebSocket): void => {
  let why = "left", late: NodeJS.Timeout | undefined;
  // What it has not read yet still arrives, and why after it, if it reads at all.
  const close = (code: number, reason: string): void => {
    why = reason;
    socket.close(code, reason);
    late = setTimeout(() => socket.terminate(), deps.flow.times.handshake);
  };
  const tell = teller(look, socket, deps.flow.times.cutoff / 4, () => close(TOO_SLOW, "too slow to follow"));
  const over = (): void => close(OVER, "the session has ended"), stop = lookout.watch(look.session, { show: tell.show, over });
  const deaf = whileAllowed(deps, caller, () => close(NO_MORE, "no longer allowed"));
  const beat = setInterval(() => { if (socket.readyState === socket.OPEN) socket.send("{\"type\":\"beat\"}"); }, deps.flow.times.sessionRenew);
  socket.on("error", () => undefined).on("message", () => undefined);
  socket.once("close", () => {
    clearTimeout(late);
    stop?.();
    deaf();
    tell.stop();
    clearInterval(beat);
    look.end(why).catch((e: unknown) => {
      deps.flow.log("error", `the end of a watch is not written down: ${e instanceof Error ? e.message : String(e)}`);
    });
  });
  if (!stop) over();
};

export const watchDoor = (deps: WebDeps, lookout: Lookout): Door => {
  const bounds = { maxPayload: HEARD, perMessageDeflate: false, clientTracking: false };
  const sockets = new WebSocketServer({ noServer: true, ...bounds, handleProtocols: () => protocol });
  return {
    protocol, kinds: ["watch"],
    open: async ({ caller, shown }, { request, socket, head }) => {
      const look = await beginWatching(deps.flow, caller, shown);
      if (socket.destroyed) return look.end("left before it began");
      sockets.handleUpgrade(request, socket, head, (made) => follow(deps, lookout, caller, look, made));
    },
  };
};
