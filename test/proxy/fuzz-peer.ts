/**
 * A client that logs in like any other, or not at all, and then sends what it is given. Rule: a packet counts as taken when the server has answered the
 * marker behind it; of what stood between the last marker and the end of a connection only one is counted, the one that ended it.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { ssh2 } from "../../src/wires/ssh-tuned.ts";

/** Packets before a marker, and markers under way at a time. */
const BATCH = 10,
  AHEAD = 4,
  FAILED = 92,
  CONFIRMED = 91,
  SUCCESS = 52,
  DATA = 94;
/** A marker opens a channel of a kind that does not exist, under a number that says which marker it is. */
const MARKER = 0x6d000000;
const marker = (n: number): Buffer => {
  const kind = Buffer.from("no-such-channel"),
    out = Buffer.alloc(5 + kind.length + 12);
  out[0] = 90;
  out.writeUInt32BE(kind.length, 1);
  kind.copy(out, 5);
  out.writeUInt32BE(MARKER + n, 5 + kind.length);
  out.writeUInt32BE(2_097_152, 9 + kind.length);
  out.writeUInt32BE(32_768, 13 + kind.length);
  return out;
};
/** ssh2's own: how a packet is sealed, and where received ones arrive. */
type Protocol = {
  readonly _packetRW: {
    readonly write: { alloc(n: number, force: boolean): Buffer; finalize(p: Buffer, force: boolean): Buffer; readonly allocStartKEX: number };
  };
  readonly _cipher: { encrypt(packet: Buffer): void };
  readonly _decipher: { _onPayload: (payload: Buffer) => undefined };
};
export type Where = { readonly port: number; readonly username: string; readonly privateKey: string; readonly localAddress: string };
/** `taken`: see the rule. `opened`, `letIn`: channels confirmed, and logins that succeeded after the fuzzing began. */
export type Outcome = { taken: number; ended: boolean; opened: number; letIn: number };

/** Resolves with the protocol at the wished moment, its answers unread by ssh2 from there on. */
const reach = (where: Where, loggedIn: boolean, socket: Socket): Promise<Protocol> =>
  new Promise((resolve, reject) => {
    const client = new ssh2.Client(),
      ready = (): void => resolve((client as unknown as { _protocol: Protocol })._protocol);
    client
      .on("error", reject)
      .on("close", () => reject(new Error("closed before the fuzzing began")))
      .on("ready", ready);
    const wait = {
      authHandler: (() => {
        ready();
      }) as never,
    };
    client.connect({ sock: socket, username: where.username, readyTimeout: 30_000, ...(loggedIn ? { privateKey: where.privateKey } : wait) });
  });

/**
 * Sends up to `most` packets of `next`, until the server ends the connection. `first` goes ahead of them and is waited for: until the target's first
 * bytes are there. Rejects when it was not even reached.
 */
export const attack = async (where: Where, loggedIn: boolean, most: number, next: () => Buffer, first: readonly Buffer[] = []): Promise<Outcome> => {
  const socket = connect({ port: where.port, host: "127.0.0.1", localAddress: where.localAddress, noDelay: true }),
    outcome: Outcome = { taken: 0, ended: false, opened: 0, letIn: 0 };
  const protocol = await reach(where, loggedIn, socket);
  let sent = 0,
    markers = 0,
    answered = 0,
    begun = first.length === 0;
  const send = (payload: Buffer): void => {
    const { write } = protocol._packetRW,
      packet = write.alloc(payload.length, true);
    payload.copy(packet, write.allocStartKEX);
    protocol._cipher.encrypt(write.finalize(packet, true));
  };
  const pump = (): void => {
    while (begun && !socket.destroyed && socket.writable && sent < most && markers - answered < AHEAD) {
      for (let i = 0; i < BATCH; i++, sent++) send(next());
      send(marker(markers++));
    }
    if (begun && sent >= most && answered === markers) socket.end();
  };
  protocol._decipher._onPayload = (payload) => {
    const [type] = payload,
      number = payload.length >= 5 ? payload.readUInt32BE(1) : 0;
    if (type === CONFIRMED) outcome.opened += 1;
    if (type === DATA && !begun) {
      begun = true;
      pump();
    }
    if (type === SUCCESS) outcome.letIn += 1;
    if (type === FAILED && number === MARKER + answered) {
      answered += 1;
      pump();
    }
    return undefined;
  };
  await new Promise<void>((done) => {
    socket.once("close", () => done());
    socket.setTimeout(20_000, () => socket.destroy());
    first.forEach(send);
    pump();
  });
  outcome.ended = answered < markers;
  outcome.taken = answered * BATCH + (outcome.ended ? 1 : 0);
  return outcome;
};
/** Bytes in the clear; resolves when the server has closed. */
export const shout = (where: Where, data: Buffer): Promise<void> =>
  new Promise((done) => {
    const socket = connect({ port: where.port, host: "127.0.0.1", localAddress: where.localAddress });
    socket
      .on("error", () => undefined)
      .on("close", () => done())
      .resume();
    socket.on("connect", () => socket.end(data)).setTimeout(15_000, () => socket.destroy());
  });
