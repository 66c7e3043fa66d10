/**
 * From one password change shown by hand to a draft of a command set. Rule: pure; its input holds placeholders where passwords were; what it
 * guesses it says, and a text that is no command set is not given out.
 */
import { wordsOfRefusal, promptOf, saysChanged, linePattern, asks, type Names } from "./infer-words.ts";
import { LONGEST_TEXT, mistakeText, parseCommandSet, yamlOf } from "./parse.ts";
import type { Is, WireName } from "./schema.ts";
import { answerTo, lineText, type ByHand, type Piece } from "./shown.ts";

/** `self`: the account changed its own password. `where`: the target's name. `tried`: what a candidate could hold. */
export type About = Names & { readonly self: boolean; readonly over: WireName; readonly where: string; readonly tried: { readonly forbid: string; readonly longest: number } };
/** `unsure`: sentences for whoever looks at the draft. */
export type Inferred = { readonly draft: string; readonly unsure: readonly string[] } | { readonly why: string; readonly unsure: readonly string[] };

/** One line and what came before the next. `before`: the prompt it answered. */
type Turn = { readonly sent: ByHand; readonly answer: string; readonly before: string };
type Alt = { match: string; is: Is };
type Step = { send?: string; sendSecret?: "present" | "new"; tail?: string; enter?: false; expect: Alt[] };

const TAIL = /^(?:exit|logout|quit|bye|logoff)$/i;
const turnsOf = (pieces: readonly Piece[]): { greeting: string; turns: Turn[] } => {
  const first = pieces.findIndex((p) => p.by === "person"), text = (of: readonly Piece[]): string => of.map((p) => (p.by === "device" ? p.text : "")).join("");
  const greeting = text(first < 0 ? pieces : pieces.slice(0, first)), turns: Turn[] = [];
  pieces.forEach((p, i) => {
    if (p.by !== "person") return;
    const next = pieces.findIndex((q, j) => j > i && q.by === "person");
    turns.push({ sent: p, answer: answerTo(p, text(pieces.slice(i + 1, next < 0 ? undefined : next))), before: turns.at(-1)?.answer ?? greeting });
  });
  return { greeting, turns };
};
const has = (t: Turn, which: "present" | "new"): boolean => t.sent.parts.some((p) => "secret" in p && p.secret === which);
const same = (a: Turn, b: Turn): boolean => lineText(a.sent.parts) === lineText(b.sent.parts);

/** Whole words alone: a name inside another word is not meant. */
const named = (text: string, name: string, as: string): string =>
  (name === "" ? text : text.replaceAll(new RegExp(`(?<![\\w.-])${name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w.-])`, "g"), as));
const template = (text: string, a: About, login: boolean): string =>
  login || a.account === a.user ? named(text, a.user, login ? "{{user}}" : "{{account}}") : named(named(text, a.account, "{{account}}"), a.user, "{{user}}");

const stepOf = (t: Turn, a: About, expect: Alt[], login = false): Step => {
  const { parts, enter } = t.sent, at = parts.findIndex((p) => "secret" in p), text = (of: typeof parts): string => template(of.map((p) => ("text" in p ? p.text : "")).join(""), a, login);
  const send = text(at < 0 ? parts : parts.slice(0, at)), tail = at < 0 ? "" : text(parts.slice(at + 1)), secret = at < 0 ? undefined : (parts[at] as { secret: "present" | "new" }).secret;
  return { ...(send === "" && secret !== undefined ? {} : { send }), ...(secret === undefined ? {} : { sendSecret: secret }), ...(tail === "" ? {} : { tail }), ...(enter ? {} : { enter: false as const }), expect };
};

const refusalIn = (t: Turn): string | null => wordsOfRefusal(t.answer);
/** It was answered by a refusal and the device asks what it asked before: nothing came of it. */
const failed = (t: Turn, a: About): boolean => refusalIn(t) !== null && promptOf(t.answer, a) === promptOf(t.before, a);
type Kept = { readonly turn: Turn; readonly refusals: readonly string[] };
const keep = (turns: readonly Turn[], a: About): { kept: Kept[]; errors: string[]; unsure: string[] } => {
  const kept: Kept[] = [], unsure: string[] = [], errors: string[] = [];
  let waiting: { turn: Turn; line: string }[] = [];
  for (const turn of turns) {
    const line = refusalIn(turn);
    if (line !== null && failed(turn, a)) {
      unsure.push(`"${lineText(turn.sent.parts)}" was answered by "${line}": taken for a refusal, and the step left out.`);
      waiting.push({ turn, line });
      continue;
    }
    if (line !== null) unsure.push(`"${line}" reads like a refusal, but the device went on: it is not taken for one.`);
    const mine = waiting.filter((w) => same(w.turn, turn) || has(w.turn, "new") || has(w.turn, "present")).map((w) => w.line);
    errors.push(...waiting.map((w) => w.line).filter((l) => !mine.includes(l)));
    waiting = [];
    kept.push({ turn, refusals: mine });
  }
  errors.push(...waiting.map((w) => w.line));
  return { kept, errors, unsure };
};

