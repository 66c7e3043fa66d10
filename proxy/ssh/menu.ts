/**
 * The menu of a login that names no account: what is held and what may be asked for. Rule: chosen by number, by arrows or by a part of the
 * name; every line fits the width, and a plain VT100 without colour can show it.
 */
import { Fault } from "../../src/kernel/fault.ts";
import { sayMinutes } from "../../src/kernel/minutes.ts";
import { plainLine } from "../../src/kernel/plain.ts";
import type { MenuItem } from "../channel.ts";
import type { Destination, Speak } from "./door.ts";
import type { Key } from "./keys.ts";
import { edit, head, tail } from "./keys.ts";
import { left } from "./leave.ts";
import type { Terminal } from "./terminal.ts";

const MINUTE = 60_000, MOST = 200, FRAME = 4, ROOM_FOR_NAME = 0.6;
const NOTHING = "You hold nothing, and no policy gives you an account to ask for. Ask an admin to put you into a policy.";
const about = (ms: number): string => (ms < MINUTE ? "less than a minute" : sayMinutes(Math.floor(ms / MINUTE)));

const MINE = {
  checked_out: (left: string) => `yours, ${left} left`, approved: (left: string) => `approved, start within ${left}`, pending: () => "asked, waits for approval",
} as const;
const WORDS: Readonly<Record<string, string>> = { rotating: "password is being changed", due: "password change due", unmanaged: "not managed",
  adopting: "being adopted" };
/** Where an item stands, for the person who reads it. */
export const standingWords = ({ mine, standing: s }: Pick<MenuItem, "mine" | "standing">): string => {
  if (mine?.state === "checked_out") return MINE.checked_out(about(mine.leftMs));
  if (s.word === "held") return `${mine ? `${MINE[mine.state](about(mine.leftMs))}; ` : ""}held by ${s.by ?? "somebody"}${s.leftMs === null ? "" : ` for ${about(s.leftMs)}`}`;
  return mine ? MINE[mine.state](about(mine.leftMs)) : WORDS[s.word] ?? s.word;
};

const nameOf = (i: MenuItem): string => `${i.account}@${i.target}`;
const isNumber = (text: string): boolean => /^\d+$/.test(text);
/** A number chooses and does not filter; words all have to be in the name. */
export const filtered = (items: readonly MenuItem[], text: string): readonly MenuItem[] => {
  const words = text.toLowerCase().split(/\s+/).filter((w) => w !== "");
  return isNumber(text) ? items : items.filter((i) => words.every((w) => nameOf(i).toLowerCase().includes(w)));
};
/** What Enter means: the number, the marked line, or the only one left. */
export const chosenBy = (shown: readonly MenuItem[], text: string, marked: number): MenuItem | undefined =>
  (isNumber(text) ? shown[Number(text) - 1] : shown[marked] ?? (shown.length === 1 ? shown[0] : undefined));

/** The lines of the list, each narrower than `cols`; at most `rows` of them, around the marked one. */
export const menuLines = (shown: readonly MenuItem[], marked: number, cols: number, rows: number): string[] => {
  const wide = Math.max(1, ...shown.map((i) => [...nameOf(i)].length)), digits = String(shown.length).length, room = cols - 1 - digits - 4;
  const name = Math.max(1, Math.min(wide, Math.floor(room * ROOM_FOR_NAME))), from = Math.max(0, Math.min(marked - rows + 1, shown.length - rows));
  return shown.slice(from, from + rows).map((item, k) => {
    const no = from + k, label = head(plainLine(nameOf(item)), name);
    const gap = " ".repeat(Math.max(0, name - [...label].length) + 2);
    return head(`${no === marked ? ">" : " "} ${String(no + 1).padStart(digits)} ${label}${gap}${plainLine(standingWords(item))}`, cols - 1);
  });
};

const HELP = "Number or part of a name, Enter; Ctrl-C leaves:";

class Menu {
  readonly #term: Terminal;
  readonly #items: readonly MenuItem[];
  readonly #more: number;
  #text = "";
  #marked = 0;
  #drawn = 0;
  constructor(term: Terminal, items: readonly MenuItem[], more: number) { this.#term = term; this.#items = items; this.#more = more; }

  get #shown(): readonly MenuItem[] { return filtered(this.#items, this.#text); }

  /** Up over what was drawn, away with it, and again. */
  draw(): void {
    const { cols, rows } = this.#term, shown = this.#shown, room = Math.max(1, rows - FRAME), lines = menuLines(shown, this.#marked, cols, room);
    if (shown.length > lines.length || this.#more > 0) lines.push(head(`  (${lines.length} of ${shown.length}${this.#more > 0 ? `, and ${this.#more} more: type the whole name in the user name` : ""})`, cols - 1));
    if (shown.length === 0) lines.push(head("  nothing matches", cols - 1));
    const prompt = head(HELP, Math.max(4, Math.floor(cols / 2))), input = tail(this.#text, cols - 2 - [...prompt].length);
    this.#term.raw(`\r${this.#drawn > 0 ? `\x1b[${this.#drawn}A` : ""}\x1b[J${lines.map((l) => `${l}\r\n`).join("")}${prompt} ${input}`);
    this.#drawn = lines.length;
  }
  /** The width has changed, and with it where every line stands. */
  redraw(): void {
    this.#term.raw("\x1b[H\x1b[J");
    this.#drawn = 0;
    this.draw();
  }

  choose(): Promise<MenuItem | "interrupt" | "end" | "gone"> {
    return new Promise((resolve) => {
      const done = (what: MenuItem | "interrupt" | "end" | "gone"): void => { stop(); off(); this.#term.raw("\r\n"); resolve(what); };
      const off = this.#term.onResize(() => this.redraw()), stop = this.#term.keys((key) => this.#take(key, done), () => done("gone"));
      this.draw();
    });
  }

  #take(key: Key, done: (what: MenuItem | "interrupt" | "end") => void): void {
    switch (key.kind) {
      case "interrupt": return done("interrupt");
      case "end": return this.#text === "" ? done("end") : undefined;
      case "enter": { const item = chosenBy(this.#shown, this.#text, this.#marked); return item === undefined ? this.#term.raw("\x07") : done(item); }
      case "up": this.#marked = Math.max(0, this.#marked - 1); return this.draw();
      case "down": this.#marked = Math.max(0, Math.min(this.#shown.length - 1, this.#marked + 1)); return this.draw();
      default:
        this.#text = edit(this.#text, key, MOST);
        this.#marked = 0;
        return this.draw();
    }
  }
}

/** The account a person chose; throws when they leave or there is nothing. */
export const chooseFrom = async (term: Terminal, speak: Speak): Promise<Destination> => {
  const { items, more, person } = await speak("menu", {});
  if (items.length === 0) throw new Fault("not_found", NOTHING);
  term.say(`${person}: what you hold and what you may ask for`);
  const item = await new Menu(term, items, more).choose();
  if (typeof item === "string") throw left(term, item, "Nothing was opened.");
  return { account: item.account, target: item.target };
};
