/**
 * What may cross between a browser and guacd, and what of it is kept. Rules: from a browser a closed list, every argument of its own kind, written
 * anew and never as it came; clipboard and files by the policy, each direction by itself; a refusal is answered and the session goes on.
 */
import type { Instruction } from "./instructions.ts";
import { STATUS } from "./instructions.ts";

export type Rules = { readonly clipboardIn: boolean; readonly clipboardOut: boolean; readonly filesIn: boolean; readonly filesOut: boolean };
/** `refused`: in words, for the ledger. `begins`, `piece` and `ends`: a stream of somebody's content. */
export type Crossing =
  | { readonly pass: true; readonly begins?: Carried; readonly piece?: { readonly stream: string; readonly data: string }; readonly ends?: string }
  | { readonly pass: false; readonly refused?: string; readonly answer?: Instruction }
  /** Not of this protocol: the session ends. */
  | { readonly pass: "broken"; readonly why: string };
export type Carried = { readonly stream: string; readonly what: "clipboard" | "file"; readonly name: string };

const int = /^-?\d{1,6}$/, count = /^\d{1,15}$/, name = /^[^\0]{0,1024}$/s, any = /^[\s\S]*$/;
/** Opcodes a browser may say, and what their arguments are. `touch` and pressure are decimals. */
const decimal = /^-?\d{1,6}(\.\d{1,20})?$/;
const SAYS: Readonly<Record<string, readonly RegExp[]>> = {
  mouse: [int, int, /^\d{1,3}$/], key: [/^\d{1,9}$/, /^[01]$/], touch: [int, int, int, int, int, decimal, decimal], sync: [count], size: [/^\d{2,4}$/, /^\d{2,4}$/],
  nop: [], disconnect: [], ack: [int, name, /^\d{1,4}$/], clipboard: [int, name], file: [int, name, name], blob: [int, any], end: [int], get: [int, name], put: [int, int, name, name],
};
/** Streams open at a time, each way; guacd has 64. */
const MOST = 64;
const PASS = { pass: true } as const;
/** A folder's list, which people need for either direction. */
const LISTING = "application/vnd.glyptodon.guacamole.stream-index+json";
const FORBIDDEN = String(STATUS.forbidden);
export const nobodyThere = (stream: string): Instruction => ["ack", stream, "nobody is there", String(STATUS.clientTimeout)];

export class Customs {
  readonly #rules: Rules;
  /** Streams the browser opened and may fill. */
  readonly #up = new Set<string>();
  /** Streams guacd opened with content in them: shown or not. */
  readonly #down = new Map<string, boolean>();

  /** Is somebody there who takes what comes? */
  #present = true;

  constructor(rules: Rules) { this.#rules = rules; }

  /** The page is gone: what it was sending and what was on its way to it, by their streams. */
  leave(): { readonly up: readonly string[]; readonly down: readonly string[] } {
    const open = { up: [...this.#up], down: [...this.#down].filter(([, shown]) => shown).map(([stream]) => stream) };
    this.#up.clear();
    for (const stream of open.down) this.#down.set(stream, false);
    this.#present = false;
    return open;
  }
  back(): void { this.#present = true; }

  fromBrowser(it: Instruction): Crossing {
    const [opcode, ...args] = it, shape = Object.hasOwn(SAYS, opcode) ? SAYS[opcode] : undefined;
    if (shape === undefined) return { pass: "broken", why: `a browser may not say ${opcode.slice(0, 20)}` };
    if (args.length !== shape.length || !shape.every((s, i) => s.test(args[i]!))) return { pass: "broken", why: `this is no ${opcode}` };
    const [first = ""] = args;
    switch (opcode) {
      case "clipboard": return this.#opens(this.#rules.clipboardIn, { stream: first, what: "clipboard", name: "" }, "paste");
      case "file": return this.#opens(this.#rules.filesIn, { stream: first, what: "file", name: args[2]! }, "upload");
      case "put": return this.#opens(this.#rules.filesIn, { stream: args[1]!, what: "file", name: args[3]! }, "upload");
      case "get": return this.#rules.filesIn || this.#rules.filesOut ? PASS : { pass: false, refused: "download" };
      case "blob": return this.#up.has(first) ? { pass: true, piece: { stream: first, data: args[1]! } } : { pass: false };
      case "end": return this.#up.delete(first) ? { pass: true, ends: first } : { pass: false };
      default: return PASS;
    }
  }
  #opens(may: boolean, carried: Carried, refused: string): Crossing {
    if (!may || (this.#up.size >= MOST && !this.#up.has(carried.stream))) return { pass: false, refused, answer: ["ack", carried.stream, "refused", FORBIDDEN] };
    this.#up.add(carried.stream);
    return { pass: true, begins: carried };
  }

  /** `kept`: in the recording. What has content of its own is not: the recording says what it was, and its hash. */
  fromGuacd(it: Instruction): { readonly crossing: Crossing; readonly kept: boolean } {
    const [opcode, first = "", second = ""] = it, kept = (crossing: Crossing) => ({ crossing, kept: true }), apart = (crossing: Crossing) => ({ crossing, kept: false });
    switch (opcode) {
      case "clipboard": return apart(this.#shows(this.#rules.clipboardOut, { stream: first, what: "clipboard", name: "" }, "copy"));
      case "file": return apart(this.#shows(this.#rules.filesOut, { stream: first, what: "file", name: it[3] ?? "" }, "download"));
      case "body": return apart(this.#shows(it[3] === LISTING ? this.#rules.filesIn || this.#rules.filesOut : this.#rules.filesOut, { stream: second, what: "file", name: it[4] ?? "" }, "download"));
      case "pipe": case "argv": return apart(this.#shows(false, { stream: first, what: "file", name: "" }, opcode));
      case "filesystem": case "undefine": return apart(this.#rules.filesIn || this.#rules.filesOut ? PASS : { pass: false });
      case "blob": case "end": {
        const shown = this.#down.get(first);
        if (shown === undefined) return kept(PASS);
        if (opcode === "end") this.#down.delete(first);
        return apart(!shown ? { pass: false } : opcode === "end" ? { pass: true, ends: first } : { pass: true, piece: { stream: first, data: second } });
      }
      case "img": case "audio": case "video": this.#down.delete(first); return kept(PASS);
      default: return kept(PASS);
    }
  }
  #shows(may: boolean, carried: Carried, refused: string): Crossing {
    this.#down.set(carried.stream, may && this.#present);
    if (may && !this.#present) return { pass: false, answer: nobodyThere(carried.stream) };
    return may ? { pass: true, begins: carried } : { pass: false, refused, answer: ["ack", carried.stream, "refused", FORBIDDEN] };
  }
}
