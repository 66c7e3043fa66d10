/**
 * The SSH proxy as the broker sees it: a listener that hands sockets to session processes, and their control channel. Rule: this process
 * never reads a byte of a session; a connection counts against the limits until its worker says somebody logged in.
 */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { availableParallelism } from "node:os";
import { newBoxKey } from "../src/crypto/box.ts";
import { systemRandom } from "../src/kernel/clock.ts";
import { times } from "../src/kernel/times.ts";
import type { ControlPlane, EndedWhy } from "./channel.ts";
import { Crew } from "./crew.ts";
import type { Worker } from "./crew.ts";
import type { Desk } from "./desk.ts";
import { cutSession, send, serveDesk } from "./desk.ts";
import type { GuacdPlace, ToWorker } from "./ipc.ts";
import { PER_ADDRESS, UNAUTHENTICATED, waits } from "./limits.ts";
import type { Log } from "./log.ts";
import { words } from "./log.ts";
import { clearDrives } from "./rdp/drive.ts";
import { forgetAll } from "./rdp/pins.ts";

export type SshProxyOptions = {
  readonly listen: { readonly host: string; readonly port: number };
  /** Private keys of the proxy itself, OpenSSH or PEM. */
  readonly hostKeys: readonly string[];
  /** Default: one per core. */
  readonly workers?: number;
  readonly control: ControlPlane;
  /** Of the Unix socket; made with mode 0600. */
  readonly socketPath: string;
  readonly recordingsDir: string;
  /** Of the tunnel process, for those who dial through agents; absent: nothing is reached that way. */
  readonly exchange?: string;
  /** Absent: no desktops. */
  readonly guacd?: GuacdPlace | undefined;
  readonly log: Log;
  /** See kernel/times.ts; tests use less than 1. */
  readonly timescale?: number;
};
export type SshProxy = {
  readonly port: number;
  /** False when no worker holds this session (any more). */
  cut(session: string, why: EndedWhy, message: string): boolean;
  terms(session: string, remainingMs: number): boolean;
  /** Somebody looks on at it, or nobody does. False when no worker holds this session. */
  watch(session: string, on: boolean): boolean;
  /** A stream to the process that holds `session`, or to the least-loaded one: a browser's bytes go through it unread. undefined: there is none. */
  door(session: string | null): Socket | undefined;
  /** Pids of the session processes, for doctor and tests. */
  pids(): number[];
  /** Takes nobody new; resolves when the last session is over. */
  drain(): Promise<void>;
  /** Cuts everything (`broker_lost`) and ends the processes. */
  close(): Promise<void>;
};

const STOPPING = "The broker is stopping: this session has ended.";
/** rw for the owner only, from the first moment the socket exists. */
const PRIVATE = 0o177;

const listenOn = (server: Server, where: { host: string; port: number } | { path: string }): Promise<void> => new Promise((resolve, reject) => {
  server.once("error", reject);
  const before = "path" in where ? process.umask(PRIVATE) : undefined;
  server.listen(where, () => { server.removeListener("error", reject); resolve(); });
  if (before !== undefined) process.umask(before);
});

