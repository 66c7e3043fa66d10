/**
 * A recording as its readers want it: channel by channel, text with times. Rule: pure; a channel holds at most MOST characters and says when it was
 * shortened; one whose beginning cannot be read is of an unknown kind, and shown.
 */
import { StringDecoder } from "node:string_decoder";
import type { Frame, Manifest } from "./frame.ts";
import { keyReader } from "./keys.ts";
import { lineOf, TOLD, type Operation } from "./told.ts";
import { whole, type Said } from "./whole.ts";

/** What an `opened` frame says. */
export type ChannelOpened = { readonly kind: string; readonly command?: string; readonly term?: string; readonly cols?: number; readonly rows?: number };
/** `at`: ms since the channel opened. o: output (`err`: of the error stream), i: input, r: resize, m: mark. */
export type Piece = { readonly at: number; readonly code: "o" | "i" | "r" | "m"; readonly text: string; readonly err?: true };
export type Channel = {
  readonly no: number; readonly opened: ChannelOpened; readonly terminal: boolean;
  /** ms since the session began. */
  readonly start: number; readonly pieces: readonly Piece[]; readonly shortened: boolean;
};
export type Told = { readonly manifest: Manifest | undefined; readonly channels: readonly Channel[] };

export const MOST = 24 * 1024 * 1024;
const UNREADABLE = "something was done here that cannot be read\r\n";
const CODE: Partial<Record<Frame["type"], Piece["code"]>> = { output: "o", error: "o", input: "i", resize: "r", mark: "m", event: "o" };

/** Of a desktop: guacd's clock when it began to draw, by which a player counts, and what reads its keys. */
type Desktop = { first: number | undefined; readonly keys: ReturnType<typeof keyReader> };
type Growing = { no: number; desktop?: Desktop; opened: ChannelOpened; terminal: boolean; start: number; pieces: Piece[]; shortened: boolean; size: number; decoders: Record<string, StringDecoder> };
const begin = (frame: Frame, said: Said | null): Growing => {
  const opened: ChannelOpened = { kind: "unknown", ...said };
  return { ...(opened.kind === "desktop" ? { desktop: { first: undefined, keys: keyReader() } } : {}), no: frame.channel, opened, terminal: opened.kind === "shell" || opened.cols !== undefined, start: frame.time, pieces: [], shortened: false, size: 0, decoders: {} };
};
const SYNC = /(?:^|;)4\.sync,\d+\.(\d+)/;
/** Of a desktop what was typed is text, at the player's own time; what was drawn is none. */
const growDesktop = (c: Growing, desktop: Desktop, frame: Frame, most: number): void => {
  if (frame.type === "output" && desktop.first === undefined) { const sync = SYNC.exec(frame.data.toString("latin1"))?.[1]; if (sync !== undefined) desktop.first = Number(sync); }
  if (frame.type !== "input") return;
  for (const { at, text } of desktop.keys(frame.data.toString("latin1"))) {
    c.size += text.length;
    if (c.size > most) { c.shortened = true; return; }
    c.pieces.push({ at: Math.max(0, at - (desktop.first ?? at)), code: "i", text });
  }
};
/** A UTF-8 character split over two frames comes out whole, each stream by itself. */
const grow = (c: Growing, frame: Frame, said: Said | null | undefined, code: Piece["code"], most: number): void => {
  if (c.desktop !== undefined && code !== "m" && frame.type !== "event") return growDesktop(c, c.desktop, frame, most);
  if (TOLD.has(c.opened.kind) && (frame.type === "output" || frame.type === "input")) return;
  const bytes = frame.type !== "event" && (code === "o" || code === "i"), decoder = (c.decoders[frame.type] ??= new StringDecoder("utf8")), text = frame.type === "event" ? (said ? lineOf(said as Operation) : UNREADABLE) : bytes ? decoder.write(frame.data) : frame.data.toString("utf8");
  if (text === "" || c.shortened) return;
  c.size += text.length;
  if (c.size > most) c.shortened = true;
  else c.pieces.push({ at: Math.round(frame.time - c.start), code, text, ...(frame.type === "error" ? { err: true as const } : {}) });
};

/** Frame by frame, for readers that rest in between. Marks of channel 0 belong to every channel that is open. */
export const collector = (most = MOST) => {
  const all = new Map<number, Growing>();
  let manifest: Manifest | undefined;
  const { add, end } = whole((frame, said) => {
    if (frame.type === "manifest" && said) manifest = said as Manifest;
    // A channel that is known does not become unknown by what cannot be read.
    if (frame.type === "opened" && (said || !all.has(frame.channel))) all.set(frame.channel, begin(frame, said ?? null));
    const code = CODE[frame.type];
    if (code === undefined) return;
    for (const c of frame.type === "mark" && frame.channel === 0 ? all.values() : [all.get(frame.channel)]) if (c) grow(c, frame, said, code, most);
  });
  return {
    add,
    told: (): Told => { end(); return { manifest, channels: [...all.values()].map(({ size: _size, decoders: _decoders, desktop: _desktop, ...c }) => c) }; },
  };
};
export const channelsIn = (frames: Iterable<Frame>, most = MOST): Told => {
  const c = collector(most);
  for (const frame of frames) c.add(frame);
  return c.told();
};
