/**
 * What a ticket must look like. Rule: an admin's pattern runs on a requester's text, so it is matched by RE2, in time linear in both; what RE2
 * cannot match so (back references, look-around, a thousand nested repetitions) is refused when it is written.
 */
import { RE2JS } from "re2js";

/** Why this is no pattern, as a sentence; null: it is one. */
export const unreadable = (pattern: string): string | null => {
  try { RE2JS.compile(pattern); return null; } catch (e) { return (e instanceof Error ? e.message : String(e)).replace(/^error parsing regexp: /, ""); }
};

/** Does the whole ticket match? Null: the pattern cannot be read (an older version kept it); the caller says so. */
export const ticketMatches = (pattern: string, ticket: string): boolean | null => (unreadable(pattern) === null ? RE2JS.compile(pattern).matches(ticket) : null);
