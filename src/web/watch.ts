/**
 * The socket of somebody who looks on. Rules: nothing it says is listened to; it is told what the session showed after that was recorded, masked;
 * who cannot keep up is shown the door, and the session never notices.
 */
import { WebSocket, WebSocketServer } from "ws";
import { Fault } from "../kernel/fault.ts";
import { may } from "../domain/may.ts";
import { SOCKETS } from "../domain/ticket.ts";
import type { Caller } from "../flow/record.ts";
import { beginWatching, type Look } from "../flow/watch.ts";
import { personOf } from "../identity/login.ts";
import type { Crossing } from "./bridge.ts";
import type { WebDeps } from "./deps.ts";
import type { Admitted, Door } from "./upgrade.ts";

/** One piece of one channel, as control/ has it from the session's process. */
export type Piece = {
  readonly channel: number; readonly kind: string; readonly terminal: boolean; readonly command: string; readonly cols: number; readonly rows: number;
  readonly reset: "no" | "join" | "skip"; readonly over: boolean; readonly data: string;
};
export type Lookout = { watch(session: string, watcher: { show(piece: Piece): void; over(): void }): (() => void) | null };

/** Bytes a watcher has not read: more, and it is too slow to follow. Closing codes of our own, which the page knows. */
const UNREAD = 1_048_576, TOO_SLOW = 4008, OVER = 4000, NO_MORE = 4003, ENDED = "the session has ended";
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

/** What a watcher is fed with until `stop`; null: there is nothing to look on at any more. */
type Close = (code: number, reason: string) => void;
type Feed = (socket: WebSocket, close: Close) => { stop(): void } | null;
const terminalFeed = (lookout: Lookout, look: Look, pause: number): Feed => (socket, close) => {
  const tell = teller(look, socket, pause, () => close(TOO_SLOW, "too slow to follow"));
  const stop = lookout.watch(look.session, { show: tell.show, over: () => close(OVER, ENDED) });
  return stop && { stop: () => { stop(); tell.stop(); } };
};
/** From the session's process as it comes, a whole message at a time. What the watcher says has no way there. */
const desktopFeed = (crossing: Crossing, a: Admitted, look: Look): Feed => (socket, close) => {
  const far = crossing.reach(look.session), word = far && crossing.expect({ ...a.caller, shown: a.shown });
  if (!far || word === undefined) return null;
  const how = { createConnection: () => far as never, headers: { "lockstep-arrival": word }, perMessageDeflate: false };
  const from = new WebSocket(`ws://session/look/${look.session}`, [SOCKETS.desktop.protocol], how);
  const go = (): void => { if (socket.bufferedAmount < UNREAD / 4) from.resume(); };
  from.on("error", () => undefined).on("close", (code, why) => (code === TOO_SLOW ? close(code, why.toString()) : close(OVER, ENDED)));
  from.on("message", (data: Buffer) => {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(data, { binary: false }, go);
    if (socket.bufferedAmount > UNREAD) from.pause();
  });
  return { stop: () => from.terminate() };
};

const follow = (deps: WebDeps, caller: Caller, look: Look, socket: WebSocket, feed: Feed): void => {
  let why = "left", late: NodeJS.Timeout | undefined;
  // What it has not read yet still arrives, and why after it, if it reads at all.
  const close = (code: number, reason: string): void => {
    if (late !== undefined) return;
    why = reason;
    socket.close(code, reason);
    late = setTimeout(() => socket.terminate(), deps.flow.times.handshake);
  };
  const fed = feed(socket, close), deaf = whileAllowed(deps, caller, () => close(NO_MORE, "no longer allowed"));
  const beat = setInterval(() => { if (socket.readyState === socket.OPEN) socket.send("{\"type\":\"beat\"}"); }, deps.flow.times.sessionRenew);
  socket.on("error", () => undefined).on("message", () => undefined);
  socket.once("close", () => {
    clearTimeout(late);
    fed?.stop();
    deaf();
    clearInterval(beat);
    look.end(why).catch((e: unknown) => {
      deps.flow.log("error", `the end of a watch is not written down: ${e instanceof Error ? e.message : String(e)}`);
    });
  });
  if (!fed) close(OVER, ENDED);
};

export const watchDoor = (deps: WebDeps, lookout: Lookout, crossing: Crossing): Door => {
  const bounds = { maxPayload: HEARD, perMessageDeflate: false, clientTracking: false };
  const sockets = new WebSocketServer({ noServer: true, ...bounds, handleProtocols: () => protocol });
  return {
    protocol, kinds: ["watch"],
    open: async (a, { request, socket, head }) => {
      const look = await beginWatching(deps.flow, a.caller, a.shown);
      if (socket.destroyed) return look.end("left before it began");
      const feed = look.desktop ? desktopFeed(crossing, a, look) : terminalFeed(lookout, look, deps.flow.times.cutoff / 4);
      sockets.handleUpgrade(request, socket, head, (made) => follow(deps, a.caller, look, made, feed));
    },
  };
};
