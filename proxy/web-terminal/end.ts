/**
 * The person's end of a browser's shell, as the relay knows it from an SSH channel. Rule: sockets come and go in front of it; while there is
 * none, output is recorded and dropped here.
 */
import { Duplex, Writable } from "node:stream";
import type { PersonEnd } from "../ssh/relay.ts";
import type { Line } from "./line.ts";
import { AHEAD } from "./messages.ts";

type Done = () => void;
export type EndOptions = {
  say(sentence: string): void;
  /** The target has taken typed bytes: how many in all. */
  took(bytes: number): void;
  /** The shell is over and its last byte was sent. */
  exit(status: number | string | null): void;
};

class Keys extends Duplex {
  readonly stderr: Writable;
  line: Line | undefined;
  /** Typed bytes accepted so far. */
  accepted = 0;
  readonly #o: EndOptions;

  constructor(o: EndOptions) {
    super({ readableHighWaterMark: AHEAD, allowHalfOpen: true });
    this.#o = o;
    this.on("error", () => undefined);
    this.stderr = new Writable({ write: (data: Buffer, _encoding, done: Done) => this.#show(data, done) });
    this.stderr.on("error", () => undefined);
  }

  #show(data: Buffer, done: Done): void { if (this.line === undefined) done(); else this.line.show(data, done); }
  override _write(data: Buffer, _encoding: BufferEncoding, done: Done): void { this.#show(data, done); }
  override _read(): void { this.#o.took(this.accepted - this.readableLength); }

  /** False: typed too far ahead of a target that does not read. */
  type(data: Buffer): boolean {
    if (this.destroyed || this.readableEnded || this.readableLength + data.length > AHEAD) return this.destroyed || this.readableEnded;
    this.accepted += data.length;
    this.push(data);
    return true;
  }
}

export type WebEnd = PersonEnd & { readonly channel: Keys };
export const webEnd = (o: EndOptions): WebEnd => {
  const channel = new Keys(o);
  let over = false;
  return {
    channel, say: (sentence) => o.say(sentence),
    get over() { return over || channel.destroyed; },
    exit: (status) => {
      if (over) return;
      over = true;
      channel.stderr.end(() => channel.end(() => o.exit(status)));
    },
  };
};
