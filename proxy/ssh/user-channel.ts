/** The user's end of one exec or shell. Rule: it ends once, with an exit status, after everything said and sent before it. */
import type { PseudoTtyInfo, ServerChannel } from "../../src/wires/ssh.ts";
import { dropWaiting, untangle } from "./window.ts";

/** What stock clients show for a connection that failed. */
const FAILED = 255;

export class UserChannel {
  readonly channel: ServerChannel;
  readonly pty: PseudoTtyInfo | undefined;
  #over = false;

  constructor(channel: ServerChannel, pty: PseudoTtyInfo | undefined) {
    this.channel = channel;
    this.pty = pty;
    untangle(channel);
    channel.on("error", () => undefined);
    channel.stderr.on("error", () => undefined);
  }

  get over(): boolean { return this.#over || this.channel.destroyed || !this.channel.writable; }

  /** On stderr, which reaches a person even where stdout is a file. */
  say(sentence: string): void {
    if (!this.over) this.channel.stderr.write(this.pty === undefined ? `lockstep: ${sentence}\n` : `\r\nlockstep: ${sentence}\r\n`);
  }

  fail(sentence: string): void {
    this.say(sentence);
    this.exit(FAILED);
  }

  /** A number, the name of a signal, or null where the target told neither. */
  exit(status: number | string | null): void {
    if (this.over) return;
    this.#over = true;
    // ssh2 ends a channel when its stdout is flushed; stderr has to be before that.
    this.channel.stderr.end(() => { this.#status(status); this.channel.end(); });
  }

  #status(status: number | string | null): void {
    if (typeof status === "number") return void this.channel.exit(status);
    try { this.channel.exit(status ?? FAILED as never, false, ""); } catch { this.channel.exit(FAILED); }
  }

  /** Output the client has not taken is dropped; what was said still goes out. */
  close(): void {
    dropWaiting(this.channel);
    if (this.over) return this.drop();
    this.#over = true;
    this.channel.stderr.end(() => { this.#status(FAILED); this.drop(); });
  }

  /** At once, whatever waits. */
  drop(): void { this.channel.close(); }
}
