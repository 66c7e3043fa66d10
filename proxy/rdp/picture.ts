/**
 * The whole picture of a running desktop, for whoever comes later: guacd is asked for it by joining the connection once more, for looking alone,
 * and left again. Rules: it is joined from here, its id goes to nobody; what was recorded since it was asked for is told after it, and the recorded
 * stream goes on from there, so that nothing stands between the two.
 *
 * guacd takes the picture at one moment between asking and answering. Pictures and fills told twice come to the same; what moves a part of the
 * picture does not, so where something moved meanwhile it is asked for again.
 */
import { Customs } from "./customs.ts";
import type { Guacd, Heard } from "./guac.ts";
import { instruction, opcodeOf, parse } from "./instructions.ts";

/** `give` gets what to draw on an empty display, in the turn in which everything recorded so far is in it; `none`: guacd would not. */
export type Wanting = { give(text: string): void; none(): void };
export type PictureOptions = {
  join(heard: Heard): Guacd;
  /** In milliseconds: until guacd has let go; until it has drawn. */
  readonly farewell: number; readonly patience: number;
};
/** Tries, each some tenths of a second; then it is told as it is: a desktop that moves all the time is drawn anew all the time. */
const MOST = 8;
/** Kept for one answer, in characters: a picture of the largest screen is a tenth of it. */
const FULL = 32 << 20;
const MOVES = /(?:^|;)(?:4\.copy|8\.transfer),/, SYNC = /(?:^|;)4\.sync,\d+\.(\d+)/g;
const NOBODY = { clipboardIn: false, clipboardOut: false, filesIn: false, filesOut: false };
/** What of a joined connection is no part of the picture. */
const APART: ReadonlySet<string> = new Set(["", "ready", "args", "nop", "audio", "video", "name"]);

export class Picture {
  readonly #o: PictureOptions;
  readonly #wanting: Wanting[] = [];
  #guacd: Guacd | undefined;
  #customs = new Customs(NOBODY);
  #drawn = "";
  #since = "";
  /** guacd's last frame before its answer was whole, by its own clock: with the next one, all that may be in it has come here, too. */
  #until: number | undefined;
  #tries = 0;
  #late: NodeJS.Timeout | undefined;

  constructor(options: PictureOptions) { this.#o = options; }

  want(one: Wanting): void {
    this.#wanting.push(one);
    if (this.#wanting.length === 1) { this.#tries = 0; this.#ask(); }
  }
  /** Nobody waits any more. */
  end(): void { this.#wanting.length = 0; this.#leave(); this.#until = undefined; }

  #ask(): void {
    clearTimeout(this.#late);
    this.#tries += 1;
    this.#drawn = this.#since = "";
    this.#until = undefined;
    this.#customs = new Customs(NOBODY);
    const mine = (): boolean => this.#guacd === guacd, guacd: Guacd = this.#o.join({
      instruction: (text) => { if (mine()) this.#hear(text); }, drained: () => undefined, gone: () => { if (mine()) this.#failed(); },
    });
    this.#guacd = guacd;
    this.#late = setTimeout(() => { if (mine()) this.#failed(); }, this.#o.patience);
  }
  #leave(): void {
    clearTimeout(this.#late);
    const guacd = this.#guacd;
    this.#guacd = undefined;
    guacd?.leave(this.#o.farewell);
  }
  #failed(): void {
    this.#leave();
    if (this.#tries < MOST / 2 && this.#wanting.length > 0) return this.#ask();
    for (const one of this.#wanting.splice(0)) one.none();
  }

  #hear(text: string): void {
    const opcode = opcodeOf(text);
    if (APART.has(opcode)) return;
    if (opcode === "error" || opcode === "disconnect") return this.#failed();
    const [it] = parse(text) ?? [], { crossing, kept } = this.#customs.fromGuacd(it ?? [opcode]);
    if (crossing.pass === false && crossing.answer !== undefined) this.#guacd?.send(instruction(...crossing.answer));
    if (!kept) return;
    this.#drawn += text;
    if (this.#drawn.length > FULL) return this.#failed();
    if (opcode !== "sync") return;
    this.#until = Number(it?.[1]);
    this.#leave();
    // Where nothing is drawn any more, no frame comes either.
    this.#late = setTimeout(() => this.#give(), this.#o.patience);
  }

  /** The session's own, after the recording took it. */
  kept(text: string): void {
    if (this.#wanting.length === 0) return;
    this.#since += text;
    if (this.#since.length > FULL) return this.#failed();
    if (this.#until === undefined) return;
    const now = [...text.matchAll(SYNC)].at(-1)?.[1];
    if (now === undefined || Number(now) <= this.#until) return;
    if (MOVES.test(this.#since) && this.#tries < MOST) return this.#ask();
    this.#give();
  }
  #give(): void {
    clearTimeout(this.#late);
    this.#until = undefined;
    const whole = this.#drawn + this.#since;
    this.#drawn = this.#since = "";
    for (const one of this.#wanting.splice(0)) one.give(whole);
  }
}
