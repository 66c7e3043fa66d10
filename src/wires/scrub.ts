/**
 * Takes secrets out of what a device printed. Rule: also where they are broken over reads, lines or escape sequences, and where a device cut
 * them short: a beginning of six characters is enough. Give it the whole text at once: what came in pieces is joined first.
 */
import { reveal } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";

const SHOWN = "[secret]";
/** Shorter beginnings are chance. */
const ENOUGH = 6;

/** May stand between two characters of the same word. Blanks count for nothing: a wrapped line gets one, and a password may have its own. */
// eslint-disable-next-line no-control-regex
const between = (c: string): boolean => /[\x00-\x20\x7f]/.test(c);
/** How far from `at` the text goes along with the secret, and how much of it that was. */
const along = (text: string, at: number, secret: string): { end: number; chars: number } => {
  let i = at, j = 0, end = at;
  while (i < text.length && j < secret.length) {
    if (text[i] === secret[j]) { i++; j++; end = i; } else if (j > 0 && between(text[i]!)) i++;
    else break;
  }
  return { end, chars: j };
};

/** Stands between pieces that a transcript keeps apart: it stays where it was, also inside of a secret. */
export const MARK = "\x1e";
const marksIn = (text: string): string => MARK.repeat(text.split(MARK).length - 1);

/** Replaces each by a word; longest first, so that one inside another leaves nothing behind. */
export const scrubbing = (...secrets: readonly (Secret | undefined)[]): ((text: string) => string) => {
  const texts = secrets.flatMap((s) => (s === undefined ? [] : [reveal(s).replaceAll(" ", "")]));
  const plain = [...new Set(texts)].filter((s) => s !== "").toSorted((a, b) => b.length - a.length);
  const one = (text: string, secret: string): string => {
    const least = Math.min(ENOUGH, secret.length);
    let out = "", i = 0;
    while (i < text.length) {
      const { end, chars } = text[i] === secret[0] ? along(text, i, secret) : { end: i, chars: 0 };
      if (chars >= least) { out += SHOWN + marksIn(text.slice(i, end)); i = end; } else out += text[i++]!;
    }
    return out;
  };
  return (text) => plain.reduce(one, text);
};
