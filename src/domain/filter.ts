/** The search of lists: plain words anywhere, `tag:web state:held group:"night shift"` where they are named. Rule: pure; an unknown name before a colon is a plain word. */
export const KINDS = ["state", "tag", "group", "target", "platform", "owner"] as const;
export type Kind = (typeof KINDS)[number];
export type Query = { readonly words: readonly string[]; readonly named: readonly (readonly [Kind, string])[] };
export type Facts = { readonly text: string } & Readonly<Partial<Record<Kind, readonly string[]>>>;

const KNOWN = new RegExp(`^(${KINDS.join("|")}):(.+)$`, "i");
export const parseQuery = (q: string): Query => {
  const terms = [...q.matchAll(/(?:\w+:)?"[^"]*"|\S+/g)].map(([t]) => t.replaceAll("\"", "").toLowerCase()), named: [Kind, string][] = [], words: string[] = [];
  for (const term of terms) {
    const [, kind, value] = KNOWN.exec(term) ?? [];
    if (kind !== undefined) named.push([kind as Kind, value!.trim()]); else if (term.trim() !== "") words.push(term);
  }
  return { words, named };
};
/** Every word must be found; of the same name one is enough, of different names each. */
export const holds = (query: Query, facts: Facts): boolean => {
  const text = facts.text.toLowerCase();
  if (!query.words.every((w) => text.includes(w))) return false;
  return KINDS.every((kind) => {
    const wanted = query.named.filter(([k]) => k === kind).map(([, v]) => v), has = (facts[kind] ?? []).map((v) => v.toLowerCase());
    return wanted.length === 0 || wanted.some((v) => has.includes(v));
  });
};
