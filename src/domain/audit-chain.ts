/** Is the log whole? Rule: pure; each number once, each event follows the one before, each content matches its hash; what is wrong is named and the walk goes on. */

/** One numbered event: what it says of itself, and its hash computed again from its content. */
export type Link = { readonly index: number; readonly prevHash: string | null; readonly hash: string | null; readonly own: string };
export type Finding = { readonly at: number; readonly why: string };
export type Walked = { readonly next: number; readonly hash: string; readonly events: number; readonly faults: number; readonly findings: readonly Finding[] };

/** Findings kept by name; all are counted. */
const NAMED = 50;
const found = (w: Walked, at: number, why: string, count = 1): Walked =>
  ({ ...w, faults: w.faults + count, findings: w.findings.length < NAMED ? [...w.findings, { at, why }] : w.findings });

const missing = (from: number, to: number): string => (from === to ? `number ${from} is missing` : `numbers ${from} to ${to} are missing`);

const one = (w: Walked, l: Link): Walked => {
  let out = w;
  if (l.index > w.next) out = found(out, w.next, missing(w.next, l.index - 1), l.index - w.next);
  else if (l.prevHash !== w.hash) out = found(out, l.index, "it does not follow the event before it");
  if (l.own !== l.hash) out = found(out, l.index, "its content does not match its hash: it was changed");
  return { ...out, next: l.index + 1, hash: l.hash ?? "", events: out.events + 1 };
};
/** Goes on from where `w` stands over the next events, in index order. */
export const follow = (w: Walked, links: readonly Link[]): Walked => links.reduce(one, w);

/** The walk has reached the end. `upTo`: the highest number there was at its start. `known`: the head an earlier check had seen, and what stands there now. */
export const endWalk = (w: Walked, upTo: number, known: { readonly index: number; readonly hash: string; readonly now: string | null } | null): Walked => {
  const out = w.next <= upTo ? found(w, w.next, missing(w.next, upTo), upTo - w.next + 1) : w;
  if (known === null || known.now === known.hash) return out;
  return found(out, known.index, known.now === null ? "an earlier check had seen this event; it is gone" : "an earlier check had seen another event under this number: the log was rewritten from there or before");
};

export type Check = {
  readonly id: string; readonly state: "running" | "whole" | "broken"; readonly at: Date; readonly endedAt: Date | null; readonly next: number; readonly upTo: number; readonly hash: string;
  readonly events: number; readonly faults: number; readonly findings: readonly Finding[]; readonly waiting: number; readonly waitingSince: Date | null;
};
/** Done so far, of 100. */
export const percent = (c: Pick<Check, "next" | "upTo" | "state">): number => (c.state !== "running" ? 100 : Math.min(99, Math.floor((c.next / Math.max(1, c.upTo + 1)) * 100)));

const events = (n: number): string => (n === 1 ? "1 event" : `${n.toLocaleString("en")} events`);
/** Events without a number yet; `late` ms old at most is the sequencer's ordinary pace. */
const unnumbered = (c: Check, late: number): string => {
  if (c.waiting === 0 || c.waitingSince === null) return "";
  const old = (c.endedAt ?? c.at).getTime() - c.waitingSince.getTime();
  return old > late ? ` ${events(c.waiting)} had no number yet, the oldest for ${Math.round(old / 1_000)} s: the sequencer is behind. They are not covered by this check.` : ` ${events(c.waiting)} came too late for a number and are not covered.`;
};
/** The result in plain words. `late`: ms after which an event without a number is one too many. */
export const verdictOf = (c: Check, late: number): string => {
  if (c.state === "running") return `Checking: ${events(c.events)} of ${(c.upTo + 1).toLocaleString("en")}.`;
  if (c.events === 0 && c.faults === 0) return `There is no numbered event yet.${unnumbered(c, late)}`;
  const range = `${events(c.events)}, numbers 0 to ${c.next - 1}`;
  if (c.state === "whole") return `The log is whole: ${range}, none missing, none changed. Its head is ${c.hash}.${unnumbered(c, late)}`;
  return `The log is NOT whole: ${c.faults === 1 ? "1 fault" : `${c.faults.toLocaleString("en")} faults`} in ${range}. Its head is ${c.hash}.${unnumbered(c, late)}`;
};
