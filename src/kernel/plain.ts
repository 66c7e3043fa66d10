/** Text of others on a terminal. Rule: control characters, C1 and bidirectional overrides become a visible mark; a line stays a line only where the caller lets it. */

/** Line feeds and tabs stay. */
// eslint-disable-next-line no-control-regex
export const plain = (text: string): string => text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, "\ufffd");
/** One line of it. */
export const plainLine = (text: string): string => plain(text.replace(/[\s]+/g, " ").trim());
