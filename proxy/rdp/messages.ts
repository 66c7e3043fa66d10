/**
 * What a desktop's page and its session process say to each other over one WebSocket of text. Rule: a message that begins with `{` is one of these, and
 * the page's are parsed by a schema; every other one is a whole number of Guacamole instructions, or the socket ends.
 */
import { z } from "zod";

export const PROTOCOL = "lockstep.desktop.v1";
/** Sent to a page and not yet taken by its socket, in bytes: above HIGH guacd is not read from until it is below LOW. */
export const HIGH = 1 << 20, LOW = 1 << 18;
/** More than this never waits: what was on its way through the recording when guacd was stopped comes on top of HIGH. A page that waits this long is not reading at all. */
export const UNREAD = 12 << 20;
/** Layouts of keyboards guacd knows; it needs the one the target has. */
export const LAYOUTS = [
  "en-us-qwerty", "en-gb-qwerty", "de-de-qwertz", "de-ch-qwertz", "fr-fr-azerty", "fr-be-azerty", "fr-ch-qwertz", "it-it-qwerty", "es-es-qwerty", "es-latam-qwerty",
  "pt-br-qwerty", "sv-se-qwerty", "da-dk-qwerty", "hu-hu-qwertz", "ja-jp-qwerty", "tr-tr-qwerty", "failsafe",
] as const;

const side = z.int().min(200).max(8_192);
const start = z.strictObject({ type: z.literal("start"), width: side, height: side, dpi: z.int().min(48).max(400).default(96), layout: z.enum(LAYOUTS).default("en-us-qwerty") });
export type Screen = Omit<z.infer<typeof start>, "type">;

export type ToPage =
  /** `again`: back in a session, whose whole picture comes next. */
  | { readonly type: "hello"; readonly session: string; readonly again: boolean; readonly remainingMs: number; readonly graceMs: number; readonly beatMs: number;
    readonly clipboardIn: boolean; readonly clipboardOut: boolean; readonly filesIn: boolean; readonly filesOut: boolean; readonly recordInput: boolean }
  | { readonly type: "left"; readonly remainingMs: number }
  | { readonly type: "say"; readonly text: string }
  | { readonly type: "ended"; readonly sentence: string };

/** undefined: not of this protocol. */
export const parseStart = (text: string): Screen | undefined => {
  try {
    const read = start.safeParse(JSON.parse(text));
    if (!read.success) return undefined;
    const { type: _type, ...screen } = read.data;
    return screen;
  } catch { return undefined; }
};
