/**
 * What a terminal page and its session process say to each other over one WebSocket. Rule: bytes of the terminal are binary messages both
 * ways, everything else is a small JSON object that the page's side is parsed by a schema, or the socket ends.
 *
 * Counting: `took` is the number of typed bytes the process has accepted since the session began; `seen` the number of shown bytes the page
 * has drawn since this socket opened. Each side stops sending when the other is WINDOW behind.
 */
import { z } from "zod";

export const PROTOCOL = "lockstep.terminal.v1";
/** The longest message of a page, in bytes; and how much may be typed ahead of a target that does not read. */
export const LONGEST = 65_536, AHEAD = 131_072;
/** Bytes on their way to a page that has not drawn them yet. */
export const WINDOW = 262_144;
/** Bytes a page has not read from its socket: more, and it is not reading at all. */
export const UNREAD = 1_048_576;
/** More than this at once is not typed by hand. */
export const TYPED = 64;
/** Closing codes of our own: the page left for good · another window took over · the socket broke the rules. */
export const LEFT = 4000, TAKEN_OVER = 4001, BROKE_RULES = 1008;

const side = z.int().min(1).max(1_000), size = { cols: side, rows: side };
export const fromPage = z.discriminatedUnion("type", [
  /** The first message, and no other. */
  z.strictObject({ type: z.literal("start"), ...size }),
  z.strictObject({ type: z.literal("resize"), ...size }),
  z.strictObject({ type: z.literal("seen"), bytes: z.int().min(0) }),
]);
export type FromPage = z.infer<typeof fromPage>;
export type Size = { readonly cols: number; readonly rows: number };

export type ToPage =
  | { readonly type: "hello"; readonly session: string; readonly again: boolean; readonly took: number;
    readonly remainingMs: number; readonly graceMs: number; readonly beatMs: number;
    readonly clipboardIn: boolean; readonly clipboardOut: boolean; readonly recordInput: boolean; readonly banner: string }
  /** The next `bytes` shown are the last screen, told again. */
  | { readonly type: "replay"; readonly bytes: number }
  | { readonly type: "took"; readonly bytes: number }
  | { readonly type: "left"; readonly remainingMs: number }
  | { readonly type: "say"; readonly text: string }
  | { readonly type: "ended"; readonly sentence: string };

/** undefined: not of this protocol. */
export const parsePage = (text: string): FromPage | undefined => {
  try { return fromPage.safeParse(JSON.parse(text)).data; } catch { return undefined; }
};
