/** What a password must be. Rule: one check for every trigger, and it names every broken rule at once. */
import { z } from "zod";
import { COMMON_WORDS } from "./common-words.ts";

export const CLASSES = { lower: "abcdefghijkmnopqrstuvwxyz", upper: "ABCDEFGHJKLMNPQRSTUVWXYZ", digit: "23456789" } as const;
export const CLASS_NAMES = ["lower", "upper", "digit", "symbol"] as const;
export type ClassName = (typeof CLASS_NAMES)[number];
export const CLASS_WORDS: Record<ClassName, string> = { lower: "lower-case letters", upper: "upper-case letters", digit: "digits", symbol: "symbols" };

// eslint-disable-next-line no-control-regex
const printable = /^[^\u0000-\u001f\u007f]*$/;
const characters = (most: number) => z.string().max(most).regex(printable, "control characters are never allowed");
/** Without the rule that it can be met: for forms and documents. */
export const PasswordPolicyFields = z.object({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,39}$/, "1 to 40 of a-z, 0-9, dot, dash, underscore"),
  length: z.int().min(8).max(128),
  maxLength: z.int().min(8).max(512).default(128),
  lower: z.int().min(0).max(64).default(1), upper: z.int().min(0).max(64).default(1), digit: z.int().min(0).max(64).default(1), symbol: z.int().min(0).max(64).default(1),
  /** The symbols the generator may use; a typed password may hold others unless they, or the connector, forbid them. */
  symbols: characters(40).default("!#%+,-./:=?@_~"),
  /** Nothing but these, typed or generated; empty: any. And never these. */
  allowed: characters(200).default(""), forbidden: characters(200).default(""),
  maxRepeat: z.int().min(1).max(10).default(2),
  noLogin: z.boolean().default(true), noWords: z.boolean().default(true), noSequences: z.boolean().default(true),
  history: z.int().min(0).max(100).default(10),
  /** How long it stays at least where somebody, or a schedule, merely wishes a change; what somebody knows is changed at once whatever it says. */
  minAgeHours: z.int().min(0).max(24 * 365).default(0),
  /** When it is changed at the latest; 0 = age alone changes nothing. */
  maxAgeDays: z.int().min(0).max(3_650).default(0),
});
export type PasswordPolicy = z.infer<typeof PasswordPolicyFields>;

/** What the generator draws from, class by class. */
export const alphabets = (p: PasswordPolicy, connector: RegExp = /(?!)/): Record<ClassName, readonly string[]> => {
  const may = (c: string) => (p.allowed === "" || p.allowed.includes(c)) && !p.forbidden.includes(c) && !connector.test(c);
  return { lower: [...CLASSES.lower].filter(may), upper: [...CLASSES.upper].filter(may), digit: [...CLASSES.digit].filter(may), symbol: [...p.symbols].filter(may) };
};
/** Why no generated password can have this, or null. Also asked with a connector's own characters, before one is drawn. */
export const unmeetable = (p: PasswordPolicy, connector?: RegExp): string | null => {
  const sets = alphabets(p, connector), all = new Set(Object.values(sets).flat()).size;
  const short = CLASS_NAMES.find((c) => p[c] > 0 && sets[c].length === 0);
  if (short) return `it wants ${CLASS_WORDS[short]} and leaves none to choose from`;
  if (p.lower + p.upper + p.digit + p.symbol > p.length) return "its classes want more characters than its length has";
  if (p.maxLength < p.length) return "at most is less than at least";
  if (all < 10) return "it leaves fewer than 10 characters to choose from";
  return p.minAgeHours > 0 && p.maxAgeDays > 0 && p.minAgeHours >= p.maxAgeDays * 24 ? "its minimum age is not below its maximum age" : null;
};
export const PasswordPolicy = PasswordPolicyFields.superRefine((p, c) => { const why = unmeetable(p); if (why) c.addIssue({ code: "custom", message: `cannot be met: ${why}` }); });

/** They cannot be changed, so that their names mean the same everywhere; copy one to make your own. */
export const PASSWORD_POLICIES: Record<string, PasswordPolicy> = {
  low: PasswordPolicy.parse({ name: "low", length: 12, symbol: 0, symbols: "-_", history: 3 }),
  medium: PasswordPolicy.parse({ name: "medium", length: 20 }),
  strong: PasswordPolicy.parse({ name: "strong", length: 32, lower: 2, upper: 2, digit: 2, symbol: 2 }),
};
export const DEFAULT_POLICY = "medium";

