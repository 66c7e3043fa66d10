/** What of a recorded terminal may reach this one. Rule: cursor, colour and screen only; what asks the terminal to answer, to set a clipboard or to rename a window is dropped. */
const MAX_PENDING = 4_096;
// eslint-disable-next-line no-control-regex
const CSI = /^\x1b\[([0-?]*)([ -/]*)([@-~])/, STRING = /^\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)/, SHORT = /^\x1b([ -/]*)([0-~])/;
/** Device and status reports, window operations, media copy, resets of the terminal's set-up: `c n t i p q x y`. */
const ASKS = new Set(["c", "n", "t", "i", "p", "q", "x", "y"]);
/** What may still become a longer sequence. */
const OPENERS = new Set(["[", "]", "P", "X", "^", "_"]);
/** Keypad, cursor save and restore, index, character sets. */
const SHORT_OK = new Set(["7", "8", "=", ">", "D", "E", "M", "A", "B", "0"]);

/** A filter with memory: a sequence may be cut in two by the recording's frames. */
export const safely = (): ((text: string) => string) => {
  let pending = "";
  return (fresh) => {
    let text = pending + fresh, out = "";
    pending = "";
    while (text !== "") {
      const at = text.indexOf("\x1b");
      // C1 controls are the same commands in one character.
      // eslint-disable-next-line no-control-regex
      out += (at < 0 ? text : text.slice(0, at)).replace(/[\x80-\x9f\x05]/g, "");
      if (at < 0) break;
      text = text.slice(at);
      const csi = CSI.exec(text), string = csi ? null : STRING.exec(text), short = csi || string || OPENERS.has(text[1] ?? "") ? null : SHORT.exec(text), found = csi ?? string ?? short;
      if (!found) { if (text.length < MAX_PENDING) { pending = text; break; } text = text.slice(1); continue; }
      if ((csi && csi[2] === "" && !ASKS.has(csi[3]!)) || (short && SHORT_OK.has(short[2]!))) out += found[0];
      text = text.slice(found[0].length);
    }
    return out;
  };
};
