/** Makes passwords. Rule: every character is drawn uniformly, from a random source that was handed in, among those that break no rule where it stands; the result passes the policy's own check. */
import type { Random } from "../kernel/clock.ts";
import { reveal } from "../kernel/reveal.ts";
import { Secret } from "../kernel/secret.ts";
import { alphabets, banned, brokenRules, CLASS_NAMES, folded, unmeetable, type PasswordPolicy } from "../domain/password-policy.ts";

type Sets = ReturnType<typeof alphabets>;
/** Which characters may stand at each place: the required classes at places drawn by Fisher-Yates, everything elsewhere. */
const places = (p: PasswordPolicy, sets: Sets, random: Random): (readonly string[])[] => {
  const all = [...new Set(Object.values(sets).flat())];
  const out: (readonly string[])[] = CLASS_NAMES.flatMap((c) => Array.from({ length: p[c] }, () => sets[c]));
  while (out.length < p.length) out.push(all);
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
};

/** Would `c` after `text` make a run that is too long, or abcd? */
const runsOn = (text: string, c: string, p: PasswordPolicy): boolean => {
  if (text.length >= p.maxRepeat && text.slice(-p.maxRepeat) === c.repeat(p.maxRepeat)) return true;
  const tail = `${text.slice(-3)}${c}`, step = tail.charCodeAt(1) - tail.charCodeAt(0);
  return p.noSequences && tail.length === 4 && Math.abs(step) === 1 && [2, 3].every((i) => tail.charCodeAt(i) - tail.charCodeAt(i - 1) === step);
};
/** What would complete a word that is one character short. */
const completes = (fold: string, words: readonly string[]): ReadonlySet<string> => new Set(words.filter((w) => fold.endsWith(w.slice(0, -1))).map((w) => w.at(-1)!));

/** Character by character, so nothing whole is ever thrown away; null in the rare case that nothing may stand at a place. */
const draw = (p: PasswordPolicy, sets: Sets, words: readonly string[], random: Random): string | null => {
  let text = "", fold = "";
  for (const set of places(p, sets, random)) {
    const last = completes(fold, words), may = set.filter((c) => !last.has(folded(c)) && !runsOn(text, c, p));
    if (may.length === 0) return null;
    const c = may[random.int(may.length)]!;
    text += c; fold += folded(c);
  }
  return text;
};

/** `forbidden`: the connector's. A policy that nothing can meet says so by a RangeError instead of giving less. */
export const generate = (p: PasswordPolicy, login: string, forbidden: RegExp, random: Random): Secret => {
  const sets = alphabets(p, forbidden), words = banned(p, login), why = unmeetable(p, forbidden);
  for (let i = 0; why === null && i < 100; i++) {
    const text = draw(p, sets, words, random);
    if (text !== null && brokenRules(text, p, login, forbidden).length === 0) return Secret.of(text);
  }
  throw new RangeError(`password policy ${p.name} cannot be met for this kind of target${why ? `: ${why}` : ""}`);
};

/** The one check of every trigger, on a Secret. */
export const brokenBy = (secret: Secret, p: PasswordPolicy, login: string, forbidden: RegExp): string[] => brokenRules(reveal(secret), p, login, forbidden);
/** Is this the same password as one of those? Compared inside the vault, so plaintext stays here. */
export const repeats = (secret: Secret, earlier: readonly Secret[]): boolean => earlier.some((e) => reveal(e) === reveal(secret));