/** Where a policy may be bound. The most specific binding wins; where it came from is shown beside it. */
export type Bound = { readonly policy: PasswordPolicy; readonly from: "account" | "target" | "platform" | "default" };
export type Bindings = { readonly account: string | null; readonly target: string | null; readonly platform: string | null };
/** A name nobody knows binds nothing: the next wider one counts. */
export const inForce = (b: Bindings, known: ReadonlyMap<string, PasswordPolicy>): Bound => {
  for (const from of ["account", "target", "platform"] as const) {
    const name = b[from], policy = name === null ? undefined : known.get(name);
    if (policy) return { policy, from };
  }
  return { policy: known.get(DEFAULT_POLICY) ?? PASSWORD_POLICIES[DEFAULT_POLICY]!, from: "default" };
};
/** Does `after` let through, or keep longer, what `before` did not? */
export const loosens = (before: PasswordPolicy, after: PasswordPolicy): boolean => {
  const atLeast = ["length", "lower", "upper", "digit", "symbol", "history"] as const, flags = ["noLogin", "noWords", "noSequences"] as const;
  const fewer = (was: string, is: string) => [...was].some((c) => !is.includes(c)), age = (p: PasswordPolicy) => (p.maxAgeDays === 0 ? Infinity : p.maxAgeDays);
  return atLeast.some((k) => after[k] < before[k]) || flags.some((k) => before[k] && !after[k]) || after.maxRepeat > before.maxRepeat || age(after) > age(before)
    || fewer(before.forbidden, after.forbidden) || (before.allowed !== "" && (after.allowed === "" || fewer(after.allowed, before.allowed)));
};
/** In words, for a list and beside a choice. */
export const inWords = (p: PasswordPolicy): string => [
  `${p.length} characters`, ...CLASS_NAMES.filter((c) => p[c] > 0).map((c) => `${p[c]} ${p[c] === 1 ? CLASS_WORDS[c].slice(0, -1) : CLASS_WORDS[c]}`), ...(p.history > 0 ? [`none of the last ${p.history}`] : []),
  ...(p.minAgeHours > 0 ? [`kept ${p.minAgeHours} h`] : []), ...(p.maxAgeDays > 0 ? [`changed after ${p.maxAgeDays} d`] : []),
].join(", ");

const count = (text: string, test: RegExp): number => [...text].filter((c) => test.test(c)).length;

/** `P@ssw0rd` is read as `password`; what may stand for two letters (1 for l and i) makes them one. */
const FIGURES: Record<string, string> = { "0": "o", "1": "i", "!": "i", "|": "i", l: "i", "3": "e", "4": "a", "@": "a", "5": "s", "$": "s", "7": "t", "+": "t", "8": "b", "9": "g" };
export const folded = (text: string): string => [...text.toLowerCase()].map((c) => FIGURES[c] ?? c).join("");
/** What may not stand in it, folded: the login name, and common words. */
export const banned = (p: Pick<PasswordPolicy, "noLogin" | "noWords">, login: string): readonly string[] =>
  [...(p.noLogin && login.length >= 3 ? [folded(login)] : []), ...(p.noWords ? COMMON_WORDS.map(folded) : [])];

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
  const broken: string[] = [], fold = folded(plaintext), length = [...plaintext].length;
  const need = (ok: boolean, sentence: string) => { if (!ok) broken.push(sentence); };
  need(length >= policy.length, `at least ${policy.length} characters`);
  need(length <= policy.maxLength, `at most ${policy.maxLength} characters`);
  need(count(plaintext, /\p{Ll}/u) >= policy.lower, `${policy.lower} or more lower-case letters`);
  need(count(plaintext, /\p{Lu}/u) >= policy.upper, `${policy.upper} or more upper-case letters`);
  need(count(plaintext, /\p{Nd}/u) >= policy.digit, `${policy.digit} or more digits`);
  need(count(plaintext, /[^\p{L}\p{Nd}]/u) >= policy.symbol, `${policy.symbol} or more symbols`);
  need(longestRun(plaintext) <= policy.maxRepeat, `no character more than ${policy.maxRepeat} times in a row`);
  need(!policy.noSequences || !hasSequence(plaintext), "no run such as abcd or 4321");
  need(!policy.noLogin || login.length < 3 || !fold.includes(folded(login)), "not the login name");
  need(!policy.noWords || !banned({ noLogin: false, noWords: true }, "").some((w) => fold.includes(w)), "no well-known word, not with figures for letters either");
  need(policy.allowed === "" || [...plaintext].every((c) => policy.allowed.includes(c)), "only characters its policy allows");
  need(![...plaintext].some((c) => policy.forbidden.includes(c)), "no character its policy forbids");
  // eslint-disable-next-line no-control-regex
  need(!/[\u0000-\u001f\u007f]/.test(plaintext), "no control characters");
  need(!forbidden.test(plaintext), "no character that this kind of target cannot take");
  return broken;
};
