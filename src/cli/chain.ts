/** Is an exported audit log whole? Rule: pure; every line's hash is computed again from its own bytes, and each names the one before. */
import { createHash } from "node:crypto";
import { canonical } from "../domain/audit.ts";

export type Checked = { readonly ok: true; readonly events: number; readonly first: number | null; readonly last: number | null; readonly head: string | null } | { readonly ok: false; readonly at: number; readonly why: string };
type Line = { readonly index: number; readonly prev_hash: string; readonly hash: string };

const parse = (text: string): Line | null => {
  try {
    const v = JSON.parse(text) as Partial<Line>;
    return typeof v.index === "number" && typeof v.prev_hash === "string" && typeof v.hash === "string" ? v as Line : null;
  } catch { return null; }
};
const hashOf = ({ hash: _, ...rest }: Line): string => createHash("sha256").update(canonical(rest)).digest("hex");
const GENESIS = "0".repeat(64);

/** `at` counts lines from 1. A file may begin anywhere; when it begins at index 0 the one before must be none. */
export const checkChain = (lines: readonly string[]): Checked => {
  let last: Line | null = null, first: number | null = null;
  for (const [i, text] of lines.entries()) {
    const wrong = (why: string): Checked => ({ ok: false, at: i + 1, why }), event = parse(text);
    if (!event) return wrong("this is not an exported event");
    if (last && event.index !== last.index + 1) return wrong(event.index > last.index ? `the events ${last.index + 1} to ${event.index - 1} are missing` : `event ${event.index} is out of order`);
    if (last ? event.prev_hash !== last.hash : event.index === 0 && event.prev_hash !== GENESIS) return wrong("it does not follow the event before it");
    if (hashOf(event) !== event.hash) return wrong("its content does not match its hash: it was changed");
    first ??= event.index;
    last = event;
  }
  return { ok: true, events: lines.length, first, last: last?.index ?? null, head: last?.hash ?? null };
};
