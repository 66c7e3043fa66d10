/**
 * A WebSocket as a stream of bytes, both ends. Rule: nothing is compressed, text is no message of ours, and what waits in either direction is
 * bounded by the streams beside it; how it ended is kept, because the far end may have said why.
 */
import type { IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";

/** One message at most, in bytes: a turn's packets leave together, but never more than this. */
const MESSAGE = 262_144, LONGEST_MESSAGE = 2 * MESSAGE;
/** Of ours, in the range applications have. */
export const REFUSED = 4_403;
/** What a close message can hold, in bytes. */
const REASON = 120;

export type WsStream = Duplex & {
  /** Why the far end closed, where it said so: its own words, not to be trusted. */
  farWords(): string | undefined;
  /** Says why, and ends; also right after it was destroyed. */
  refuse(sentence: string): void;
};

/** A character is left out whole where the sentence is too long. */
const short = (sentence: string): string => {
  let out = sentence.slice(0, REASON);
  while (Buffer.byteLength(out) > REASON) out = out.slice(0, -1);
  return out;
};

const pieces = function* (all: Buffer): Generator<Buffer> { for (let at = 0; at < all.length; at += MESSAGE) yield all.subarray(at, at + MESSAGE); };

export const streamOf = (socket: WebSocket): WsStream => {
  let said: string | undefined, closed = false, refusing = false;
  const send = (all: Buffer, done: (error?: Error | null) => void): void => {
    if (socket.readyState !== socket.OPEN) return done(new Error("the connection is closed"));
    const parts = [...pieces(all)];
    parts.forEach((part, i) => socket.send(part, { binary: true, compress: false }, i === parts.length - 1 ? done : undefined));
    if (parts.length === 0) done();
  };
  const stream = new Duplex({
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => send(chunk, done),
    writev: (chunks, done) => send(Buffer.concat(chunks.map((c) => c.chunk as Buffer)), done),
    final: (done) => { socket.close(); done(); },
    // Not at once: whoever destroyed it may be about to say why.
    destroy: (error, done) => { setImmediate(() => { if (!closed && !refusing) socket.terminate(); }); done(error); },
  });
  socket.on("message", (data, binary) => {
    if (!binary) return void stream.destroy(new Error("a message of text"));
    if (!stream.push(data as Buffer)) socket.pause();
  });
  socket.on("error", (error) => stream.destroy(error));
  socket.on("close", (code, reason) => {
    closed = true;
    if (code === REFUSED) said = reason.toString("utf8");
    stream.push(null);
    // A stream that nobody reads any more would never end.
    stream.resume();
    setImmediate(() => stream.destroy());
  });
  return Object.assign(stream, { farWords: () => said, refuse: (sentence: string) => { refusing = true; socket.close(REFUSED, short(sentence)); } });
};

export type Accept = (request: IncomingMessage, socket: Duplex, head: Buffer, made: (stream: WsStream) => void) => void;
/** For requests that ask for `protocol`; whoever calls has decided that they are let in. */
export const acceptor = (protocol: string): Accept => {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false, maxPayload: LONGEST_MESSAGE, handleProtocols: (said) => said.has(protocol) ? protocol : false });
  return (request, socket, head, made) => sockets.handleUpgrade(request, socket, head, (ws) => made(streamOf(ws)));
};

/** What a portal answered instead of a socket. */
export class NotUpgraded extends Error {
  override readonly name = "NotUpgraded";
  readonly status: number;
  readonly says: string;
  /** Seconds of its Retry-After, where it gave whole ones. */
  readonly after: number | null;
  constructor(status: number, says: string, after: number | null = null) { super(`${status}: ${says}`); this.status = status; this.says = says; this.after = after; }
}
const secondsOf = (said: string | undefined): number | null => (/^\d{1,5}$/.test(said ?? "") ? Number(said) : null);
const SAID_MOST = 2_048;
const readSome = async (response: IncomingMessage): Promise<string> => {
  let out = "";
  for await (const part of response) { out += String(part); if (out.length > SAID_MOST) break; }
  return out.slice(0, SAID_MOST).trim();
};

export type Shake = { readonly host: string; readonly path: string; readonly protocol: string; readonly headers: Readonly<Record<string, string>> };
/** The handshake over a stream that is open already, whoever secured it. Rejects with NotUpgraded where the far end answers something else. */
export const upgrade = (below: Duplex, o: Shake, signal: AbortSignal): Promise<WsStream> => new Promise((resolve, reject) => {
  const socket = new WebSocket(`ws://${o.host}${o.path}`, [o.protocol], {
    createConnection: () => below as never, perMessageDeflate: false,
    // Masking is for what a page could make a browser say to a cache. Here SSH goes in: an empty mask saves both ends a walk over every byte.
    generateMask: (mask) => { mask.fill(0); }, maxPayload: LONGEST_MESSAGE, headers: { ...o.headers }, followRedirects: false,
  });
  const done = (): void => { signal.removeEventListener("abort", late); socket.removeAllListeners(); socket.on("error", () => undefined); };
  const fail = (error: Error): void => { done(); socket.terminate(); below.destroy(); reject(error); };
  const late = (): void => fail(new Error("there was no answer in time", { cause: signal.reason }));
  if (signal.aborted) return late();
  signal.addEventListener("abort", late, { once: true });
  socket.once("error", fail).once("close", () => fail(new Error("the connection was closed before the handshake was over")));
  socket.once("unexpected-response", (_request, response) => {
    readSome(response).then((says) => fail(new NotUpgraded(response.statusCode ?? 0, says, secondsOf(response.headers["retry-after"]))), fail);
  });
  socket.once("open", () => { done(); resolve(streamOf(socket)); });
});
