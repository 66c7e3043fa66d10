/** Bulk changes: who would be affected, begun, followed, paused, stopped, repeated. Rule: a given password goes in and never comes out; a generated one comes out once, in one answer. */
import { z } from "@hono/zod-openapi";
import type { BulkId } from "../../kernel/ids.ts";
import { BulkTerms, Choice, HOW, ITEM_STATES, leftOf, Recipients, totalOf } from "../../domain/bulk.ts";
import { bulkPreview, openBulk } from "../../flow/bulk.ts";
import { bulkCard, bulkItems, bulkList, type BulkCard } from "../../flow/bulk-look.ts";
import { MOVES, moveBulk, type BulkMove } from "../../flow/bulk-moves.ts";
import { deliveriesAbout } from "../../flow/notices.ts";
import { sharedPassword } from "../../flow/bulk-shared.ts";
import type { ApiDeps, Who } from "./deps.ts";
import { endpoint, Id, type Endpoint } from "./endpoint.ts";
import { DeliveryOut, deliveryOut } from "./notices.ts";
import { newest, pageOf, Paging, read, write } from "./page.ts";
import { Password } from "./people.ts";
import { iso, When } from "./shapes.ts";

const tag = "bulk changes", text = z.string(), maybe = text.nullable(), count = z.int();
const CountsOut = z.object(Object.fromEntries(ITEM_STATES.map((s) => [s, count])) as Record<(typeof ITEM_STATES)[number], typeof count>);
export const BulkOut = z.object({
  id: text, state: text, done: z.boolean(), by: text, reason: text, trigger: text, schedule: maybe, how: z.enum(HOW), apply: z.boolean(), cut: z.boolean(), terms: BulkTerms, at: When, until: When, endedAt: When, why: maybe,
  total: count, left: count, counts: CountsOut, moves: z.array(z.enum(MOVES)),
}).openapi("BulkChange");
export const bulkOut = ({ bulk: b, byName, scheduleName, counts, moves }: BulkCard): z.input<typeof BulkOut> => ({
  id: b.id, state: b.state, done: b.state === "done" || b.state === "stopped", by: byName, reason: b.reason, trigger: b.trigger, schedule: scheduleName, how: b.how, apply: b.apply, cut: b.cut, terms: b.terms,
  at: iso(b.at), until: iso(b.until), endedAt: "endedAt" in b ? iso(b.endedAt) : null, why: b.why, total: totalOf(counts), left: leftOf(counts), counts, moves: [...moves],
});
const one = async ({ flow }: ApiDeps, { caller }: Who, id: BulkId) => bulkOut(await bulkCard(flow.db, caller, id));

const Wish = z.object({
  choice: Choice, password: Password.optional().openapi({ description: "one for all of them; without it each gets its own" }), apply: z.boolean().default(true).openapi({ description: "false: it is in force on the targets already; they are asked" }),
  cut: z.boolean().default(false).openapi({ description: "cut whoever uses them instead of waiting; needs `seen`" }),
});
const Reason = text.trim().min(3).max(300);
const Rest = { reason: Reason, terms: BulkTerms.prefault({}), notify: Recipients.prefault({}), seen: text.max(64).optional().openapi({ description: "`digest` of the preview" }) };
const Affected = z.object({
  digest: text, live: count, held: count, left: count,
  items: z.array(z.object({ account: text, standing: text, holders: z.array(text), liveSessions: count, administers: maybe, stops: maybe, waits: maybe, broken: z.array(text) })),
}).openapi("BulkPreview");
const preview: Endpoint = endpoint({
  method: "post", path: "/bulks/preview", tag, summary: "Who a bulk change would affect", says: "Changes nothing. `broken` are the rules of an account's password policy that this password breaks; whether it was used before is asked when it is changed.", body: Wish, answer: Affected,
  run: async ({ flow }, { caller, body: b }) => {
    try {
      const { list, digest } = await bulkPreview(flow, caller, { ...b, how: b.password ? "given" : "unique" });
      return {
        digest, live: list.reduce((n, a) => n + a.liveSessions, 0), held: list.filter((a) => a.holds.length > 0).length, left: list.filter((a) => a.stops !== null).length,
        items: list.map((a) => ({ account: a.name, standing: a.standing.word, holders: a.holds.map((h) => h.personName), liveSessions: a.liveSessions, administers: a.administers, stops: a.stops, waits: a.waits, broken: [...a.broken] })),
      };
    } finally { b.password?.wipe(); }
  },
});
const begin: Endpoint = endpoint({
  method: "post", path: "/bulks", tag, summary: "Change the passwords of many accounts", says: "Each by itself; follow it and its accounts. A password given here is known to you: an exposure, and changed again after hours.", status: 202, body: Wish.extend(Rest), answer: BulkOut,
  run: async (deps, a) => {
    try { return await one(deps, a, await openBulk(deps.flow, a.caller, { ...a.body, how: a.body.password ? "given" : "unique" })); } finally { a.body.password?.wipe(); }
  },
});
const shown: Endpoint = endpoint({
  method: "post", path: "/bulks/shown", tag, summary: "Change many accounts to one generated password, shown in this answer alone", says: "You know it then: an exposure, and changed again after hours.", status: 202, secret: true,
  body: Wish.omit({ password: true, apply: true }).extend(Rest), answer: z.object({ password: text, bulk: BulkOut }),
  run: async (deps, a) => {
    const password = await sharedPassword(deps.flow, a.caller, a.body.choice);
    try {
      const bulk = await one(deps, a, await openBulk(deps.flow, a.caller, { ...a.body, apply: true, how: "shown", password }));
      return { bulk, password: deps.doors.shared(password) };
    } finally { password.wipe(); }
  },
});

