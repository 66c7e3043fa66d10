/**
 * Forwarded connections: there (-L, -D, sockets), back (-R, sockets), agent and X11. Rule: the domain's one function decides each; all travel over
 * the target's connection, none is dialled from here; every byte is counted, and what is not given gets a sentence and an event.
 */
import type { Duplex } from "node:stream";
import type { ChannelKind, Wish } from "../../src/domain/channels.ts";
import { Fault, toFault } from "../../src/kernel/fault.ts";
import type { Channel, Client, Connection } from "../../src/wires/ssh.ts";
import { offerAgent, openAgent, refuseOpen } from "../../src/wires/ssh.ts";
import type { Deps } from "../deps.ts";
import { MAX_FORWARDS } from "../limits.ts";
import { words } from "../log.ts";
import type { Session } from "../session.ts";
import { shown } from "../text.ts";
import { bridge } from "./bridge.ts";
import type { Live } from "./upstream.ts";

type Host = { readonly deps: Deps; live(wish: Wish): Promise<Live>; denied(kind: ChannelKind): void; note(sentence: string): void };
type Accept = () => Duplex;
type Opened = (error: Error | undefined, channel: Channel) => void;
const opening = (open: (done: Opened) => void): Promise<Channel> => new Promise((resolve, reject) => open((error, channel) => { if (error) reject(error); else resolve(channel); }));
const NOTHING = (): void => undefined;
const DOWN = "Nothing answers there, or the target does not forward to it.";

export class Forwards {
  readonly #connection: Connection;
  readonly #host: Host;
  #open = 0;
  #client: Client | undefined;
  /** Requests to listen there that are not answered yet. */
  #asks = 0;
  #agent = false;
  #x11 = false;

