/**
 * The last screen of a terminal, for whoever comes later: the newest output as it was, and what older output left switched on. Rule:
 * bounded, and cheap while nobody asks; it is a redraw, the recording is the truth.
 */

/** Kept at most, in bytes: several full screens in colour. Grows to it from `FIRST`. */
export const KEPT = 98_304;
const FIRST = 2_048;
/** Longest escape sequence of interest; a longer one is not one. */
const LONGEST = 64;
/** What a program sets once and counts on: alternate screen, cursor, mouse, bracketed paste, keypad, scroll region, colours. */
// eslint-disable-next-line no-control-regex
const SEQUENCE = /\x1b(?:\[\?([\d;]+)([hl])|\[([\d;:]*)m|\[([\d;]*)r|([=>])|(c))/g;
const NEWLINE = 10;

export class Screen {
  cols: number;
  rows: number;
  #ring = Buffer.allocUnsafeSlow(FIRST);
  /** Bytes ever added; the ring holds the last of them. */
  #total = 0;
  readonly #modes = new Map<string, string>();
  #style = "";
  #region = "";
  #keypad = "";
  /** The end of what fell out of the ring last: a sequence may have begun in it. */
  #carry = "";

  constructor(cols: number, rows: number) { this.cols = cols; this.rows = rows; }

  get total(): number { return this.#total; }

  add(data: Buffer): void {
    const held = Math.min(this.#total, this.#ring.length), over = held + data.length - this.#ring.length;
    if (over > 0 && this.#ring.length < KEPT) { this.#grow(held + data.length); return this.add(data); }
    if (over > 0) this.#forget(data, over, held);
    const tail = data.length > this.#ring.length ? data.subarray(data.length - this.#ring.length) : data;
    const at = (this.#total + data.length - tail.length) % this.#ring.length, first = Math.min(tail.length, this.#ring.length - at);
    tail.copy(this.#ring, at, 0, first);
    tail.copy(this.#ring, 0, first);
    this.#total += data.length;
  }

  #grow(need: number): void {
    const old = this.last(this.#ring.length);
    this.#ring = Buffer.allocUnsafeSlow(Math.min(KEPT, Math.max(need, this.#ring.length * 2)));
    // Laid out as if it had always been this long.
    const from = this.#total - old.length;
    for (let i = 0; i < old.length;) {
      const at = (from + i) % this.#ring.length, n = Math.min(old.length - i, this.#ring.length - at);
      old.copy(this.#ring, at, i, i + n);
      i += n;
    }
  }

  /** `over` bytes fall out: first of the ring, then of `data` itself. */
  #forget(data: Buffer, over: number, held: number): void {
    const ofRing = Math.min(over, held);
    this.#learn(this.#slice(held, ofRing));
    if (over > ofRing) this.#learn(data.subarray(0, over - ofRing));
  }

  #learn(gone: Buffer): void {
    if (this.#carry === "" && !gone.includes(0x1b)) return;
    const text = this.#carry + gone.toString("latin1");
    for (const [, modes, on, style, region, keypad, reset] of text.matchAll(SEQUENCE)) {
      if (reset !== undefined) { this.#modes.clear(); this.#style = this.#region = this.#keypad = ""; }
      for (const mode of modes?.split(";").slice(0, 16) ?? []) {
        if (this.#modes.size < LONGEST || this.#modes.has(mode)) this.#modes.set(mode, on ?? "l");
      }
      if (style !== undefined) this.#style = style === "" || style === "0" ? "" : `\x1b[${style}m`;
      if (region !== undefined) this.#region = region === "" ? "" : `\x1b[${region}r`;
      if (keypad !== undefined) this.#keypad = `\x1b${keypad}`;
    }
    const escape = text.lastIndexOf("\x1b");
    // eslint-disable-next-line no-control-regex
    this.#carry = escape >= 0 && text.length - escape < LONGEST && !/^\x1b(?:\[[?\d;:]*[@-~]|[^[])/.test(text.slice(escape)) ? text.slice(escape) : "";
  }

  /** The newest `most` bytes that are still there, in order. */
  last(most: number): Buffer {
    const n = Math.min(most, this.#total, this.#ring.length);
    return this.#slice(n, n);
  }

  /** A copy of `n` bytes, the first of which is the newest but `back`: never more than was asked for, as this runs for each piece of a flood. */
  #slice(back: number, n: number): Buffer {
    const at = (this.#total - back) % this.#ring.length, first = Math.min(n, this.#ring.length - at);
    return Buffer.concat([this.#ring.subarray(at, at + first), this.#ring.subarray(0, n - first)]);
  }

  /** Drawn on an empty terminal of this size this looks like the session's own. At most KEPT and a little. */
  snapshot(): Buffer {
    const all = this.last(KEPT);
    if (this.#total <= all.length) return all;
    const modes = [...this.#modes].map(([mode, on]) => `\x1b[?${mode}${on}`).join("");
    // A cut inside a character or a sequence shows as rubbish: the first whole line is a safe start.
    const line = all.indexOf(NEWLINE), from = line >= 0 && line < all.length / 2 ? line + 1 : 0;
    return Buffer.concat([Buffer.from(`${modes}${this.#region}${this.#keypad}${this.#style}`), all.subarray(from)]);
  }
}
