/**
 * A person's terminal while the broker itself speaks in it: lines out, keys in. Rule: it needs a carriage return and printable ASCII, no colour
 * and no width; keys nobody took are dropped when it is handed on, so that nothing typed at us reaches a target.
 */
import { StringDecoder } from "node:string_decoder";
import { plainLine } from "../../src/kernel/plain.ts";
import type { Key } from "./keys.ts";
import { edit, fold, head, keysOf, tail } from "./keys.ts";
import type { UserChannel } from "./user-channel.ts";

export type Size = { readonly cols: number; readonly rows: number };
/** What a person did to a question: an answer, Ctrl-C, Ctrl-D on an empty line, or they went away. */
export type Answer = { readonly text: string } | { readonly left: "interrupt" | "end" | "gone" };
type Question = { readonly prompt: string; readonly most: number; text: string; readonly answer: (a: Answer) => void };

const WIDE = 80, HIGH = 24, NARROW = 10;
/** Keys typed ahead of the next question. */
const AHEAD = 4_096;

export class Terminal {
  readonly #user: UserChannel;
  readonly #size: () => Size | undefined;
  readonly #decoder = new StringDecoder("utf8");
  /** What stands on the line that is rewritten in place. */
  #status = "";
  #ahead: Key[] = [];
  #listens = false;
  #onKey: ((key: Key) => void) | undefined;
  #onGone: () => void = () => undefined;
  #onSize: () => void = () => undefined;
  readonly #take = (data: Buffer): void => {
    this.#ahead.push(...keysOf(this.#decoder.write(data)).slice(0, AHEAD - this.#ahead.length));
    this.#drain();
  };
  readonly #gone = (): void => this.#onGone();

  constructor(user: UserChannel, size: () => Size | undefined) {
    this.#user = user;
    this.#size = size;
  }

  /** Only when something is asked: what a client sends along with an access it has already is for the target. */
  #listen(): void {
    if (this.#listens) return;
    this.#listens = true;
    this.#user.channel.on("data", this.#take);
    this.#user.channel.on("close", this.#gone);
    this.#user.channel.on("end", this.#gone);
    this.#user.channel.resume();
  }

  /** The channel is somebody else's from here on; what comes meanwhile waits for them. */
  release(): void {
    this.clear();
    if (!this.#listens) return;
    this.#user.channel.pause();
    this.#user.channel.off("data", this.#take);
    this.#user.channel.off("close", this.#gone);
    this.#user.channel.off("end", this.#gone);
  }

  get gone(): boolean { return this.#user.over || this.#user.channel.readableEnded; }
  /** A client that tells no width, or 0, gets 80. */
  get cols(): number { return Math.max(NARROW, this.#size()?.cols || WIDE); }
  get rows(): number { return Math.max(NARROW, this.#size()?.rows || HIGH); }

  raw(text: string): void { if (!this.#user.over) this.#user.channel.write(text); }

  /** A sentence of its own, folded to the width. Text from outside loses what would steer a terminal. */
  say(text = ""): void {
    this.clear();
    for (const line of fold(plainLine(text), this.cols - 1)) this.raw(`${line}\r\n`);
  }
  /** One line, rewritten in place. */
  status(text: string): void { this.#paint(head(plainLine(text), this.cols - 1)); }
  #paint(line: string): void {
    const rub = Math.max(0, Math.min([...this.#status].length, this.cols - 1) - [...line].length);
    this.raw(`\r${line}${" ".repeat(rub)}${"\b".repeat(rub)}`);
    this.#status = line;
  }
  clear(): void {
    if (this.#status === "") return;
    this.raw(`\r${" ".repeat(Math.min([...this.#status].length, this.cols - 1))}\r`);
    this.#status = "";
  }

  /** Keys go to `on` until the returned function is called; `gone` once when the person has left. */
  keys(on: (key: Key) => void, gone: () => void): () => void {
    this.#listen();
    this.#onKey = on;
    this.#onGone = gone;
    // Not before the caller holds what it stops with.
    queueMicrotask(() => { if (this.#onKey === on) { if (this.gone) gone(); else this.#drain(); } });
    return () => { this.#onKey = undefined; this.#onGone = () => undefined; };
  }
  /** Calls `on` when the window has another size, until the returned function is called. */
  onResize(on: () => void): () => void {
    this.#onSize = on;
    return () => { this.#onSize = () => undefined; };
  }
  /** The window has another size. */
  resized(): void { this.#onSize(); }
  /** What was typed ahead is not an answer to the next question. */
  drop(): void { this.#ahead = []; }
  #drain(): void {
    for (let key = this.#ahead[0]; key !== undefined && this.#onKey !== undefined; key = this.#ahead[0]) { this.#ahead.shift(); this.#onKey(key); }
  }

  /** A question with an editable line. `most`: characters taken. */
  async ask(prompt: string, most: number): Promise<Answer> {
    this.clear();
    const shown = head(plainLine(prompt), Math.max(4, this.cols - 12));
    return await new Promise<Answer>((resolve) => {
      const q: Question = { prompt: `${shown} `, most, text: "", answer: (a) => { stop(); this.#status = ""; this.raw("\r\n"); resolve(a); } };
      const stop = this.keys((key) => this.#typed(q, key), () => q.answer({ left: "gone" }));
      this.#draw(q);
    });
  }

  #draw({ prompt, text }: Question): void { this.#paint(`${prompt}${tail(text, this.cols - 1 - [...prompt].length)}`); }

  #typed(q: Question, key: Key): void {
    switch (key.kind) {
      case "enter": return q.answer({ text: q.text.trim() });
      case "interrupt": return q.answer({ left: "interrupt" });
      case "end": return q.text === "" ? q.answer({ left: "end" }) : undefined;
      default: q.text = edit(q.text, key, q.most); this.#draw(q);
    }
  }
}
