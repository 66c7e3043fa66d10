/**
 * Regular expressions that people write. Rule: they run on other people's text, so RE2 matches them, in time linear in both; what it cannot
 * match so (back references, look-around, a thousand nested repetitions) is refused when it is written.
 */
import { RE2JS } from "re2js";

/** Why this is no pattern, as a sentence; null: it is one. */
export const unreadable = (pattern: string): string | null => {
  try { RE2JS.compile(pattern); return null; } catch (e) {
    return (e instanceof Error ? e.message : String(e)).replace(/^error parsing regexp: /, "");
  }
};

export type Re2 = {
  whole(text: string): boolean; has(text: string): boolean;
  /** What it matched, its first group where there is one; null: nothing. */
  found(text: string): string | null;
};
const kept = new Map<string, RE2JS>(), KEPT = 512;
const compiled = (pattern: string): RE2JS => {
  const known = kept.get(pattern);
  if (known !== undefined) return known;
  const made = RE2JS.compile(pattern);
  if (kept.size >= KEPT) kept.clear();
  kept.set(pattern, made);
  return made;
};
/** Throws where the pattern is unreadable. */
export const re2 = (pattern: string): Re2 => {
  const made = compiled(pattern);
  return {
    whole: (text) => made.matches(text),
    has: (text) => made.matcher(text).find(),
    found: (text) => {
      const m = made.matcher(text);
      if (!m.find()) return null;
      return (m.groupCount() > 0 ? m.group(1) : null) ?? m.group(0) ?? "";
    },
  };
};
