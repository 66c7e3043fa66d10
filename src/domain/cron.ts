/**
 * `minute hour day month weekday`, as crontab(5) has it. Rule: a fixed hour that spring skips comes when the clock jumps, one that autumn repeats comes
 * once; where every hour is meant (`*` or a step in the hour) the clock's own minutes count, so nothing is made up and both of the repeated hour come.
 */
import { momentOf, plusDays, wallAt, weekday, type Civil } from "./zone.ts";

export type Cron = {
  readonly minutes: readonly number[]; readonly hours: readonly number[]; readonly days: ReadonlySet<number>; readonly months: ReadonlySet<number>; readonly weekdays: ReadonlySet<number>;
  readonly everyHour: boolean;
  /** Day and weekday both named: one of them is enough. */
  readonly either: boolean;
};
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
type Field = { readonly what: string; readonly from: number; readonly to: number; readonly names?: readonly string[]; readonly base?: number };
const FIELDS: readonly Field[] = [
  { what: "minute", from: 0, to: 59 }, { what: "hour", from: 0, to: 23 }, { what: "day of the month", from: 1, to: 31 },
  { what: "month", from: 1, to: 12, names: MONTHS, base: 1 }, { what: "weekday", from: 0, to: 7, names: WEEKDAYS, base: 0 },
];
const SHORT: Readonly<Record<string, string>> = { "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *" };
const LONGEST = 9 * 366;

const number = (text: string, f: Field): number => {
  const named = f.names?.indexOf(text.toLowerCase()) ?? -1, n = named >= 0 ? named + (f.base ?? 0) : /^\d{1,2}$/.test(text) ? Number(text) : NaN;
  if (!(n >= f.from && n <= f.to)) throw new RangeError(`"${text}" is no ${f.what}: ${f.from} to ${f.to}${f.names ? `, or ${f.names[0]!} to ${f.names.at(-1)!}` : ""}`);
  return n;
};
/** `*`, `5`, `1-5`, each with `/step`; `5/10` goes on to the end of its range. */
const part = (text: string, f: Field): number[] => {
  const found = /^(\*|\w+)(?:-(\w+))?(?:\/(\d{1,2}))?$/.exec(text);
  if (!found || (found[1] === "*" && found[2] !== undefined)) throw new RangeError(`"${text}" is not a ${f.what}: write 5, 1-5, 1,15, * or */10`);
  const step = found[3] === undefined ? 1 : Number(found[3]), open = found[1] === "*" || (found[2] === undefined && found[3] !== undefined);
  const from = found[1] === "*" ? f.from : number(found[1]!, f), to = found[2] !== undefined ? number(found[2], f) : open ? (f.base === 0 ? 6 : f.to) : from;
  if (step < 1) throw new RangeError(`"${text}": a step is 1 or more`);
  if (to < from) throw new RangeError(`"${text}": the end of the range is before its begin`);
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
};
const values = (text: string, f: Field): number[] => [...new Set(text.split(",").flatMap((p) => part(p, f)))].sort((a, b) => a - b);

/** Throws what is wrong with which field. */
export const readCron = (text: string): Cron => {
  const trimmed = text.trim(), words = (SHORT[trimmed.toLowerCase()] ?? trimmed).split(/\s+/);
  if (words.length !== 5) throw new RangeError(`"${trimmed}" has ${words[0] === "" ? 0 : words.length} fields: write five (minute hour day month weekday), such as 30 2 * * sun`);
  const [minutes, hours, days, months, weekdays] = words.map((w, i) => values(w, FIELDS[i]!)) as [number[], number[], number[], number[], number[]];
  return {
    minutes, hours, days: new Set(days), months: new Set(months), weekdays: new Set(weekdays.map((d) => (d === 0 ? 7 : d))),
    everyHour: words[1]!.startsWith("*"), either: !words[2]!.startsWith("*") && !words[4]!.startsWith("*"),
  };
};

const onDay = (c: Cron, d: Civil): boolean => {
  const day = c.days.has(d.day), week = c.weekdays.has(weekday(d));
  return c.months.has(d.month) && (c.either ? day || week : day && week);
};
const momentsOn = (c: Cron, zone: string, d: Civil): number[] => {
  const all = c.hours.flatMap((h) => c.minutes.map((m) => momentOf(zone, d, h * 60 + m)));
  const at = c.everyHour ? all.filter((m) => !m.gap).flatMap((m) => (m.second ? [m.at, m.second] : [m.at])) : all.map((m) => m.at);
  return [...new Set(at.map(Number))].sort((a, b) => a - b);
};
/** Every moment after `after`, in order; ends when none comes within nine years (29 February has come by then). */
export const cronAfter = function* (c: Cron, zone: string, after: Date): Generator<Date, void, undefined> {
  // The day before too: a day that a zone skipped whole ends in the one after it.
  const first = plusDays(wallAt(zone, after), -1);
  for (let i = 0, last = after.getTime(), quiet = 0; quiet < LONGEST; i++, quiet++) {
    const d = plusDays(first, i);
    if (!onDay(c, d)) continue;
    for (const t of momentsOn(c, zone, d)) if (t > last) { last = t; quiet = 0; yield new Date(t); }
  }
};
