/**
 * One terminal in a browser: a session like one by SSH, whose person's leg may lose its socket and come back. Rules: the socket is the only
 * thing a lost connection takes; one socket at a time, the newest; nobody back within the grace time ends the session.
 */
import { toFault } from "../../src/kernel/fault.ts";
import type { Deps } from "../deps.ts";
import { words } from "../log.ts";
import type { Leg } from "../session.ts";
import type { Asked } from "../ssh/channels.ts";
import { join } from "../ssh/channels.ts";
import type { Live } from "../ssh/upstream.ts";
import { openUpstream } from "../ssh/upstream.ts";
import type { WebEnd } from "./end.ts";
import { webEnd } from "./end.ts";
import type { Line } from "./line.ts";
import type { Size, ToPage } from "./messages.ts";
import { LEFT, TAKEN_OVER, TYPED } from "./messages.ts";

export type Way = { readonly login: string; readonly account: string; readonly target: string };
const TERM = "xterm-256color", PASTE_BEGINS = "\x1b[200~";
const NO_PASTE = "Pasting into this session is not part of your access.";
export const NOT_BACK = "Your browser did not come back in time, so this session has ended.";
const exited = (status: number | string | null): string => {
  if (status === 0) return "The shell has ended.";
  if (status === null) return "The shell was closed by the target.";
  return typeof status === "number" ? `The shell has ended with status ${status}.` : `The shell was ended by signal ${status}.`;
};

export class WebTerminal implements Leg {
  readonly #deps: Deps;
  readonly #way: Way;
  readonly #known: Map<string, WebTerminal>;
  readonly #end: WebEnd;
  readonly #asked: Asked;
  #line: Line | undefined;
  #live: Live | undefined;
  #grace: NodeJS.Timeout | undefined;
  #beat: NodeJS.Timeout | undefined;
  #refusals: string[] = [];
  #size: Size;
  #sentence = "This session has ended.";
  #over = false;

