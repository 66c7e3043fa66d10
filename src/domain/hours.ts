/**
 * Weekly opening hours in a time zone. Rule: an hour is a wall clock's: what the clock skips in spring is never open, what it shows twice in autumn is
 * open twice. Offsets of all zones move on whole quarters of an hour, so within one the wall clock runs evenly.
 */
import { z } from "zod";
import { isZone } from "./zone.ts";

const MINUTE = 60_000, QUARTER = 15 * MINUTE, LONGEST = 15 * 24 * 3_600_000;
const Clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, "a time of day such as 08:00, or 24:00");
/** Days 1 (Monday) to 7; `to` is not part of it. Over midnight: two entries. */
export const Opening = z.object({ days: z.array(z.int().min(1).max(7)).min(1).max(7), from: Clock, to: Clock }).refine((o) => o.from < o.to, "the end of the hours must be after their begin; over midnight, write two entries");
export const Hours = z.object({ zone: z.string().min(1).max(60).refine(isZone, "not a time zone such as Europe/Berlin"), open: z.array(Opening).min(1).max(20) });
export type Hours = z.infer<typeof Hours>;

const clocks = new Map<string, Intl.DateTimeFormat>();
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;
/** The wall clock of a zone: day of the week and minute of the day. */
export const wall = (zone: string, at: Date): { readonly day: number; readonly minute: number } => {
  const clock = clocks.get(zone) ?? new Intl.DateTimeFormat("en-GB", { timeZone: zone, weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  clocks.set(zone, clock);
  const part = Object.fromEntries(clock.formatToParts(at).map((p) => [p.type, p.value]));
  return { day: DAYS.indexOf(part["weekday"] as (typeof DAYS)[number]) + 1, minute: Number(part["hour"]) * 60 + Number(part["minute"]) };
};
const minutes = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
const covers = (h: Hours, day: number, minute: number): boolean => h.open.some((o) => o.days.includes(day) && minutes(o.from) <= minute && minute < minutes(o.to));

export const isOpen = (h: Hours | null, at: Date): boolean => { if (h === null) return true; const w = wall(h.zone, at); return covers(h, w.day, w.minute); };

/** The first moment from `at` on at which it is open (or closed); null: not within two weeks. */
const first = (h: Hours, at: Date, open: boolean): Date | null => {
  for (let q = Math.floor(at.getTime() / QUARTER) * QUARTER; q < at.getTime() + LONGEST; q += QUARTER) {
    const w = wall(h.zone, new Date(q));
    for (let i = 0; i < 15; i++) {
      const t = q + i * MINUTE;
      if (t + MINUTE > at.getTime() && covers(h, w.day, w.minute + i) === open) return new Date(Math.max(t, at.getTime()));
    }
  }
  return null;
};
export const opensAt = (h: Hours, at: Date): Date | null => first(h, at, true);
/** Null: it does not close. */
export const closesAt = (h: Hours | null, at: Date): Date | null => (h === null ? null : first(h, at, false));

const runs = (days: readonly number[]): string => {
  const sorted = [...new Set(days)].sort((a, b) => a - b), out: string[] = [];
  for (let i = 0; i < sorted.length;) {
    let j = i;
    while (sorted[j + 1] === sorted[j]! + 1) j++;
    out.push(j - i > 1 ? `${DAYS[sorted[i]! - 1]!}–${DAYS[sorted[j]! - 1]!}` : sorted.slice(i, j + 1).map((d) => DAYS[d - 1]!).join(", "));
    i = j + 1;
  }
  return out.join(", ");
};
/** "Mon–Fri 08:00–17:00 (Europe/Berlin)" */
export const hoursText = (h: Hours): string => `${h.open.map((o) => `${runs(o.days)} ${o.from}–${o.to}`).join("; ")} (${h.zone})`;
/** A moment on that wall: "Mon 2026-11-30 08:00". */
export const wallText = (zone: string, at: Date): string => {
  const { day, minute } = wall(zone, at), date = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(at);
  return `${DAYS[day - 1]!} ${date} ${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
};
/** What a closed policy says, or null when it is open. */
export const closedSentence = (h: Hours | null, at: Date): string | null => {
  if (h === null || isOpen(h, at)) return null;
  const next = opensAt(h, at);
  return `It is open ${hoursText(h)}${next ? `; next on ${wallText(h.zone, next)}` : ""}.`;
};

/** What the form and the command line write: one line an opening, `Mon-Fri 08:00-17:00`. Throws what is wrong with which line. */
export const readOpenings = (text: string): Hours["open"] => text.split(/[\n;]/).map((l) => l.trim()).filter(Boolean).map((line) => {
  const found = /^([A-Za-z, –-]+?)\s+(\d\d:\d\d)\s*[–-]\s*(\d\d:\d\d)$/.exec(line), days = found ? daysOf(found[1]!) : null;
  if (!found || !days) throw new RangeError(`"${line}" is not like: Mon-Fri 08:00-17:00`);
  return { days, from: found[2]!, to: found[3]! };
});
const daysOf = (text: string): number[] | null => {
  const out: number[] = [];
  for (const part of text.split(",").map((p) => p.trim())) {
    const [a, b] = part.split(/[–-]/).map((d) => DAYS.findIndex((x) => x.toLowerCase() === d.trim().toLowerCase().slice(0, 3)) + 1);
    if (!a || b === 0) return null;
    for (let d = a; ; d = (d % 7) + 1) { out.push(d); if (d === (b ?? a)) break; }
  }
  return [...new Set(out)].sort((x, y) => x - y);
};
export const writeOpenings = (open: Hours["open"]): string => open.map((o) => `${runs(o.days)} ${o.from}-${o.to}`).join("\n");
