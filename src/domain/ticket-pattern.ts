/**
 * What a ticket must look like. Rule: an admin's pattern runs on a requester's text, so it is matched by RE2 (re2.ts) and refused when it is
 * written where that cannot read it.
 */
import { re2, unreadable } from "./re2.ts";

export { unreadable };

/** Does the whole ticket match? Null: the pattern cannot be read (an older version kept it); the caller says so. */
export const ticketMatches = (pattern: string, ticket: string): boolean | null => (unreadable(pattern) === null ? re2(pattern).whole(ticket) : null);
