/**
 * What was typed on a desktop, from its `key` instructions. Rule: pure; a character is itself, every other key is named in angle brackets; what a
 * key does on the desktop nobody here knows.
 */

/** `at`: guacd's own clock, in ms. */
export type Key = { readonly at: number; readonly text: string };

const NAMED: Readonly<Record<number, string>> = {
  0xff08: "\x7f", 0xff09: "⟨Tab⟩", 0xff0d: "\r", 0xff8d: "\r", 0xff13: "⟨Pause⟩", 0xff1b: "⟨Esc⟩", 0xff50: "⟨Home⟩", 0xff51: "⟨Left⟩",
  0xff52: "⟨Up⟩", 0xff53: "⟨Right⟩", 0xff54: "⟨Down⟩", 0xff55: "⟨Page up⟩", 0xff56: "⟨Page down⟩", 0xff57: "⟨End⟩", 0xff61: "⟨Print⟩",
  0xff63: "⟨Insert⟩", 0xff67: "⟨Menu⟩", 0xffeb: "⟨Windows⟩", 0xffec: "⟨Windows⟩", 0xffff: "⟨Delete⟩",
};
/** Keys that change what others mean; Shift is in the character already. */
const HELD: Readonly<Record<number, string>> = { 0xffe3: "Ctrl", 0xffe4: "Ctrl", 0xffe9: "Alt", 0xffe7: "Meta", 0xffe8: "Meta" };
const SILENT = (k: number): boolean => (k >= 0xffe1 && k <= 0xffea) || k === 0xfe03 || k === 0xff7f || k === 0xff14;

/** Digits and signs of the number pad. */
const PAD = [0xffaa, 0xffb9] as const;
const characterOf = (k: number): string | undefined => {
  const point = k >= 0x20 && k <= 0xff ? k : k >= 0x0100_0000 && k <= 0x0110_ffff ? k - 0x0100_0000 : k >= PAD[0] && k <= PAD[1] ? k - 0xff80 : undefined;
  if (point === undefined || point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0xd800 && point < 0xe000)) return undefined;
  return String.fromCodePoint(point);
};
const nameOf = (k: number): string => NAMED[k] ?? (k >= 0xffbe && k <= 0xffd5 ? `⟨F${k - 0xffbd}⟩` : `⟨key ${k.toString(16)}⟩`);

const KEY = /3\.key,\d+\.(\d{1,9}),1\.([01])(?:,\d+\.(\d{1,15}))?;/g;
/** In characters, of one instruction. */
const LONGEST = 64;
/** Reads pieces in order, wherever they are cut; what is held down is remembered from one to the next. */
export const keyReader = (): ((piece: string) => Key[]) => {
  const held = new Map<number, string>();
  let cut = "";
  const whole = (piece: string): string => { const all = cut + piece, end = all.lastIndexOf(";") + 1; cut = all.slice(end).slice(-LONGEST); return all.slice(0, end); };
  return (piece) => [...whole(piece).matchAll(KEY)].flatMap(([, sym = "0", down, at = "0"]): Key[] => {
    const k = Number(sym), holds = HELD[k];
    if (holds !== undefined) { if (down === "1") held.set(k, holds); else held.delete(k); }
    if (down === "0" || SILENT(k)) return [];
    const plain = characterOf(k), with_ = [...new Set(held.values())].join("+");
    const bare = plain ?? nameOf(k).replaceAll(/[⟨⟩]/g, "").replace("\r", "Enter").replace("\x7f", "Backspace");
    const text = with_ === "" ? plain ?? nameOf(k) : `⟨${with_}+${bare}⟩`;
    return [{ at: Number(at), text }];
  });
};
