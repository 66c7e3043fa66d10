/** A conversation with a device, whatever carries it. Rule: text in, bytes out; it ends once, and whoever holds it closes it. */
export type Ended = { readonly exit: number | null; /** Where it is known to have been cut. */ readonly cut?: string };
export type Line = {
  /** What Enter sends. */
  readonly enter: string;
  write(bytes: Buffer): void;
  /** Called once; what came before is given at once. */
  listen(heard: (text: string) => void, ended: (end: Ended) => void): void;
  close(): void;
};

/** What comes before somebody listens is kept, as far as it is sensible. */
const KEPT = 65_536;
/** The half of a line that every wire shares: give it what comes, and the end. */
export const incoming = (): { heard(text: string): void; ended(end: Ended): void; listen: Line["listen"] } => {
  let kept = "", over: Ended | null = null, told: { heard: (text: string) => void; ended: (end: Ended) => void } | null = null;
  return {
    heard: (text) => { if (over !== null || text === "") return; if (told === null) kept = (kept + text).slice(-KEPT); else told.heard(text); },
    ended: (end) => { if (over !== null) return; over = end; told?.ended(end); },
    listen: (heard, ended) => {
      told = { heard, ended };
      if (kept !== "") heard(kept);
      kept = "";
      if (over !== null) ended(over);
    },
  };
};

/** Longer than any prompt. */
const PROMPT = 512;
/** Where a prompt can stand: what was said since the last line ended, the newest of it. Looked at anew at each part, so it has to be short. */
export const lastLineOf = (text: string): string => text.slice(text.lastIndexOf("\n") + 1).slice(-PROMPT);
/** It stops where somebody is to answer. Asked first: what is no end of a prompt is not searched for one, part for part. */
export const awaits = (line: string): boolean => /: ?$/.test(line.slice(-2));
