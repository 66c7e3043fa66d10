/** Words of a text, for searching. Rule: pure; letters and digits in lower case, whatever stands between them; the same for what is indexed and what is asked. */
const WORD = /[\p{L}\p{N}]+/gu;
/** Longer "words" are data. */
const LONGEST = 64;
const folded = (word: string): string => word.normalize("NFKC").toLowerCase();
export const wordsOf = (text: string): string[] => [...text.matchAll(WORD)].map((m) => folded(m[0])).filter((w) => w.length <= LONGEST);

/** What was asked, as phrases that must all be found: `"rm -rf" /srv` -> [["rm","rf"],["srv"]]. */
export const phrasesOf = (query: string): string[][] => [...query.matchAll(/"([^"]*)"|(\S+)/g)].map((m) => wordsOf(m[1] ?? m[2] ?? "")).filter((p) => p.length > 0);

export type Part = { readonly text: string; readonly hit: boolean };
/** About `around` characters on both sides of the first hit, in parts. */
export const snippet = (text: string, words: ReadonlySet<string>, around = 90): Part[] => {
  const hits = [...text.matchAll(WORD)].filter((m) => words.has(folded(m[0]))), first = hits[0]?.index ?? 0, from = Math.max(0, first - around), to = Math.min(text.length, first + around * 2), parts: Part[] = [];
  let at = from;
  for (const m of hits) {
    if (m.index < at || m.index + m[0].length > to) continue;
    if (m.index > at) parts.push({ text: text.slice(at, m.index), hit: false });
    parts.push({ text: m[0], hit: true });
    at = m.index + m[0].length;
  }
  if (at < to) parts.push({ text: text.slice(at, to), hit: false });
  if (from > 0) parts.unshift({ text: "…", hit: false });
  if (to < text.length) parts.push({ text: "…", hit: false });
  return parts;
};
