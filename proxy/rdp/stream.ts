/**
 * Between one page and one guacd, through the tape. Rules: (law recorder-first) an instruction is shown after the recording took what is kept of it;
 * either side waits for the other and for the file; what was refused is answered and counted.
 */
import type { Tape } from "../recorder.ts";
import { Carriage } from "./carriage.ts";
import type { Told } from "./carriage.ts";
import type { Rules } from "./customs.ts";
import { Customs } from "./customs.ts";
import type { Guacd } from "./guac.ts";
import type { Instruction } from "./instructions.ts";
import { instruction, parse } from "./instructions.ts";
import type { DesktopLine } from "./line.ts";
import { HIGH } from "./messages.ts";

/** `refused`: something the policy does not give. `failed`: guacd's own error, with Guacamole's number. `left`: the target's login is over. `goodbye`: the page's. `drawn`: the first picture came. */
export type StreamOptions = {
  readonly rules: Rules; readonly tape: Tape;
  refused(what: string): void; carried(told: Told): void; failed(code: number, words: string): void; left(): void; goodbye(): void; drawn(): void;
};
/** Shown in pieces of about this much. */
const BATCH = 65_536;
/** Opcode and the first three arguments; content is looked into only where it decides something. */
const HEAD = /^\d+\.([a-z]*)(?:,\d+\.([^,;]*))?(?:,\d+\.([^,;]*))?(?:,\d+\.([^,;]*))?/;
const SHALLOW: ReadonlySet<string> = new Set(["blob", "end", "img"]);
/** Opcodes that are never forwarded: the tunnel's own, whose id would let anybody join who reaches guacd. */
const OURS: ReadonlySet<string> = new Set(["", "ready", "args"]);

export class DesktopStream {
  readonly #o: StreamOptions;
  readonly #customs: Customs;
  readonly #carriage: Carriage;
  #line: DesktopLine | undefined;
  #guacd: Guacd | undefined;
  #kept = "";
  #shown = "";
  #due = false;
  #paused = false;
  #drawn = false;
  #time = "0";

  constructor(options: StreamOptions) {
    this.#o = options;
    this.#customs = new Customs(options.rules);
    this.#carriage = new Carriage(options.carried);
  }

  join(line: DesktopLine, guacd: Guacd): void { this.#line = line; this.#guacd = guacd; }

  /** guacd says one instruction. */
  fromGuacd(text: string): void {
    const [, opcode = "", first = "", second = "", third = ""] = HEAD.exec(text) ?? [];
    if (OURS.has(opcode)) return;
    const it: Instruction = SHALLOW.has(opcode) ? [opcode, first, opcode === "blob" ? contentOf(text) : second] : parse(text)?.[0] ?? [opcode];
    if (opcode === "error") return this.#o.failed(Number(it[2]) || 512, it[1] ?? "");
    if (opcode === "disconnect") return this.#o.left();
    if (opcode === "sync") this.#time = first;
    const { crossing, kept } = this.#customs.fromGuacd(it);
    this.#carriage.pass("out", crossing);
    if (crossing.pass === false) this.#refuse(crossing.refused, crossing.answer, (answer) => this.#guacd?.send(answer));
    if (kept) this.#kept += text;
    if (crossing.pass === true) this.#shown += text;
    // Layers below zero are no part of the picture: the pointer is drawn on one before anything is connected.
    if (!this.#drawn && opcode === "img" && !third.startsWith("-")) { this.#drawn = true; this.#o.drawn(); }
    this.#later();
  }
  /** guacd sometimes forgets the first `size` (a race in it), and the picture stays black: the page and the recording get one from here. */
  size(width: number, height: number): void {
    const text = instruction("size", 0, width, height);
    this.#kept += text;
    this.#shown += text;
    this.#later();
  }

  #later(): void {
    if (this.#shown.length > BATCH || this.#kept.length > BATCH) return this.flush();
    if (!this.#due) { this.#due = true; setImmediate(() => this.flush()); }
  }
  flush(): void {
    this.#due = false;
    const kept = Buffer.from(this.#kept), shown = this.#shown;
    this.#kept = this.#shown = "";
    const pass = (): void => { if (shown !== "" && this.#line?.show(shown) === false) this.#hold(); else this.#go(); };
    if (kept.length > 0) this.#o.tape.take("out", kept, pass); else this.#o.tape.after(pass);
    if (this.#o.tape.full()) this.#hold();
  }
  #hold(): void { if (!this.#paused) { this.#paused = true; this.#guacd?.pause(); } }
  #go(): void { if (this.#paused && this.#line?.choked !== true && !this.#o.tape.full()) { this.#paused = false; this.#guacd?.resume(); } }
  /** The page or the file has caught up. */
  drained(): void { this.#go(); }
  /** The bare client takes ten seconds of silence for an end: a page that is behind is none. */
  patient(): void { if (this.#paused) this.#guacd?.patient(); }

  /** The page says these. Answers why not, when it is not of the protocol. */
  fromPage(all: readonly Instruction[]): string | undefined {
    let out = "", moves = "", keys = "";
    for (const it of all) {
      const crossing = this.#customs.fromBrowser(it);
      if (crossing.pass === "broken") return crossing.why;
      this.#carriage.pass("in", crossing);
      if (crossing.pass === false) { this.#refuse(crossing.refused, crossing.answer, (answer) => this.#line?.show(answer)); continue; }
      if (it[0] === "disconnect") { this.#o.goodbye(); return undefined; }
      const text = instruction(...it);
      out += text;
      if (it[0] === "mouse") moves += instruction(...it, this.#time);
      if (it[0] === "key") keys += instruction(...it, this.#time);
    }
    if (out === "") return undefined;
    const send = (): void => this.#send(out);
    if (moves !== "") this.#keep("out", moves);
    if (keys !== "") this.#keep("in", keys);
    this.#o.tape.after(send);
    return undefined;
  }
  #keep(stream: "in" | "out", text: string): void { this.#o.tape.take(stream, Buffer.from(text), () => undefined); }
  #send(text: string): void {
    this.#guacd?.send(text);
    if ((this.#guacd?.behind() ?? 0) > HIGH) this.#line?.pause();
  }
  /** guacd has taken what waited. */
  taken(): void { this.#line?.resume(); }

  #refuse(what: string | undefined, answer: Instruction | undefined, to: (text: string) => void): void {
    if (what !== undefined) this.#o.refused(what);
    if (answer !== undefined) to(instruction(...answer));
  }

  end(): void { this.flush(); this.#carriage.end(); }
}

/** The second argument of a `blob`, without looking at the rest character by character. */
const contentOf = (text: string): string => { const at = text.indexOf(",", text.indexOf(",") + 1), dot = text.indexOf(".", at); return text.slice(dot + 1, -1); };
