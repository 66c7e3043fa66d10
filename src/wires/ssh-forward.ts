/**
 * What ssh2 does not offer for channels: a sentence with a refused one, a sentence with a farewell, the end of one in which nothing began, an agent's channel to the client.
 * Rule: each reaches into one named place of ssh2 1.17 and says so by throwing where that place is gone.
 */
import { duplexPair } from "node:stream";
import type { Duplex } from "node:stream";
import type { Channel, Client, Connection, Session } from "./ssh-tuned.ts";

const PROHIBITED = 1, NOT_REACHED = 2, BY_APPLICATION = 11, WINDOW = 2 * 1024 * 1024, PACKET = 32 * 1024;
type Write = { alloc(n: number, force?: boolean): Buffer; finalize(p: Buffer, force?: boolean): Buffer; readonly allocStartKEX: number };
type Opened = ((error: Error | undefined, channel?: Channel) => void) & { type?: string };
type Inner = {
  _protocol: {
    channelOpenFail(remote: number, reason: number, text: string): void; disconnect(reason: number): void; readonly _packetRW: { readonly write: Write };
    openssh_authAgent(channel: number, window: number, packet: number): void; channelClose(remote: number): void;
  };
  _chanMgr: { add(opened: Opened): number; remove(local: number): void };
};
const inside = (connection: Connection): Inner => connection as unknown as Inner;

/** `reject` of a channel that a client wants to open, with the reason in words: stock clients print it. `allowed`: it might have been, and was not reached. */
export const refuseOpen = (connection: Connection, reject: () => void, sentence: string, allowed = false): void => {
  const { _protocol: protocol } = inside(connection), plain = protocol.channelOpenFail;
  protocol.channelOpenFail = (remote) => plain.call(protocol, remote, allowed ? NOT_REACHED : PROHIBITED, sentence);
  try { reject(); } finally { protocol.channelOpenFail = plain; }
};

type Begun = { readonly _channel?: object; readonly _chanInfo: { readonly incoming: { readonly id: number }; readonly outgoing: { readonly id: number } } };
/** Runs once, when the client has closed a session channel. ssh2 answers and forgets only one in which a program was begun; the others are ended here. */
export const sessionClosed = (connection: Connection, session: Session, done: () => void): void => {
  session.once("close", () => {
    const { _channel: program, _chanInfo: { incoming, outgoing } } = session as unknown as Begun, { _protocol: protocol, _chanMgr: channels } = inside(connection);
    if (program === undefined) { channels.remove(incoming.id); protocol.channelClose(outgoing.id); }
    done();
  });
};

/** Ends a connection that has no channel to say anything in: stock clients print the sentence. */
export const farewell = (connection: Connection, sentence: string): void => {
  const { _protocol: protocol } = inside(connection), { write } = protocol._packetRW, plain = write.finalize, text = Buffer.from(sentence);
  write.finalize = (_empty, force) => {
    const at = write.allocStartKEX, packet = write.alloc(13 + text.length, true);
    packet.fill(0, at, at + 13 + text.length);
    packet[at] = 1;
    packet.writeUInt32BE(BY_APPLICATION, at + 1);
    packet.writeUInt32BE(text.length, at + 5);
    text.copy(packet, at + 9);
    return plain.call(write, packet, force);
  };
  try { protocol.disconnect(BY_APPLICATION); } finally { write.finalize = plain; }
  connection.end();
};

/** A channel to the client's own agent. */
export const openAgent = (connection: Connection): Promise<Channel> => new Promise((resolve, reject) => {
  const opened: Opened = (error, channel) => { if (error !== undefined || channel === undefined) reject(error ?? new Error("the client opened no agent")); else resolve(channel); };
  opened.type = "auth-agent@openssh.com";
  const id = inside(connection)._chanMgr.add(opened);
  if (id === -1) reject(new Error("no channel is free")); else inside(connection)._protocol.openssh_authAgent(id, WINDOW, PACKET);
});

/** From here on the target may ask for an agent: each time `serve` gets the stream of one conversation. */
export const offerAgent = (client: Client, serve: (stream: Duplex) => void): void => {
  (client as unknown as { _agent: unknown })._agent = { getStream: (done: (error: Error | undefined, stream: Duplex) => void) => {
    const [ours, theirs] = duplexPair();
    serve(ours);
    done(undefined, theirs);
  } };
};
