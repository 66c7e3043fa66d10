/**
 * One list of a command set, walked. Rule: pure: what was heard and what time it is go in, what to send and when to look again come out; it
 * answers a prompt only after a moment of silence (a device may print it before it turns the echo off), and it always ends.
 */
import { re2 } from "../re2.ts";
import { lastLine, visible } from "./screen.ts";
import type { Alternative, Is, Step } from "./schema.ts";

/** A line to send; the two secrets are put in by whoever may hold them. */
export type Part = { readonly text: string } | { readonly secret: "present" | "new" };
export type Sent = { readonly parts: readonly Part[]; readonly enter: boolean; readonly hide: boolean };
export type Names = { readonly account: string; readonly user: string };
export type Rules = {
  readonly steps: readonly Step[]; readonly errors: readonly Alternative[]; readonly names: Names;
  /** `settle`: silence before anything is decided · `atLeast`: decide all the same after this long of talk. Milliseconds, as the clock's. */
  readonly settle: number; readonly atLeast: number;
  /** The text without the echo of what was sent: a password may read like an answer. */
  unecho(text: string, sent: Sent): string;
};
/** `asked`: the device was given the present password. `begun`: a byte of the change may have left. `made`: a step that commits was answered ok. */
export type Over = {
  readonly is: Is; readonly why: string; readonly step: number; readonly asked: boolean; readonly begun: boolean; readonly made: boolean;
};

export type Talk = {
  readonly rules: Rules;
  readonly step: number;
  /** entering: it is to be looked whether the step is left out · pausing: before it is sent · listening: for an answer. */
  readonly phase: "entering" | "pausing" | "listening" | "over";
  /** Raw, since something was sent last, the newest of it. */
  readonly heard: string;
  readonly sent: Sent | null;
  readonly pauseEnds: number; readonly deadline: number; readonly firstNew: number | null; readonly lookAt: number | null;
  readonly asked: boolean; readonly begun: boolean; readonly made: boolean;
  /** To be sent now, once: the next call gives the talk without it. */
  readonly out: Sent | null;
  readonly over: Over | null;
};

/** Of one answer; what came long before cannot decide anything any more. */
export const HEARD = 16_384;
const commits = (steps: readonly Step[], at: number): boolean =>
  steps.some((s) => s.commits) ? steps[at]!.commits : at === steps.findLastIndex((s) => s.sendSecret === "new");
const filled = (template: string, names: Names): string =>
  template.replaceAll("{{account}}", () => names.account).replaceAll("{{user}}", () => names.user);
const lineOf = (s: Step, names: Names): Sent | null => {
  if (s.send === undefined && s.sendSecret === undefined) return null;
  const text = (template: string | undefined): Part[] => (template === undefined ? [] : [{ text: filled(template, names) }]);
  const secret: Part[] = s.sendSecret === undefined ? [] : [{ secret: s.sendSecret }];
  return { parts: [...text(s.send), ...secret, ...text(s.tail)], enter: s.enter, hide: s.hide };
};
export const textOf = (t: Talk): string => { const text = visible(t.heard); return t.sent === null ? text : t.rules.unecho(text, t.sent); };

