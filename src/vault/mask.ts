/** Replaces passwords in what readers of recordings get. Rule: same length, so times and columns stay; a password split over several pieces is found too. */
import { reveal } from "../kernel/reveal.ts";
import type { Secret } from "../kernel/secret.ts";

const SHORTEST = 4;

/** The pieces of one stream in order; the same number of pieces, each of its old length, comes back. */
export const mask = (pieces: readonly string[], secrets: readonly Secret[]): string[] => {
  let text = pieces.join("");
  for (const secret of secrets) {
    const plain = reveal(secret);
    if (plain.length >= SHORTEST && text.includes(plain)) text = text.split(plain).join("•".repeat(plain.length));
  }
  let at = 0;
  return pieces.map((p) => text.slice(at, (at += p.length)));
};
