/** Makes passwords. Rule: every draw is uniform over a random source that was handed in, and the result passes the policy's own check. */
import type { Random } from "../kernel/clock.ts";
import { reveal } from "../kernel/reveal.ts";
import { Secret } from "../kernel/secret.ts";
import { brokenRules, CLASSES, type PasswordPolicy } from "../domain/password-policy.ts";

const pick = (alphabet: string, random: Random): string => alphabet[random.int(alphabet.length)]!;

/** One draw: the required classes first, the rest from all, then shuffled (Fisher-Yates). */
const draw = (p: PasswordPolicy, symbols: string, random: Random): string => {
  const sets: [string, number][] = [[CLASSES.lower, p.lower], [CLASSES.upper, p.upper], [CLASSES.digit, p.digit], [symbols, symbols ? p.symbol : 0]];
  const all = CLASSES.lower + CLASSES.upper + CLASSES.digit + symbols, chars: string[] = [];
  for (const [set, n] of sets) for (let i = 0; i < n; i++) chars.push(pick(set, random));
  while (chars.length < p.length) chars.push(pick(all, random));
  for (let i = chars.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [chars[i], chars[j]] = [chars[j]!, chars[i]!];
  }
  return chars.join("");
};

/** `forbidden`: the connector's. A draw that breaks a rule (a word, a run) is thrown away; 1,000 failures mean the policy cannot be met. */
export const generate = (p: PasswordPolicy, login: string, forbidden: RegExp, random: Random): Secret => {
  const symbols = [...p.symbols].filter((c) => !forbidden.test(c)).join("");
  for (let i = 0; i < 1_000; i++) {
    const text = draw(p, symbols, random);
    if (brokenRules(text, p, login, forbidden).length === 0) return Secret.of(text);
  }
  throw new RangeError(`password policy ${p.name} cannot be met for this kind of target`);
};

/** The one check of every trigger, on a Secret. */
export const brokenBy = (secret: Secret, p: PasswordPolicy, login: string, forbidden: RegExp): string[] => brokenRules(reveal(secret), p, login, forbidden);
/** Is this the same password as one of those? Compared inside the vault, so plaintext stays here. */
export const repeats = (secret: Secret, earlier: readonly Secret[]): boolean => earlier.some((e) => reveal(e) === reveal(secret));
