/**
 * Wall clocks of time zones, by Intl's own tables. Rule: a time of day the clock skips in spring is the moment the gap ends;
 * one it shows twice in autumn has a first and a second moment, and the caller says which it means.
 */
const MINUTE = 60_000, HOUR = 60 * MINUTE, FAR = 26 * HOUR;
const clocks = new Map<string, Intl.DateTimeFormat>();
const clockOf = (zone: string): Intl.DateTimeFormat => {
  const known = clocks.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-GB", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  clocks.set(zone, made);
  return made;
};
export const isZone = (zone: string): boolean => { try { clockOf(zone); return true; } catch { return false; } };

/** A day of the calendar, without a zone. */
export type Civil = { readonly year: number; readonly month: number; readonly day: number };
const utc = (d: Civil): number => Date.UTC(d.year, d.month - 1, d.day);
const civil = (ms: number): Civil => { const d = new Date(ms); return { year: d.getUTCFullYear(), month: d.getUTCMonth() + 1, day: d.getUTCDate() }; };
export const plusDays = (d: Civil, n: number): Civil => civil(utc(d) + n * 24 * HOUR);
/** The same day of a later month; of a shorter month its last day (31 January, 28 February, 31 March). */
export const plusMonths = (d: Civil, n: number): Civil => {
  const months = d.year * 12 + d.month - 1 + n, year = Math.floor(months / 12), month = months % 12 + 1;
  return { year, month, day: Math.min(d.day, new Date(Date.UTC(year, month, 0)).getUTCDate()) };
};
export const daysBetween = (a: Civil, b: Civil): number => Math.round((utc(b) - utc(a)) / (24 * HOUR));
/** 1 is Monday, 7 Sunday. */
export const weekday = (d: Civil): number => (new Date(utc(d)).getUTCDay() + 6) % 7 + 1;
/** "2026-11-30"; null: there is no such day. */
export const readCivil = (text: string): Civil | null => {
  const found = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text), d = found ? { year: Number(found[1]), month: Number(found[2]), day: Number(found[3]) } : null;
  return d && writeCivil(civil(utc(d))) === text ? d : null;
};
export const writeCivil = (d: Civil): string => `${String(d.year).padStart(4, "0")}-${String(d.month).padStart(2, "0")}-${String(d.day).padStart(2, "0")}`;

export type Wall = Civil & { readonly minute: number };
/** What the clock on the wall shows; seconds are cut off. */
export const wallAt = (zone: string, at: Date): Wall => {
  const part = Object.fromEntries(clockOf(zone).formatToParts(at).map((p) => [p.type, Number(p.value)]));
  return { year: part["year"]!, month: part["month"]!, day: part["day"]!, minute: part["hour"]! * 60 + part["minute"]! };
};
const offset = (zone: string, ms: number): number => { const w = wallAt(zone, new Date(ms)); return utc(w) + w.minute * MINUTE - Math.floor(ms / MINUTE) * MINUTE; };

/** `second`: the clock shows it again. `gap`: it never shows it, and `at` is where it jumps over it. */
export type Moment = { readonly at: Date; readonly second: Date | null; readonly gap: boolean };
export const momentOf = (zone: string, d: Civil, minute: number): Moment => {
  const wanted = utc(d) + minute * MINUTE, offsets = [...new Set([offset(zone, wanted - FAR), offset(zone, wanted + FAR)])];
  const found = offsets.map((o) => wanted - o).filter((t) => offset(zone, t) === wanted - t).sort((a, b) => a - b);
  if (found[0] !== undefined) return { at: new Date(found[0]), second: found[1] === undefined ? null : new Date(found[1]), gap: false };
  let before = wanted - FAR, after = wanted + FAR;
  const old = offset(zone, before);
  while (after - before > MINUTE) {
    const half = before + Math.floor((after - before) / 2 / MINUTE) * MINUTE;
    if (offset(zone, half) === old) before = half; else after = half;
  }
  return { at: new Date(after), second: null, gap: true };
};
