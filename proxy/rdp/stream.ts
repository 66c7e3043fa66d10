/**
 * Between one page and one guacd, through the tape. Rules: (law recorder-first) an instruction is shown after the recording took what is kept of it;
 * either side waits for the other and for the file; what was refused is answered and counted; while no page is there, guacd goes on and is answered here.
 */
import type { Tape } from "../recorder.ts";
import { Carriage } from "./carriage.ts";
import type { Told } from "./carriage.ts";
import type { Rules } from "./customs.ts";
import { Customs, nobodyThere } from "./customs.ts";
import type { Guacd, Heard } from "./guac.ts";
import { Hands } from "./hands.ts";
import type { Instruction } from "./instructions.ts";
import { instruction, parse } from "./instructions.ts";
import type { DesktopLine } from "./line.ts";
import { HIGH } from "./messages.ts";
import { Onlookers } from "./onlookers.ts";
import { Picture } from "./picture.ts";

/** `refused`: something the policy does not give. `failed`: guacd's own error, with Guacamole's number. `left`: the target's login is over. `goodbye`: the page's. `drawn`: the first picture came. */
export type StreamOptions = {
  readonly rules: Rules; readonly tape: Tape;
  refused(what: string): void; carried(told: Told): void; failed(code: number, words: string): void; left(): void; goodbye(): void; drawn(): void;
  /** Joins guacd's connection of this id once more, for looking alone. */
  join(id: string, heard: Heard): Guacd;
  /** In milliseconds: until guacd has let go, until it has drawn, between two pictures for who is behind. */
  readonly farewell: number; readonly patience: number; readonly pause: number;
  /** In milliseconds: how long a piece of a picture waits for its frame. */
  readonly drawing: number;
};
/** Shown in pieces of about this much. */
const BATCH = 65_536;
/** Opcode and the first three arguments; content is looked into only where it decides something. */
const HEAD = /^\d+\.([a-z]*)(?:,\d+\.([^,;]{0,64}))?(?:,\d+\.([^,;]{0,64}))?(?:,\d+\.([^,;]{0,64}))?/;
/** What a picture is made of. Nobody sees it before the `sync` behind it, so all of a frame goes on together: piece by piece it costs three times as much. */
const DRAWS: ReadonlySet<string> = new Set(["img", "blob", "end", "copy", "rect", "cfill", "size", "transfer", "move", "shade", "dispose", "cursor"]);
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
  #frame: NodeJS.Timeout | undefined;
  #paused = false;
  #drawn = false;
  #time = "0";
  /** guacd's own name of this connection: whoever says it there is let in, so it leaves this process for guacd alone. */
  #id = "";
  readonly #hands = new Hands();
  readonly #picture: Picture;
  readonly onlookers: Onlookers;
  /** Drives guacd has offered and the policy gives, as they were offered. */
  readonly #objects = new Map<string, string>();

  constructor(options: StreamOptions) {
    this.#o = options;
    this.#customs = new Customs(options.rules);
    this.#carriage = new Carriage(options.carried);
    this.#picture = new Picture({ ...options, join: (heard) => options.join(this.#id, heard) });
    this.onlookers = new Onlookers(this.#picture, options.pause);
  }

  join(line: DesktopLine): void { this.#line = line; }
  reach(guacd: Guacd): void { this.#guacd = guacd; }
  get drives(): number { return this.#objects.size; }

  /** The page is gone: what it held down is let go, what it was sending is cut off. */
  away(): void {
    this.#line = undefined;
    const { up, down } = this.#customs.leave();
    for (const stream of up) this.#guacd?.send(instruction("end", stream));
    for (const stream of down) this.#guacd?.send(instruction(...nobodyThere(stream)));
    this.#carriage.end();
    this.fromPage(this.#hands.off());
    this.#guacd?.send(instruction("sync", this.#time));
    this.#go();
  }
  /** Another page of the same person: the whole picture first, then what comes. `none`: guacd would not draw it. */
  back(line: DesktopLine, none: () => void): void {
    this.#picture.want({
      give: (text) => {
        if (line.closed || this.#line !== undefined) return;
        this.#line = line;
        this.#customs.back();
        if (!line.show(text + [...this.#objects.values()].join(""))) this.#hold();
      },
      none: () => { if (!line.closed) none(); },
    });
  }
  /** A sign of life, whatever the page does: guacd ends what says nothing. */
  alive(): void { this.#guacd?.send("3.nop;"); }

  /** guacd says one instruction. */
  fromGuacd(text: string): void {
    const [, opcode = "", first = "", second = "", third = ""] = HEAD.exec(text) ?? [];
    if (opcode === "" && first.startsWith("$")) this.#id = first;
    if (OURS.has(opcode)) return;
    const it: Instruction = SHALLOW.has(opcode) ? [opcode, first, opcode === "blob" ? contentOf(text) : second] : parse(text)?.[0] ?? [opcode];
    if (opcode === "error") return this.#o.failed(Number(it[2]) || 512, it[1] ?? "");
    if (opcode === "disconnect") return this.#o.left();
    if (opcode === "sync") {
      this.#time = first;
      if (this.#line === undefined) this.#guacd?.send(text);
    }
    const { crossing, kept } = this.#customs.fromGuacd(it);
    this.#carriage.pass("out", crossing);
    if (crossing.pass === false) this.#refuse(crossing.refused, crossing.answer, (answer) => this.#guacd?.send(answer));
    if (kept) this.#kept += text;
    if (crossing.pass === true) this.#shown += text;
    if (crossing.pass === true && opcode === "filesystem") this.#objects.set(first, text);
    if (opcode === "undefine") this.#objects.delete(first);
    // Layers below zero are no part of the picture: the pointer is drawn on one before anything is connected.
    if (!this.#drawn && opcode === "img" && !third.startsWith("-")) { this.#drawn = true; this.#o.drawn(); }
    this.#later(opcode, kept);
  }
  /** guacd sometimes forgets the first `size` (a race in it), and the picture stays black: the page and the recording get one from here. */
  size(width: number, height: number): void {
    const text = instruction("size", 0, width, height);
    this.#kept += text;
    this.#shown += text;
    this.#later("sync", true);
  }

  #later(opcode: string, kept: boolean): void {
    // Somebody waits for this picture, and other desktops of this process may fill the turn.
    if (opcode === "sync") { this.flush(); return this.#o.tape.now(); }
    if (this.#shown.length > BATCH || this.#kept.length > BATCH) return this.flush();
    if (kept && DRAWS.has(opcode)) this.#frame ??= setTimeout(() => this.flush(), this.#o.drawing);
    else if (!this.#due) { this.#due = true; setImmediate(() => this.flush()); }
  }
  flush(): void {
    this.#due = false;
    clearTimeout(this.#frame);
    this.#frame = undefined;
    const kept = this.#kept, bytes = Buffer.from(kept), shown = this.#shown === kept ? bytes : this.#shown;
    this.#kept = this.#shown = "";
    const pass = (): void => {
      if (shown.length > 0 && this.#line?.show(shown) === false) this.#hold(); else this.#go();
      this.#recorded(kept);
    };
    if (kept !== "") this.#o.tape.take("out", bytes, pass); else this.#o.tape.after(pass);
    if (this.#o.tape.full()) this.#hold();
  }
  /** The recording has it: whoever looks on may, too. */
  #recorded(text: string): void {
    if (text === "") return;
    this.onlookers.show(text);
    this.#picture.kept(text);
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
      this.#hands.did(it);
      if (this.#hands.full) return "this is no keyboard";
      if (it[0] === "mouse") moves += instruction(...it, this.#time);
      if (it[0] === "key") keys += instruction(...it, this.#time);
    }
    if (out === "") return undefined;
    const send = (): void => this.#send(out);
    if (moves !== "") this.#o.tape.take("out", Buffer.from(moves), () => this.#recorded(moves));
    if (keys !== "") this.#o.tape.take("in", Buffer.from(keys), () => undefined);
    this.#o.tape.after(send);
    return undefined;
  }
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

  end(): void {
    this.flush();
    this.#carriage.end();
    this.#picture.end();
    this.onlookers.end();
  }
}

/** The second argument of a `blob`, without looking at the rest character by character. */
const contentOf = (text: string): string => { const at = text.indexOf(",", text.indexOf(",") + 1), dot = text.indexOf(".", at); return text.slice(dot + 1, -1); };