  /** `known`: the terminals of this process by session, for those who come back. */
  constructor(deps: Deps, way: Way, known: Map<string, WebTerminal>, line: Line, size: Size) {
    this.#deps = deps;
    this.#way = way;
    this.#known = known;
    this.#size = size;
    this.#end = webEnd({
      say: (text) => this.#tell({ type: "say", text }), took: (bytes) => this.#tell({ type: "took", bytes }), exit: (status) => this.#exit(status),
    });
    const pty = { ...size, height: 0, width: 0, term: TERM, modes: {} };
    this.#asked = { pty: pty as Asked["pty"], env: {}, onSize: (s) => Object.assign(pty, s), onSignal: () => undefined };
    this.#line = this.#end.channel.line = line;
    void this.#open();
    line.hear(this.#listener(line));
  }

  async #open(): Promise<void> {
    try {
      await join({ live: () => this.#begin(), refuse: (what) => this.#refuse(what) }, this.#end, { kind: "shell" }, this.#asked);
    } catch (error) {
      const fault = toFault(error);
      if (fault.code === "internal") this.#deps.log("error", "a web terminal failed", { error: words(fault.cause ?? fault) });
      this.say(fault.message);
      this.close();
      await this.#live?.session.end({ why: "error", detail: words(error) });
    }
  }

  async #begin(): Promise<Live> {
    const live = await openUpstream({ ...this.#way, channel: "shell" }, this, this.#deps), { session } = live;
    this.#live = live;
    if (session.ended) return live;
    this.#known.set(session.id, this);
    for (const what of this.#refusals.splice(0)) session.refuse(what);
    this.#beat = setInterval(() => this.#pulse(), this.#deps.waits.heartbeat);
    if (this.#line === undefined) this.#away(); else this.#hello(this.#line, false);
    return live;
  }

  #tell(message: ToPage): void { this.#line?.tell(message); }
  #hello(line: Line, again: boolean): void {
    const { session } = this.#live!, { graceMs, clipboardIn, clipboardOut, recordInput, banner = "" } = session.grant.terms;
    line.tell({
      type: "hello", session: session.id, again, took: this.#end.channel.accepted, remainingMs: Math.round(session.remainingMs), graceMs,
      beatMs: this.#deps.waits.heartbeat, clipboardIn, clipboardOut, recordInput, banner,
    });
  }
  #pulse(): void {
    if (this.#line?.beat() === true) this.#tell({ type: "left", remainingMs: Math.round(this.#live!.session.remainingMs) });
  }

  #listener(line: Line) {
    return {
      typed: (data: Buffer) => this.#typed(data),
      resize: (size: Size) => this.#resize(size),
      lost: (code: number) => { if (this.#line === line) this.#lost(code); },
    };
  }

  /** Only a change: each is written to the recording. */
  #resize({ cols, rows }: Size): void {
    if (this.#size.cols === cols && this.#size.rows === rows) return;
    this.#size = { cols, rows };
    this.#asked.onSize({ cols, rows, height: 0, width: 0 });
  }

  /** What the policy keeps out is counted as taken: the page does not send it again. */
  #typed(data: Buffer): boolean {
    if (this.#live?.session.grant.terms.clipboardIn === false && (data.length > TYPED || data.includes(PASTE_BEGINS))) {
      this.#refuse("paste");
      this.#end.channel.accepted += data.length;
      this.#tell({ type: "took", bytes: this.#end.channel.accepted });
      this.#tell({ type: "say", text: NO_PASTE });
      return true;
    }
    return this.#end.channel.type(data);
  }
  #refuse(what: string): void { if (this.#live === undefined) this.#refusals.push(what); else this.#live.session.refuse(what); }

  #lost(code: number): void {
    this.#line = this.#end.channel.line = undefined;
    if (this.#over || this.#live === undefined) return;
    if (code === LEFT) return void this.#live.session.end({ why: "client_closed" });
    this.#away();
  }
  #away(): void {
    const { session } = this.#live!;
    clearTimeout(this.#grace);
    session.event({ kind: "away", channel: 1 });
    const over = (): void => void session.end({ why: "client_closed", detail: "the browser did not come back in time", sentence: NOT_BACK });
    this.#grace = setTimeout(over, session.grant.terms.graceMs);
  }

  /** A new socket of the same person, already admitted: the last screen first, then what comes. An old one that still seems there is told. */
  comeBack(line: Line, size: Size): void {
    const { channel } = this.#end, old = this.#line;
    clearTimeout(this.#grace);
    this.#line = channel.line = undefined;
    old?.close(TAKEN_OVER, "continued in another window");
    // What waited for the old socket is in the last screen already; it has to be dropped before that is taken.
    const settle = (): void => {
      if (this.#over) { line.tell({ type: "ended", sentence: this.#sentence }); return line.close(); }
      if (line.closed) return this.#line === undefined ? this.#away() : undefined;
      if (channel.writableLength > 0) return void setImmediate(settle);
      this.#line?.close(TAKEN_OVER, "continued in another window");
      this.#line = line;
      this.#hello(line, true);
      const screen = this.#live!.session.screenOf(1)?.snapshot() ?? Buffer.alloc(0);
      line.tell({ type: "replay", bytes: screen.length });
      line.show(screen, () => { if (this.#line === line) channel.line = line; });
      this.#resize(size);
      line.hear(this.#listener(line));
    };
    setImmediate(settle);
  }

  #exit(status: number | string | null): void {
    void this.#live?.session.end({ why: "client_closed", detail: exited(status), sentence: exited(status) });
  }

  left(remainingMs: number): void { this.#tell({ type: "left", remainingMs }); }
  say(sentence: string): void { this.#sentence = sentence; }
  close(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#grace);
    clearInterval(this.#beat);
    if (this.#live !== undefined) this.#known.delete(this.#live.session.id);
    const line = this.#line;
    line?.tell({ type: "ended", sentence: this.#sentence });
    line?.close();
    // Nothing goes through it any more; a slow page still gets what is on its way, and the sentence behind it.
    if (line !== undefined) setTimeout(() => line.drop(), this.#deps.waits.handshake).unref();
    this.#end.channel.destroy();
  }
}
