/**
 * One browser's socket, from its first message to its last. Rule: nothing waits in it without a bound: shown bytes are sent only while the page
 * is at most WINDOW behind, and a page that breaks the rules is shown the door.
 */
import type { WebSocket } from "ws";
import { BROKE_RULES, UNREAD, WINDOW, parsePage } from "./messages.ts";
import type { Size, ToPage } from "./messages.ts";

/** Who listens to a page that has said `start`. */
export type Listener = { typed(data: Buffer): boolean; resize(size: Size): void; lost(code: number): void };

export class Line {
  readonly #socket: WebSocket;
  #listener: Listener | undefined;
  #sent = 0;
  #seen = 0;
  #waiting: (() => void) | undefined;
  #alive = true;
  #closed = false;

  /** `started` is called once, with the size the page has. */
  constructor(socket: WebSocket, started: (line: Line, size: Size) => void) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("pong", () => { this.#alive = true; });
    socket.on("close", (code) => this.#over(code));
    let begun = false;
    socket.on("message", (data, binary) => {
      if (this.#closed) return;
      const bytes = data as Buffer;
      if (binary) return begun && this.#listener?.typed(bytes) !== false ? undefined : this.#broken();
      const message = parsePage(bytes.toString("utf8"));
      if (message === undefined || (message.type === "start") === begun) return this.#broken();
      if (message.type === "seen") return this.#drawn(message.bytes);
      if (message.type === "resize") return this.#listener?.resize(message);
      begun = true;
      started(this, message);
    });
  }

  hear(listener: Listener): void {
    this.#listener = listener;
    if (this.#closed) listener.lost(0);
  }
  get closed(): boolean { return this.#closed; }

  tell(message: ToPage): void {
    if (this.#closed) return;
    if (this.#socket.bufferedAmount > UNREAD) return this.drop();
    this.#socket.send(JSON.stringify(message));
  }

  /** `then` runs when more may be sent, or when the line is gone. One at a time. */
  show(data: Uint8Array, then: () => void): void {
    if (this.#closed) return then();
    this.#socket.send(data, { binary: true });
    this.#sent += data.length;
    if (this.#sent - this.#seen <= WINDOW) then(); else this.#waiting = then;
  }

  #drawn(bytes: number): void {
    if (bytes < this.#seen || bytes > this.#sent) return this.#broken();
    this.#seen = bytes;
    if (this.#sent - this.#seen <= WINDOW) this.#release();
  }
  #release(): void { const then = this.#waiting; this.#waiting = undefined; then?.(); }

  #broken(): void { this.close(BROKE_RULES, "not of this protocol"); }
  #over(code: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release();
    this.#listener?.lost(code);
  }

  /** Asks for a sign of life; false and gone when the last one was not answered. */
  beat(): boolean {
    if (this.#alive) { this.#alive = false; this.#socket.ping(); return true; }
    this.drop();
    return false;
  }

  /** What was sent before still arrives. */
  close(code = 1000, why = ""): void { this.#socket.close(code, why); this.#over(code); }
  /** At once, whatever waits. */
  drop(): void { this.#socket.terminate(); this.#over(1006); }
}
