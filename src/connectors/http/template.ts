/**
 * A product's HTTP API as data: what is asked, and how each answer reads. Rules: a value goes in through its place's own quoting, never as text;
 * an answer no rule knows is unknown; the first rule that fits decides.
 */

/**
 * ok · no: this login is refused · powerless: the login is right and may not do it · missing: there is no such account · refused: the product's own
 * rules.
 */
export type Outcome = "ok" | "no" | "powerless" | "missing" | "refused" | "unknown";
/** `at`: a dotted path into the JSON answer; `like`: a regular expression on what stands there, "" for nothing there. */
export type Rule = { readonly status: number | readonly [number, number]; readonly at?: string; readonly like?: string; readonly then: Outcome };
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
/** In path, form and JSON `{name}` stands for a value, `{name|quote}` for one in the template's own quoting; in JSON a value alone keeps its type. */
export type Step = {
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly json?: Json;
  readonly form?: Readonly<Record<string, string>>;
  readonly rules: readonly Rule[];
};
export type Listing = {
  readonly step: Step;
  /** Where the list stands, and in an entry the name; "" is the entry itself. */
  readonly items: string;
  readonly name: string;
  /** Asked of each account where the list does not tell; else the entry itself tells. */
  readonly each?: Step;
  /** Privileged where something like this stands at this path. */
  readonly mighty: { readonly at: string; readonly like: string; readonly says: string };
  /** Nobody logs in with it where something like this stands there. */
  readonly off?: { readonly at: string; readonly like: string; readonly says: string };
};
export type Template = {
  readonly platform: string;
  readonly naming: { readonly fits: RegExp; readonly says: string };
  /** Per kind of quoting: what stands for which character. */
  readonly quotes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Basic, or a token that a step gives. */
  readonly login: "basic" | { readonly step: Step; readonly token: string };
  /** Only somebody who is logged in gets its "ok". Absent: the token's step proves. */
  readonly proof?: Step;
  /** Its authentication can be off, and then everybody gets an "ok": asked once without a login. */
  readonly mayBeOpen?: true;
  /** Is there this account? `find`: the list and the place of the name in an entry. `keep`: what the change has to say again, by name and path. */
  readonly look: Step & { readonly find?: { readonly items: string; readonly name: string }; readonly keep?: Readonly<Record<string, string>> };
  /** A verifier computed here stands for {hash}, and is read where `look` finds it. Absent: the password itself goes, under TLS. */
  readonly verifier?: { readonly kind: "rabbit-sha256"; readonly at: string; readonly algorithm: { readonly at: string; readonly like: string } };
  readonly change: Step;
  /** What an administrator alone may ask; changes nothing. */
  readonly right: Step;
  readonly list: Listing;
  /** Where its own words stand, in this order. */
  readonly words: readonly string[];
};

export const at = (body: unknown, path: string): unknown => {
  let here: unknown = body;
  for (const key of path === "" ? [] : path.split("."))
    here = typeof here === "object" && here !== null && Object.hasOwn(here, key) ? (here as Record<string, unknown>)[key] : undefined;
  return here;
};
const textAt = (body: unknown, path: string): string => {
  const v = at(body, path);
  return v === undefined || v === null ? "" : typeof v === "string" ? v : JSON.stringify(v);
};
export const isLike = (body: unknown, path: string, like: string): boolean => new RegExp(like).test(textAt(body, path));

export type Answered = { readonly status: number; readonly body: unknown };
/** A body that is no JSON is a text; rules by status alone still fit. */
export const answered = (status: number, text: string): Answered => {
  try {
    return { status, body: JSON.parse(text) as unknown };
  } catch {
    return { status, body: text };
  }
};
export const outcome = (rules: readonly Rule[], a: Answered): Outcome => {
  const fits = (r: Rule): boolean =>
    (typeof r.status === "number" ? a.status === r.status : a.status >= r.status[0] && a.status <= r.status[1]) &&
    (r.at === undefined || isLike(a.body, r.at, r.like ?? "."));
  return rules.find(fits)?.then ?? "unknown";
};
/** The product's own words, or its status. */
export const wordsOf = (t: Template, a: Answered): string =>
  t.words.map((path) => textAt(a.body, path)).find((w) => w !== "") ?? `it answered with status ${a.status}`;

export type Values = Readonly<Record<string, Json>>;
const PLACE = /\{([a-z]+)(?:\|([a-z]+))?\}/g;
const quoted = (t: Template, values: Values, name: string, quote: string | undefined): string => {
  const value = values[name];
  if (value === undefined) throw new RangeError(`the template has no value called ${name}`);
  const text = typeof value === "string" ? value : JSON.stringify(value),
    how = quote === undefined ? {} : t.quotes?.[quote];
  if (how === undefined) throw new RangeError(`the template has no quoting called ${quote ?? ""}`);
  return [...text].map((c) => how[c] ?? c).join("");
};
const text = (t: Template, values: Values, from: string): string =>
  from.replace(PLACE, (_, name: string, quote?: string) => quoted(t, values, name, quote));
const json = (t: Template, values: Values, from: Json): Json => {
  if (typeof from === "string") {
    const alone = /^\{([a-z]+)\}$/.exec(from)?.[1];
    return alone === undefined ? text(t, values, from) : (values[alone] ?? null);
  }
  if (Array.isArray(from)) return from.map((x) => json(t, values, x as Json));
  return typeof from === "object" && from !== null ? Object.fromEntries(Object.entries(from).map(([k, v]) => [k, json(t, values, v as Json)])) : from;
};
export type Filled = { readonly method: string; readonly path: string; readonly headers: Record<string, string>; readonly body?: string };
export const fill = (t: Template, s: Step, values: Values): Filled => {
  const path = s.path.replace(PLACE, (_, name: string, quote?: string) => encodeURIComponent(quoted(t, values, name, quote)));
  if (s.json !== undefined)
    return { method: s.method, path, headers: { "Content-Type": "application/json" }, body: JSON.stringify(json(t, values, s.json)) };
  if (s.form === undefined) return { method: s.method, path, headers: {} };
  const form = new URLSearchParams(Object.entries(s.form).map(([k, v]): [string, string] => [k, text(t, values, v)]));
  return { method: s.method, path, headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: form.toString() };
};
