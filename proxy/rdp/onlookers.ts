/**
 * Those who look on at a desktop. Rules: they are shown what the recording has, after it has it, and nothing else; nothing they say is listened
 * to; who is behind gets the whole picture anew, and the session never waits.
 */
import type { WebSocket } from "ws";
import { HIGH } from "./messages.ts";
import type { Picture } from "./picture.ts";

export type Looking = WebSocket;
type One = { readonly socket: WebSocket; behind: boolean; waits: boolean;
  /** Bytes it may be behind: a picture may be large. */
  room: number };
/** Closing codes the portal's door knows: the session has ended; no picture of it can be had. */
const OVER = 4000, NONE = 4008;
/** What follows is drawn on an empty display. */
const AGAIN = JSON.stringify({ type: "again" });

export class Onlookers {
  readonly #all = new Set<One>();
  readonly #picture: Picture;
  /** Between two whole pictures for one who is behind, in milliseconds. */
  readonly #pause: number;
  constructor(picture: Picture, pause: number) { this.#picture = picture; this.#pause = pause; }

  join(socket: WebSocket): void {
    const one: One = { socket, behind: true, waits: false, room: HIGH };
    this.#all.add(one);
    socket.on("error", () => undefined).on("message", () => undefined).once("close", () => this.#all.delete(one));
    this.#draw(one);
  }
  get size(): number { return this.#all.size; }

  #draw(one: One): void {
    this.#picture.want({
      give: (text) => {
        if (!this.#all.has(one)) return;
        one.behind = false;
        one.room = HIGH + text.length;
        one.socket.send(AGAIN);
        this.#send(one, text);
      },
      none: () => one.socket.close(NONE, "the picture cannot be had right now"),
    });
  }
  #send(one: One, text: string): void {
    one.socket.send(text, { binary: false }, () => this.#sent(one));
    if (one.socket.bufferedAmount > one.room) one.behind = one.waits = true;
  }
  #sent(one: One): void {
    if (!one.waits || one.socket.bufferedAmount > 0) return;
    one.waits = false;
    setTimeout(() => { if (this.#all.has(one)) this.#draw(one); }, this.#pause);
  }

  /** Recorded. */
  show(text: string): void { for (const one of this.#all) if (!one.behind) this.#send(one, text); }
  end(): void { for (const { socket } of this.#all) socket.close(OVER, "the session has ended"); }
}
