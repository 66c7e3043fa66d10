/** What an approver should know before voting. Rule: told from what happened before the ask alone, so it reads the same at every look; it decides nothing. */
import type { AccountId } from "../kernel/ids.ts";
import { isState, type Request } from "./request.ts";

export type RiskKind = "first" | "again" | "hours" | "glass" | "refused" | "marked";
/** `calm`: speaks for the ask rather than against it. `at`: when it happened last. */
export type Risk = { readonly kind: RiskKind; readonly calm: boolean; readonly says: string; readonly at: Date | null };
/** `past`: what the same person asked for before, by whichever login. `marked`: their sessions in which a command rule spoke. */
export type Known = { readonly name: string; readonly past: readonly Request[]; readonly marked: readonly Date[] };

const DAY = 86_400_000, HABIT = 90 * DAY, LATELY = 30 * DAY, MINUTES = 1_440;
/** Fewer asks than this are no habit; further from all of them than this is unusual. */
export const HABIT_OF = 10, AWAY = 120;

const minuteOf = (at: Date): number => at.getUTCHours() * 60 + at.getUTCMinutes();
const apart = (a: number, b: number): number => Math.min((a - b + MINUTES) % MINUTES, (b - a + MINUTES) % MINUTES);
const clock = (at: Date): string => `${at.toISOString().slice(11, 16)} UTC`;
const times = (n: number): string => (n === 1 ? "once" : n === 2 ? "twice" : `${n} times`);
const latest = (all: readonly Date[]): Date | null => all.reduce<Date | null>((a, b) => (a === null || b > a ? b : a), null);
const within = (r: Request, at: Date | null, ms: number): at is Date => at !== null && at <= r.submittedAt && r.submittedAt.getTime() - at.getTime() <= ms;

const startedAt = (r: Request): Date | null => (isState(r, "checked_out", "closed", "reviewed") ? r.checkedOutAt : null);
const isDate = (d: Date | null): d is Date => d !== null;

const familiar = (r: Request, { name, past }: Known): Risk => {
  const had = past.filter((p) => p.terms.account === r.terms.account).map(startedAt).filter(isDate);
  return had.length === 0 ? { kind: "first", calm: false, says: `${name} has never had this account before`, at: null } : { kind: "again", calm: true, says: `${name} has had this account ${times(had.length)} before`, at: latest(had) };
};
const unusual = (r: Request, { name, past }: Known): Risk | null => {
  const habit = past.filter((p) => within(r, p.submittedAt, HABIT)).map((p) => minuteOf(p.submittedAt)), now = minuteOf(r.submittedAt);
  if (habit.length < HABIT_OF || habit.some((m) => apart(m, now) <= AWAY)) return null;
  return { kind: "hours", calm: false, says: `outside ${name}'s usual hours: none of ${habit.length} requests in 90 days came within two hours of ${clock(r.submittedAt)}`, at: null };
};
const glass = (r: Request, { name, past }: Known): Risk | null => {
  const all = past.filter((p) => p.terms.preset === "break-glass" && within(r, startedAt(p), LATELY)), here = all.some((p) => p.terms.account === r.terms.account);
  return all.length === 0 ? null : { kind: "glass", calm: false, says: `${name} broke the glass ${times(all.length)} in 30 days${here ? ", on this account too" : ", on other accounts"}`, at: latest(all.map(startedAt).filter(isDate)) };
};
const refused = (r: Request, account: AccountId, { name, past }: Known): Risk | null => {
  const last = past.filter((p) => isState(p, "denied", "revoked")).filter((p) => p.terms.account === account && within(r, p.endedAt, LATELY)).toSorted((a, b) => b.endedAt.getTime() - a.endedAt.getTime())[0];
  if (!last) return null;
  return { kind: "refused", calm: false, says: `${name} was ${last.state === "denied" ? "denied this account" : "cut off from this account"}${last.reason ? `: “${last.reason}”` : ""}`, at: last.endedAt };
};
const marked = (r: Request, { name, marked: all }: Known): Risk | null => {
  const lately = all.filter((at) => within(r, at, LATELY));
  return lately.length === 0 ? null : { kind: "marked", calm: false, says: `a command rule spoke in ${lately.length} of ${name}'s sessions in 30 days`, at: latest(lately) };
};

/** Worst first, and last what they have had before. */
export const risksOf = (r: Request, known: Known): Risk[] => {
  const past = known.past.filter((p) => p.id !== r.id && p.submittedAt <= r.submittedAt), k = { ...known, past }, own = familiar(r, k);
  return [refused(r, r.terms.account, k), glass(r, k), marked(r, k), unusual(r, k), own].filter((n) => n !== null).sort((a, b) => Number(a.calm) - Number(b.calm));
};