  constructor(connection: Connection, host: Host) {
    this.#connection = connection;
    this.#host = host;
    connection.on("tcpip", (accept, reject, { srcIP, srcPort, destIP, destPort }) =>
      void this.#there(accept, reject, { kind: "direct-tcpip", host: destIP, port: destPort }, `${destIP}:${destPort}`, (client, done) => client.forwardOut(srcIP, srcPort, destIP, destPort, done as never)));
    connection.on("openssh.streamlocal", (accept, reject, { socketPath }) =>
      void this.#there(accept as unknown as Accept, reject, { kind: "streamlocal", path: socketPath, back: false }, socketPath, (client, done) => client.openssh_forwardOutStreamLocal(socketPath, done as never)));
    connection.on("request", (accept, reject, name: string, info: unknown) => void this.#request(accept as ((port?: number) => void) | undefined, reject, name, info as Ask));
  }

  // ---- There

  async #there(accept: Accept, reject: () => void, wish: Wish, to: string, open: (client: Client, done: Opened) => void): Promise<void> {
    let leave = NOTHING;
    try {
      leave = this.#enter();
      const { session, client } = await this.#host.live(wish), far = await opening((done) => open(client, done)).catch((error: unknown) => { throw new Fault("upstream", DOWN, { cause: error }); });
      this.#join(session, wish.kind, to, accept(), far, leave);
    } catch (error) { leave(); refuseOpen(this.#connection, reject, this.#refused(error, wish.kind)); }
  }

  /** Taken before anything is waited for: many that come at once are counted like many that stay. Gives the way out. */
  #enter(): () => void {
    if (this.#open >= MAX_FORWARDS) throw new Fault("too_many", `More than ${MAX_FORWARDS} forwarded connections at a time.`);
    this.#open += 1;
    let left = false;
    return () => { if (!left) this.#open -= 1; left = true; };
  }
  #refused(error: unknown, kind: ChannelKind): string {
    const fault = toFault(error);
    if (fault.code === "internal") this.#host.deps.log("error", "a forward failed", { error: words(fault.cause ?? fault) });
    if (fault.code === "forbidden") this.#host.denied(kind);
    return `lockstep: ${fault.message}`;
  }

  #join(session: Session, kind: ChannelKind, where: string, user: Duplex, target: Duplex, leave: () => void): void {
    const to = shown(where, 300), tape = session.tape(kind, false, to);
    tape.opened({ kind, to });
    session.event({ kind: "channel_opened", channel: tape.channel, type: kind, to });
    bridge(user, target, tape, () => {
      const { in: input, out } = tape.ledger();
      leave();
      session.event({ kind: "channel_closed", channel: tape.channel, exit: null, in: input.bytes, out: out.bytes });
    });
  }

  // ---- Back

  async #request(accept: ((port?: number) => void) | undefined, reject: (() => void) | undefined, name: string, info: Ask): Promise<void> {
    const kind: ChannelKind = name.includes("streamlocal") ? "streamlocal" : "forwarded-tcpip";
    if (this.#asks >= MAX_FORWARDS) { this.#host.note(`More than ${MAX_FORWARDS} requests to forward at a time.`); return reject?.(); }
    this.#asks += 1;
    try {
      if (name.startsWith("cancel-")) { await this.#cancel(kind, info); return accept?.(); }
      const { session, client } = await this.#host.live(kind === "streamlocal" ? { kind, path: info.socketPath, back: true } : { kind, bind: info.bindAddr, port: info.bindPort });
      this.#listen(session, client);
      accept?.(await (kind === "streamlocal" ? this.#listenOn(client, info.socketPath) : this.#listenAt(client, info)));
    } catch (error) {
      this.#host.note(this.#refused(error, kind).replace(/^lockstep: /, ""));
      reject?.();
    } finally { this.#asks -= 1; }
  }
  #listenAt(client: Client, { bindAddr, bindPort }: Ask): Promise<number> {
    return new Promise((resolve, reject) => client.forwardIn(bindAddr, bindPort, (error, port) => {
      if (error) reject(new Fault("upstream", "The target does not listen there for you.", { cause: error })); else resolve(port);
    }));
  }
  #listenOn(client: Client, path: string): Promise<undefined> {
    return new Promise((resolve, reject) => client.openssh_forwardInStreamLocal(path, (error) => {
      if (error) reject(new Fault("upstream", "The target does not listen on this socket for you.", { cause: error })); else resolve(undefined);
    }));
  }
  #cancel(kind: ChannelKind, { bindAddr, bindPort, socketPath }: Ask): Promise<void> {
    const client = this.#client;
    if (client === undefined) throw new Fault("not_found", "Nothing is forwarded.");
    return new Promise((resolve, reject) => {
      const done = (error?: Error | null): void => { if (error) reject(new Fault("upstream", "The target goes on listening.", { cause: error })); else resolve(); };
      if (kind === "streamlocal") client.openssh_unforwardInStreamLocal(socketPath, done); else client.unforwardIn(bindAddr, bindPort, done);
    });
  }

  /** Once: what the target opens towards us goes to the person, and is told like everything else. */
  #listen(session: Session, client: Client): void {
    if (this.#client !== undefined) return;
    this.#client = client;
    client.on("tcp connection", ({ destIP, destPort, srcIP, srcPort }, accept, reject) =>
      void this.#back(session, "forwarded-tcpip", `${srcIP}:${srcPort}, listening on ${destIP}:${destPort}`, accept, reject, () => opening((done) => this.#connection.forwardOut(destIP, destPort, srcIP, srcPort, done as never))));
    client.on("unix connection", ({ socketPath }, accept, reject) =>
      void this.#back(session, "streamlocal", socketPath, accept, reject, () => opening((done) => this.#connection.openssh_forwardOutStreamLocal(socketPath, done as never))));
  }
  async #back(session: Session, kind: ChannelKind, where: string, accept: () => Duplex, reject: () => void, near: () => Promise<Channel>): Promise<void> {
    let leave = NOTHING;
    try {
      leave = this.#enter();
      this.#join(session, kind, where, await near(), accept(), leave);
    } catch (error) {
      leave();
      this.#host.deps.log("info", "a connection from the target found nobody", { kind, error: words(error) });
      reject();
    }
  }

  // ---- Agent and X11

  agent(session: Session, client: Client): void {
    if (this.#agent) return;
    this.#agent = true;
    offerAgent(client, (stream) => void this.#back(session, "agent", "the person's agent", () => stream, () => stream.destroy(), () => openAgent(this.#connection)));
  }
  x11(session: Session, client: Client): void {
    if (this.#x11) return;
    this.#x11 = true;
    client.on("x11", ({ srcIP, srcPort }, accept, reject) =>
      void this.#back(session, "x11", "the person's display", accept, reject, () => opening((done) => this.#connection.x11(srcIP, srcPort, done as never))));
  }
}
type Ask = { readonly bindAddr: string; readonly bindPort: number; readonly socketPath: string };