const ItemOut = z.object({ no: count, account: text, state: z.enum(ITEM_STATES), why: maybe, tries: count, rotation: maybe, rotationState: maybe, nextAt: When, endedAt: When }).openapi("BulkAccount");
const SAYS: Record<BulkMove, string> = { pause: "Begin nothing more until told to", resume: "Go on after a pause, or after it halted because too many failed", stop: "Begin nothing more; what has begun ends first", retry: "Once more for those that failed or were left out" };
export const bulks: readonly Endpoint[] = [
  preview, begin, shown,
  endpoint({
    method: "get", path: "/bulks", tag, summary: "Bulk changes, newest first", query: Paging, answer: pageOf(BulkOut),
    run: async ({ flow: { db } }, { caller, query }) => { const p = await newest(query, (q) => bulkList(db, caller, q), (b) => ({ at: b.bulk.at, id: b.bulk.id })); return { ...p, items: p.items.map(bulkOut) }; },
  }),
  endpoint({ method: "get", path: "/bulks/{id}", tag, summary: "One bulk change", params: Id, answer: BulkOut, run: (deps, a) => one(deps, a, a.params.id as BulkId) }),
  endpoint({
    method: "get", path: "/bulks/{id}/accounts", tag, summary: "Its accounts, each with its result", params: Id, query: Paging.extend({ state: z.enum(ITEM_STATES).optional() }), answer: pageOf(ItemOut),
    run: async ({ flow: { db } }, { caller, params, query: { limit, cursor, state } }) => {
      const after = read(cursor), found = await bulkItems(db, caller, params.id as BulkId, { limit: limit + 1, ...(after ? { after: Number(after[0]) } : {}), ...(state ? { states: [state] } : {}) }), items = found.slice(0, limit);
      return {
        next: found.length > limit ? write([items.at(-1)!.no, ""]) : null,
        items: items.map((i) => ({ no: i.no, account: i.name, state: i.state, why: i.why, tries: i.tries, rotation: i.rotation, rotationState: i.rotationState, nextAt: iso(i.nextAt), endedAt: iso(i.endedAt) })),
      };
    },
  }),
  endpoint({
    method: "get", path: "/bulks/{id}/deliveries", tag, summary: "Whom it was told to, and what became of each mail and webhook", params: Id, answer: z.object({ items: z.array(DeliveryOut) }),
    run: async ({ flow: { db } }, { caller, params }) => {
      await bulkCard(db, caller, params.id as BulkId);
      return { items: (await deliveriesAbout(db, { bulk: params.id })).map(deliveryOut) };
    },
  }),
  ...MOVES.map((move) => endpoint({
    method: "post", path: `/bulks/{id}/${move}`, tag, summary: SAYS[move], params: Id, answer: BulkOut,
    run: async (deps, a) => { await moveBulk(deps.flow, a.caller, a.params.id as BulkId, move); return one(deps, a, a.params.id as BulkId); },
  })),
];
