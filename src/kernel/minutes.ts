/** Lengths of time as people type and read them. Rule: whole minutes; what is not clearly a length is none. */
const HOUR = 60;

/** "45", "45m", "45 min", "2h", "1h30", "1h 30m", "1:30" -> minutes; null = not a length, or none at all. */
export const parseMinutes = (text: string): number | null => {
  const t = text.trim().toLowerCase(), plain = /^(\d{1,6})\s*(?:m|min|mins|minutes?)?$/.exec(t), clock = /^(\d{1,3}):([0-5]\d)$/.exec(t);
  const hours = /^(\d{1,3})\s*(?:h|hours?)(?:\s*(\d{1,2})\s*(?:m|min|minutes?)?)?$/.exec(t), found = clock ?? hours;
  const minutes = plain ? Number(plain[1]) : found ? Number(found[1]) * HOUR + Number(found[2] ?? 0) : 0;
  return minutes > 0 ? minutes : null;
};

/** 45 -> "45 min", 90 -> "1 h 30 min". */
export const sayMinutes = (minutes: number): string => {
  const h = Math.floor(minutes / HOUR), m = minutes % HOUR;
  return h === 0 ? `${m} min` : m === 0 ? `${h} h` : `${h} h ${m} min`;
};

/** 754_000 ms -> "12:34", 3_754_000 -> "1:02:34": a clock that counts. */
export const sayClock = (ms: number): string => {
  const s = Math.max(0, Math.floor(ms / 1_000)), two = (n: number): string => String(n).padStart(2, "0");
  const [h, m] = [Math.floor(s / 3_600), Math.floor(s / 60) % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
};
