/** The audit log. Rule: the export is the very lines that were hashed, in index order, so that anybody can check the chain offline. */
import { z } from "@hono/zod-openapi";
import { stream } from "hono/streaming";
import { EVENTS, canonical } from "../../domain/audit.ts";
import { audit as look } from "../../flow/look.ts";
import type { EventRow } from "./deps.ts";
import { endpoint, raw, type Endpoint } from "./endpoint.ts";
import { numbered, pageOf, Paging } from "./page.ts";
import { EventOut, eventOut } from "./shapes.ts";

const tag = "audit", BATCH = 500;
const Filter = Paging.extend({ text: z.string().max(200).optional(), what: z.enum(EVENTS).optional(), about: z.string().max(80).optional().openapi({ description: "id of anything" }) });
const After = z.object({ after: z.coerce.number().int().min(-1).default(-1).openapi({ description: "the last index you have" }) });

/** What store/events.ts hashes (`canonicalRow`), and the hash beside it. */
export const exportLine = (e: EventRow): string =>
  canonical({ v: 1, index: e.index, prev_hash: e.prevHash, id: e.id, at: e.at.toISOString(), what: e.what, who: e.who, about: e.about, outcome: e.outcome, why: e.why, facts: e.facts, hash: e.hash });

async function* lines(first: readonly EventRow[], more: (after: number) => Promise<readonly EventRow[]>): AsyncGenerator<string> {
  for (let rows = first; rows.length > 0; rows = rows.length < BATCH ? [] : await more(rows.at(-1)!.index!)) yield rows.map((e) => `${exportLine(e)}\n`).join("");
}

export const audit: readonly Endpoint[] = [
  endpoint({
    method: "get", path: "/audit", tag, summary: "Events, newest first", query: Filter, answer: pageOf(EventOut),
    run: async ({ flow: { db } }, { caller, query }) => {
      const { text, what, about } = query, filter = { ...(text ? { text } : {}), ...(what ? { what } : {}), ...(about ? { about } : {}) };
      const page = await numbered(query, (q) => look(db, caller.person, { ...filter, ...q }), (e) => e.row);
      return { ...page, items: page.items.map(eventOut) };
    },
  }),
  raw({
    method: "get", path: "/audit/export", tag, summary: "Events as JSON lines, in index order", says: "Check it with: lockstep audit verify FILE", type: "application/x-ndjson", query: After,
    raw: async (deps, { caller, query }, c) => {
      const more = (after: number) => deps.shelf.chained(caller, after, BATCH), first = await more(query.after);
      c.header("Content-Type", "application/x-ndjson");
      return stream(c, async (out) => { for await (const text of lines(first, more)) await out.write(text); });
    },
  }),
];
