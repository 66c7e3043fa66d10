/**
 * One browser's socket of a desktop, from its first message to its last. Rules: nothing waits in it without a bound; a page that breaks the rules is shown
 * the door; instructions reach a listener parsed, and only after `start`.
 */
import type { WebSocket } from "ws";
import { BROKE_RULES } from "../web-terminal/messages.ts";
import type { Instruction } from "./instructions.ts";
import { parse } from "./instructions.ts";
import type { Screen, ToPage } from "./messages.ts";
import { HIGH, LOW, parseStart, UNREAD } from "./messages.ts";

/** `said`: undefined when all of it was of the protocol, else why not. */
export type Listener = { said(all: readonly Instruction[]): string | undefined; drained(): void; lost(code: number): void };

export class DesktopLine {
  readonly #socket: WebSocket;
  #listener: Listener | undefined;
  #alive = true;
  #closed = false;
  #choked = false;

  /** `started` is called once, with the screen the page has. */
  constructor(socket: WebSocket, started: (line: DesktopLine, screen: Screen) => void) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("pong", () => { this.#alive = true; });
    socket.on("close", (code) => this.#over(code));
    let begun = false;
    socket.on("message", (data, binary) => {
      if (this.#closed) return;
      if (binary) return this.close(BROKE_RULES, "not of this protocol");
      const text = (data as Buffer).toString("utf8");
      if (begun) return this.#heard(text);
      const screen = parseStart(text);
      if (screen === undefined) return this.close(BROKE_RULES, "not of this protocol");
      begun = true;
      started(this, screen);
    });
  }

  #heard(text: string): void {
    const all = parse(text), why = all === undefined ? "not of this protocol" : this.#listener?.said(all);
    if (why !== undefined) this.close(BROKE_RULES, why.slice(0, 100));
  }

  hear(listener: Listener): void {
    this.#listener = listener;
    if (this.#closed) listener.lost(0);
  }

  tell(message: ToPage): void { this.#send(JSON.stringify(message)); }
  /** Whole instructions. False: enough is on its way, wait for `drained`. */
  show(instructions: string | Buffer): boolean {
    this.#send(instructions);
    if (this.#socket.bufferedAmount > HIGH) this.#choked = true;
    return !this.#choked;
  }
  get closed(): boolean { return this.#closed; }
  get choked(): boolean { return this.#choked; }

  #send(text: string | Buffer): void {
    if (this.#closed) return;
    if (this.#socket.bufferedAmount > UNREAD) return this.drop();
    this.#socket.send(text, { binary: false }, () => {
      if (!this.#choked || this.#socket.bufferedAmount > LOW) return;
      this.#choked = false;
      this.#listener?.drained();
    });
  }

  /** Nothing is read from the page until `resume`. */
  pause(): void { this.#socket.pause(); }
  resume(): void { this.#socket.resume(); }

  #over(code: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener?.lost(code);
  }

  /** Asks for a sign of life; false and gone when the last one was not answered. */
  beat(): boolean {
    if (this.#alive) { this.#alive = false; this.#socket.ping(); return true; }
    this.drop();
    return false;
  }

  /** What was sent before still arrives. */
  close(code = 1000, why = ""): void { this.#socket.resume(); this.#socket.close(code, why); this.#over(code); }
  /** At once, whatever waits. */
  drop(): void { this.#socket.terminate(); this.#over(1006); }
}
