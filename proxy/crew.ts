/**
 * The worker processes: started with an empty environment, watched, replaced. Rule: the token and the host keys go over IPC, never through
 * argv or the environment; a worker that dies takes only its own sessions along, and the broker is told which.
 */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Random } from "../src/kernel/clock.ts";
import type { Seat } from "./desk.ts";
import type { FromWorker, Setup, ToWorker } from "./ipc.ts";
import type { Log } from "./log.ts";

/** `connections`: ids of the sockets it holds. `leaving`: takes nobody new. */
export type Worker = { readonly child: ChildProcess; readonly door: string; readonly seat: Seat; readonly connections: Set<string>; ready: boolean; leaving: boolean };
export type CrewOptions = {
  readonly socketPath: string; readonly setup: Omit<Setup, "kind" | "token" | "door">; readonly count: number; readonly random: Random; readonly log: Log;
  /** Before a dead worker is replaced, in milliseconds. */
  readonly pause: number;
  onLogin(connection: string): void;
  onGone(connection: string): void;
  onLost(sessions: readonly string[]): void;
};

/** The compiled tree runs as it is; the source tree (development, tests) runs through tsx. */
const SOURCE = import.meta.url.endsWith(".ts");
const ENTRY = fileURLToPath(new URL(SOURCE ? "./worker.ts" : "./worker.js", import.meta.url));

/**
 * Session bytes live outside V8's heap and die young. By default each 32 MB of them start a full collection (74 for 800 MB: a third of the
 * CPU time); counted as part of a 96 MB heap they start none, and short collections free them; those come often with a small nursery, so that a terminal
 * that floods stays under 256 MB.
 */
const COLLECTOR = ["--external-memory-accounted-in-global-limit", "--initial-old-space-size=96", "--max-semi-space-size=4"];

export class Crew {
  readonly workers = new Set<Worker>();
  readonly #o: CrewOptions;
  #closing = false;
  #hired = 0;

  constructor(options: CrewOptions) { this.#o = options; }

  /** Resolves when every worker has its uplink; rejects when the first one dies before. */
  async start(): Promise<void> { await Promise.all(Array.from({ length: this.#o.count }, () => this.#hire())); }

  #hire(): Promise<void> {
    const child = fork(ENTRY, [this.#o.socketPath], { execArgv: SOURCE ? [...COLLECTOR, "--import", "tsx"] : COLLECTOR, env: {}, stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const token = this.#o.random.bytes(32).toString("hex"), door = `${this.#o.socketPath}.${++this.#hired}`;
    rmSync(door, { force: true });
    const worker: Worker = { child, door, seat: { token, key: undefined, stream: undefined, sessions: new Set() }, connections: new Set(), ready: false, leaving: false };
    this.workers.add(worker);
    return new Promise((resolve, reject) => {
      child.on("error", (error) => this.#o.log("error", "a session process failed", { error: error.message }));
      child.on("message", (message: FromWorker) => this.#hear(worker, message, resolve));
      child.once("exit", (code, signal) => { this.#bury(worker, `${signal ?? code ?? ""}`); reject(new Error("a session process died at its start")); });
      child.send({ kind: "setup", token, door, ...this.#o.setup } satisfies Setup);
    });
  }

  #hear(worker: Worker, message: FromWorker, ready: () => void): void {
    switch (message.kind) {
      case "ready": worker.ready = true; return ready();
      case "in": return this.#o.onLogin(message.id);
      case "gone": worker.connections.delete(message.id); return this.#o.onGone(message.id);
      case "log": return this.#o.log(message.level, message.what, { ...message.fields, pid: worker.child.pid ?? 0 });
    }
  }

  #bury(worker: Worker, how: string): void {
    this.workers.delete(worker);
    rmSync(worker.door, { force: true });
    worker.seat.stream?.destroy();
    for (const id of worker.connections) this.#o.onGone(id);
    if (worker.seat.sessions.size > 0) this.#o.onLost([...worker.seat.sessions]);
    if (this.#closing || (worker.leaving && worker.ready)) return;
    this.#o.log("error", "a session process died", { pid: worker.child.pid ?? 0, how });
    if (worker.ready) setTimeout(() => { if (!this.#closing) this.#hire().catch(() => undefined); }, this.#o.pause);
  }

  /** The least-loaded worker that takes people. */
  pick(): Worker | undefined {
    let best: Worker | undefined;
    for (const worker of this.workers) {
      if (!worker.ready || worker.leaving || worker.seat.stream?.destroyed !== false) continue;
      if (best === undefined || worker.connections.size < best.connections.size) best = worker;
    }
    return best;
  }

  workerOf(session: string): Worker | undefined {
    for (const worker of this.workers) if (worker.seat.sessions.has(session)) return worker;
    return undefined;
  }
  seatOf(session: string): Seat | undefined { return this.workerOf(session)?.seat; }

  /** Nobody new; each worker leaves when its last session is over. */
  dismiss(): void {
    this.#closing = true;
    for (const worker of this.workers) { worker.leaving = true; if (worker.child.connected) worker.child.send({ kind: "close" } satisfies ToWorker); }
  }

  kill(): void { for (const { child } of this.workers) child.kill("SIGKILL"); }

  /** When all have left. */
  async gone(): Promise<void> {
    await Promise.all([...this.workers].map(({ child }) => new Promise<void>((done) => {
      if (child.exitCode !== null || child.signalCode !== null) done(); else child.once("exit", () => done());
    })));
  }
}
