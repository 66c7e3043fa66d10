/** Bytes from outside as text that log, event and page can hold. Rule: control characters and what is no UTF-8 are written out as \xNN; nothing is lost by it. */
import { isUtf8 } from "node:buffer";

const hex = (c: string): string => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;

/** At most `limit` characters of it. `lines`: line ends and tabs stay, as in a command. */
export const shown = (text: Buffer | string, limit = 1_024, lines = false): string => {
  const whole = typeof text === "string" ? text : isUtf8(text) ? text.toString("utf8") : text.toString("latin1").replace(/[\x80-\xff]/g, hex);
  const out = whole.replace(CONTROL, (c) => (lines && (c === "\n" || c === "\t") ? c : hex(c)));
  return (out.length <= limit ? out : `${out.slice(0, limit - 1)}…`).toWellFormed();
};
