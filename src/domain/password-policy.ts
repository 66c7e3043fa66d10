/** What a password must be. Rule: one check for every trigger, and it names every broken rule at once. */
import { z } from "zod";

export const PasswordPolicy = z.object({
  name: z.string().min(1).max(40),
  length: z.int().min(8).max(128),
  maxLength: z.int().min(8).max(512).default(128),
  lower: z.int().min(0).default(1), upper: z.int().min(0).default(1), digit: z.int().min(0).default(1), symbol: z.int().min(0).default(1),
  /** The symbols the generator may use; a typed password may hold others unless the connector forbids them. */
  symbols: z.string().max(40).default("!#%+,-./:=?@_~"),
  maxRepeat: z.int().min(1).max(10).default(2),
  history: z.int().min(0).max(100).default(10),
});
export type PasswordPolicy = z.infer<typeof PasswordPolicy>;

export const PASSWORD_POLICIES: Record<string, PasswordPolicy> = {
  low: PasswordPolicy.parse({ name: "low", length: 12, symbol: 0, symbols: "-_", history: 3 }),
  medium: PasswordPolicy.parse({ name: "medium", length: 20 }),
  strong: PasswordPolicy.parse({ name: "strong", length: 32, lower: 2, upper: 2, digit: 2, symbol: 2 }),
};

export const CLASSES = { lower: "abcdefghijkmnopqrstuvwxyz", upper: "ABCDEFGHJKLMNPQRSTUVWXYZ", digit: "23456789" } as const;

const count = (text: string, test: RegExp): number => [...text].filter((c) => test.test(c)).length;
const WORDS = ["password", "passwort", "welcome", "letmein", "qwerty", "admin", "secret", "lockstep", "dragon", "monkey", "summer", "winter"];

const longestRun = (text: string): number => {
  let best = 0, run = 0, prior = "";
  for (const c of text) { run = c === prior ? run + 1 : 1; prior = c; best = Math.max(best, run); }
  return best;
};

/** abcd, 4321: four or more neighbours in a row. */
const hasSequence = (text: string): boolean => {
  for (let i = 0; i + 3 < text.length; i++) {
    const d = [1, 2, 3].map((k) => text.charCodeAt(i + k) - text.charCodeAt(i + k - 1));
    if ((d[0] === 1 || d[0] === -1) && d.every((x) => x === d[0])) return true;
  }
  return false;
};

/** Every broken rule as a sentence; empty = good. `forbidden`: what the connector cannot carry. */
export const brokenRules = (plaintext: string, policy: PasswordPolicy, login: string, forbidden: RegExp): string[] => {
  const broken: string[] = [];
  const need = (ok: boolean, sentence: string) => { if (!ok) broken.push(sentence); };
  need(plaintext.length >= policy.length, `at least ${policy.length} characters`);
  need(plaintext.length <= policy.maxLength, `at most ${policy.maxLength} characters`);
  need(count(plaintext, /\p{Ll}/u) >= policy.lower, `${policy.lower} or more lower-case letters`);
  need(count(plaintext, /\p{Lu}/u) >= policy.upper, `${policy.upper} or more upper-case letters`);
  need(count(plaintext, /\p{Nd}/u) >= policy.digit, `${policy.digit} or more digits`);
  need(count(plaintext, /[^\p{L}\p{Nd}]/u) >= policy.symbol, `${policy.symbol} or more symbols`);
  need(longestRun(plaintext) <= policy.maxRepeat, `no character more than ${policy.maxRepeat} times in a row`);
  need(!hasSequence(plaintext), "no run such as abcd or 4321");
  const folded = plaintext.toLowerCase();
  need(login.length < 3 || !folded.includes(login.toLowerCase()), "not the login name");
  need(!WORDS.some((w) => folded.includes(w)), "no well-known word");
  // eslint-disable-next-line no-control-regex
  need(!/[\u0000-\u001f\u007f]/.test(plaintext), "no control characters");
  need(!forbidden.test(plaintext), "no character that this kind of target cannot take");
  return broken;
};