const unique = (alts: readonly Alt[]): Alt[] => alts.filter((x, i) => alts.findIndex((y) => y.match === x.match) === i);
/** Whoever is asked again for what was just given was refused. */
const again = (t: Turn, a: About): Alt[] => {
  const prompt = promptOf(t.before, a);
  return has(t, "present") && asks(t.before) && prompt !== promptOf(t.answer, a) ? [{ match: prompt, is: "auth" }] : [];
};
const expectOf = ({ turn, refusals }: Kept, a: About, last: boolean, unsure: string[]): Alt[] => {
  const said = last ? saysChanged(turn.answer) : null, ok = said === null ? promptOf(turn.answer, a) : linePattern(said, a);
  if (last && said === null) unsure.push("Nothing the device said after the new password says that it was taken: the draft goes by its prompt alone.");
  if (turn.answer.trim() === "") unsure.push(`After "${lineText(turn.sent.parts)}" the device said nothing: the draft does not wait there.`);
  const wanted: Alt[] = ok === "" ? [] : [{ match: ok, is: "ok" }];
  return unique([...refusals.map((l): Alt => ({ match: linePattern(l, a), is: "refused" })), ...wanted, ...again(turn, a)]);
};

type Lists = { login: Step[]; start: Step[]; change: Step[]; after: Step[] };
const listsOf = (greeting: string, kept: readonly Kept[], a: About, unsure: string[]): Lists | string => {
  const telnet = a.over === "telnet", logged = telnet ? kept.findIndex((k) => has(k.turn, "present")) : -1;
  if (telnet && logged < 0) return "The login was not shown: over Telnet it is a part of the set, so the present password has to be sent once, by {{present}}.";
  const rest = kept.slice(logged + 1), last = rest.findLastIndex((k) => has(k.turn, "new"));
  if (last < 0) return "No line that went through sent the new password by {{new}}: nothing was changed in what was shown.";
  const logins = kept.slice(0, logged + 1), prompts = unique(logins.map((k): Alt => ({ match: promptOf(k.turn.before, a), is: "auth" }))).filter((p) => p.match !== "");
  const begun = (text: string): Step[] => { const p = promptOf(text, a); return p === "" ? [] : [{ expect: [{ match: p, is: "ok" }] }]; };
  const lines = (of: readonly Kept[], end: number): Step[] => of.map((k, i) => stepOf(k.turn, a, expectOf(k, a, i === end, unsure)));
  const login = logins.map((k, i) => stepOf(k.turn, a, unique([{ match: promptOf(k.turn.answer, a), is: "ok" }, ...(i === logins.length - 1 ? prompts : [])]).filter((x) => x.match !== ""), true));
  const tail = rest.slice(last + 1), end = tail.findLastIndex((k) => !TAIL.test(lineText(k.turn.sent.parts).trim()));
  return {
    login: telnet ? [...begun(greeting), ...login] : [], start: begun(telnet ? kept[logged]!.turn.answer : greeting),
    change: lines(rest.slice(0, last + 1), last), after: lines(tail.slice(0, end + 1), -1),
  };
};

const doubts = (l: Lists, errors: readonly string[], a: About): string[] => [
  ...(errors.length === 0 && l.change.every((s) => s.expect.every((x) => x.is !== "refused")) ? ["No refusal was seen: the draft does not know how this device says no. Add its texts under errors."] : []),
  ...(l.change.some((s) => s.sendSecret === "present") || l.login.length > 0 ? ["No wrong present password was seen: that the device asks again then is a guess."] : []),
  ...(l.after.length > 0 ? ["What came behind the new password stands under on-success: where the device changes nothing before it, move it to the change and mark it commits."] : []),
  ...(l.change.filter((s) => s.sendSecret === "new").length > 1 ? ["The new password is sent more than once: a cut between them may leave half a change. Say how a second try gets on from there, by when."] : []),
  ...[...l.change, ...l.after].filter((s) => s.sendSecret === undefined && /\b(?:password|secret|passphrase|key)\s+\S/i.test(s.send ?? "")).map((s) => `"${s.send ?? ""}" has a text behind a word for passwords: if that is one, it stands in the draft.`),
  `Tried with passwords of ${a.tried.forbid.replace(/^\[\^/, "").replace(/\]$/, "")} alone; whatever else the device takes is not known.`,
];
const slug = (where: string): string => `like-${where.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "")}`.slice(0, 31).replace(/-+$/, "");
const textFor = (l: Lists, errors: readonly string[], a: About, unsure: readonly string[]): string => {
  const list = (name: string, steps: readonly Step[]): Record<string, unknown> => (steps.length === 0 ? {} : { [name]: steps });
  const set = {
    set: slug(a.where), called: `Device like ${a.where}`.slice(0, 60), one: `a device like ${a.where}`.slice(0, 80), grade: "draft",
    about: `Made of one change shown by hand on ${a.where}. Say which device and version that is.`, over: [a.over], needs: `what ${a.user} may do`.slice(0, 300),
    passwords: a.tried, ...(errors.length === 0 ? {} : { errors: unique(errors.map((e) => ({ match: linePattern(e, a), is: "refused" }))) }),
    ...list("login", l.login), ...list("start", l.start), ...list(a.self ? "change" : "change-with-admin", l.change), ...list("on-success", l.after),
  };
  const heads = ["Look at every line of this. What it is unsure of:", ...unsure.map((u) => `- ${u}`)];
  return `${heads.map((h) => `# ${h.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ")}`).join("\n")}\n${yamlOf(set)}`;
};

export const inferCommandSet = (pieces: readonly Piece[], a: About): Inferred => {
  const { greeting, turns } = turnsOf(pieces), { kept, errors, unsure } = keep(turns, a), lists = listsOf(greeting, kept, a, unsure);
  if (typeof lists === "string") return { why: lists, unsure };
  const all = [...unsure, ...doubts(lists, errors, a)], draft = textFor(lists, errors, a, all), read = parseCommandSet(draft);
  if ("mistakes" in read) return { why: `What was shown makes no command set: ${read.mistakes.slice(0, 5).map(mistakeText).join("; ")}`, unsure: all };
  return draft.length > LONGEST_TEXT ? { why: "What was shown is longer than a command set may be.", unsure: all } : { draft, unsure: all };
};