export const begin = (rules: Rules, now: number, before?: Talk): Talk => ({
  rules, step: 0, phase: "entering", heard: before?.heard ?? "", sent: before?.sent ?? null,
  pauseEnds: now, deadline: now, firstNew: null, lookAt: null,
  asked: false, begun: false, made: false, out: null, over: null,
});
const ended = (t: Talk, is: Is, why: string): Talk => ({ ...t, phase: "over", over: { is, why, step: t.step, asked: t.asked, begun: t.begun, made: t.made } });
/** Into the step at `t.step`, past those that are left out. */
const enter = (t: Talk, now: number): Talk => {
  const { steps } = t.rules, text = textOf(t);
  const step = steps.findIndex((s, i) => i >= t.step && (s.when === undefined || re2(s.when).has(text)));
  if (step < 0) return ended({ ...t, step: steps.length }, "ok", "");
  return { ...t, step, phase: "pausing", pauseEnds: now + steps[step]!.pause * 1_000 };
};
/** What nobody asked for is thrown away when something is sent; where nothing is, it may be the very thing that is waited for. */
const send = (t: Talk, now: number): Talk => {
  const s = t.rules.steps[t.step]!, out = lineOf(s, t.rules.names), begun = t.begun || s.changes || s.sendSecret === "new";
  const heard = out === null ? t.heard : "", some = heard !== "";
  const sent: Talk = { ...t, phase: "listening", out, sent: out ?? t.sent, asked: t.asked || s.sendSecret === "present", begun, heard,
    deadline: now + s.timeout * 1_000, firstNew: some ? now : null, lookAt: some ? now + t.rules.settle : null };
  return s.expect.length === 0 ? passed(sent) : sent;
};
const passed = (t: Talk): Talk =>
  ({ ...t, made: t.made || commits(t.rules.steps, t.step), phase: "entering", step: t.step + 1, firstNew: null, lookAt: null });

/** The device's own words: the first line of what matched, or of its first group. */
const wordsOf = (match: string, text: string): string => (re2(match).found(text) ?? "").split("\n").map((l) => l.trim()).find((l) => l !== "") ?? "";
/** Over exec a status, null where none came; elsewhere the other end hung up. */
export type End = { readonly exit: number | null };
const fits = (a: Alternative, text: string, end: End | undefined): boolean => {
  if (a.match !== undefined) return re2(a.match).has(text);
  if (end === undefined) return false;
  return a.exit === "none" ? end.exit === null : a.exit === "any" ? end.exit !== null : a.exit === end.exit;
};
const look = (t: Talk, end?: End): Talk => {
  const s = t.rules.steps[t.step]!, text = textOf(t), speaks = s.send === undefined && s.sendSecret === undefined;
  const found = [...(speaks ? [] : t.rules.errors), ...s.expect].find((a) => fits(a, text, end));
  if (found === undefined) return { ...t, firstNew: null, lookAt: null };
  return found.is === "ok" ? passed(t) : ended(t, found.is, found.match === undefined ? lastLine(text) : wordsOf(found.match, text));
};
const silence = (t: Talk): string => {
  const line = lastLine(textOf(t));
  return `the device said nothing that step ${t.step + 1} expects${line === "" ? "" : `, but: ${line}`}`;
};

/** Text came. It is looked at after a moment of silence, or of too much talk. */
export const hear = (given: Talk, text: string, now: number): Talk => {
  const t = { ...given, out: null };
  if (t.phase === "over" || text === "") return t;
  const firstNew = t.firstNew ?? now, lookAt = t.phase === "listening" ? Math.min(now + t.rules.settle, firstNew + t.rules.atLeast) : null;
  return { ...t, heard: (t.heard + text).slice(-HEARD), firstNew, lookAt };
};
/** The clock moved: call it at `dueAt`, and whenever else. One call is one move. */
export const wake = (given: Talk, now: number): Talk => {
  const t = { ...given, out: null };
  if (t.phase === "over") return t;
  if (t.phase === "entering") return enter(t, now);
  if (t.phase === "pausing") return now >= t.pauseEnds ? send(t, now) : t;
  const seen = t.lookAt !== null && now >= t.lookAt ? look(t) : t;
  return seen.phase === "listening" && now >= t.deadline ? ended(seen, "unknown", silence(seen)) : seen;
};
const GONE = "the device ended the conversation";
/** The other end is gone: what was heard is judged at once, and nothing more can be sent. */
export const hangUp = (given: Talk, end: End, now: number): Talk => {
  const t = { ...given, out: null };
  if (t.phase === "over") return t;
  const seen = t.phase === "listening" ? look(t, end) : t, next = seen.phase === "entering" ? enter(seen, now) : seen;
  return next.phase === "over" ? next : ended(next, "unknown", GONE);
};
export const dueAt = (t: Talk): number | null => {
  if (t.phase === "over") return null;
  return t.phase === "listening" ? Math.min(t.lookAt ?? Infinity, t.deadline) : t.phase === "pausing" ? t.pauseEnds : 0;
};