/** Connections that have not logged in, by address. */
class Gate {
  readonly #waiting = new Map<string, string>();
  admit(id: string, address: string): boolean {
    const same = [...this.#waiting.values()].filter((other) => other === address).length;
    if (this.#waiting.size >= UNAUTHENTICATED || same >= PER_ADDRESS) return false;
    this.#waiting.set(id, address);
    return true;
  }
  leave(id: string): void { this.#waiting.delete(id); }
}

const plain = (address: string | undefined): string => (address ?? "unknown").replace(/^::ffff:(?=\d+\.)/, "");

/** Hands each socket over unread. */
const reception = (crew: Crew, gate: Gate, log: Log) => {
  let count = 0;
  const drop = (socket: Socket, why: string, address: string): void => { log("warn", "a connection was refused", { why, address }); socket.destroy(); };
  const hand = (worker: Worker, id: string, address: string, socket: Socket): void => {
    worker.connections.add(id);
    worker.child.send({ kind: "socket", id, address } satisfies ToWorker, socket, { keepOpen: false }, (error) => {
      if (error === null) return;
      worker.connections.delete(id);
      gate.leave(id);
      socket.destroy();
    });
  };
  return (socket: Socket): void => {
    const id = `c${++count}`, address = plain(socket.remoteAddress), worker = crew.pick();
    socket.on("error", () => undefined);
    if (worker === undefined) return drop(socket, "no session process", address);
    if (!gate.admit(id, address)) return drop(socket, "too many connections without a login", address);
    hand(worker, id, address, socket);
  };
};

/** Counts as a connection of the worker while it lasts. */
const dialDoor = (worker: Worker, id: string): Socket => {
  const socket = connect({ path: worker.door });
  worker.connections.add(id);
  socket.on("error", () => undefined).once("close", () => worker.connections.delete(id));
  return socket;
};

const stop = async (crew: Crew, servers: readonly Server[], grace: number): Promise<void> => {
  for (const server of servers) server.close();
  for (const { seat } of crew.workers) for (const session of seat.sessions) send(seat, { kind: "cut", session, why: "broker_lost", message: STOPPING });
  crew.dismiss();
  const late = setTimeout(() => crew.kill(), grace);
  await crew.gone();
  clearTimeout(late);
};

/** Resolves when connections are taken. Rejects when the port, the Unix socket, a host key or a worker fails. */
export const startSshProxy = async (o: SshProxyOptions): Promise<SshProxy> => {
  const wait = times(o.timescale ?? 1), key = newBoxKey(), gate = new Gate();
  mkdirSync(o.recordingsDir, { recursive: true, mode: 0o700 });
  if (o.guacd !== undefined && !forgetAll(o.guacd.home)) o.log("warn", "guacd's home cannot be written, so no desktop can be opened", { home: o.guacd.home });
  if (o.guacd !== undefined) clearDrives(o.guacd.home, (error, drive) => { if (error !== null) o.log("warn", "a desktop's drive could not be removed", { drive, error: words(error) }); });
  rmSync(o.socketPath, { force: true });
  const lost = (sessions: readonly string[]): void => void o.control.lost(sessions)
    .catch((error: unknown) => o.log("error", "lost sessions were not written down", { error: words(error) }));
  const crew = new Crew({ socketPath: o.socketPath, count: o.workers ?? availableParallelism(), random: systemRandom, log: o.log, pause: waits(wait).farewell,
    setup: { hostKeys: o.hostKeys, recordingsDir: o.recordingsDir, timescale: o.timescale ?? 1, guacd: o.guacd ?? null, exchange: o.exchange ?? "" },
    onLogin: (id) => gate.leave(id), onGone: (id) => gate.leave(id), onLost: lost });
  const desk: Desk = { admitting: 0, early: new Map(), control: o.control, key, log: o.log };
  const back = createServer((stream) =>
    serveDesk(stream, (matches) => [...crew.workers].find((w) => matches(w.seat.token))?.seat, desk));
  await listenOn(back, { path: o.socketPath });
  chmodSync(o.socketPath, 0o600);
  const front = createServer({ pauseOnConnect: true, noDelay: true }, reception(crew, gate, o.log));
  try { await crew.start(); await listenOn(front, o.listen); } catch (error) { await stop(crew, [back, front], 0); throw error; }
  const address = front.address();
  let bridges = 0;
  return {
    port: typeof address === "object" && address !== null ? address.port : o.listen.port,
    cut: (session, why, message) => cutSession({ kind: "cut", session, why, message }, crew.seatOf(session), desk),
    terms: (session, remainingMs) => { const seat = crew.seatOf(session); return seat !== undefined && send(seat, { kind: "terms", session, remainingMs }); },
    watch: (session, on) => { const seat = crew.seatOf(session); return seat !== undefined && send(seat, { kind: "watch", session, on }); },
    door: (session) => { const worker = session === null ? crew.pick() : crew.workerOf(session); return worker && dialDoor(worker, `b${++bridges}`); },
    pids: () => [...crew.workers].map((w) => w.child.pid ?? 0),
    drain: async () => { front.close(); crew.dismiss(); await crew.gone(); back.close(); },
    close: () => stop(crew, [front, back], wait.cutoff),
  };
};
