/**
 * The audit log: searched, checked, taken away. Rule: the whole export is the very lines that were hashed, in index order, so that anybody can
 * check the chain offline.
 */
import { z } from "@hono/zod-openapi";
import { EVENTS, OUTCOMES } from "../../domain/audit.ts";
import { percent, verdictOf } from "../../domain/audit-chain.ts";
import { FORMATS, TYPE } from "../../domain/audit-export.ts";
import { checkList, checkOne, openCheck } from "../../flow/audit-check.ts";
import { exportEvents } from "../../flow/audit-export.ts";
import { audit as look } from "../../flow/look.ts";
import { bodyOf } from "../lines.ts";
import type { ApiDeps } from "./deps.ts";
import { endpoint, Id, raw, type Endpoint } from "./endpoint.ts";
import { cut, numbered, pageOf, Paging } from "./page.ts";
import { EventOut, eventOut, iso, When } from "./shapes.ts";

const tag = "audit";
const Moment = z.iso.datetime().transform((t) => new Date(t));
const Search = z.object({
  text: z.string().max(200).optional().openapi({ description: "anywhere in the event" }),
  what: z.enum(EVENTS).optional(),
  who: z.string().max(100).optional().openapi({ description: "an id, or a part of a name or address" }),
  about: z.string().max(80).optional().openapi({ description: "id of anything" }),
  outcome: z.enum(OUTCOMES).optional(),
  from: Moment.optional(),
  to: Moment.optional().openapi({ description: "before this moment" }),
});
const Filter = Paging.extend(Search.shape);
const Wish = Search.extend({
  format: z.enum(FORMATS).default("jsonl"),
  after: z.coerce.number().int().min(-1).default(-1).openapi({ description: "the last index you have" }),
});
/** Only what was said: an absent field is no filter. */
const said = <T extends object>(o: T): { [K in keyof T]: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined && v !== "")) as { [K in keyof T]: NonNullable<T[K]> };

const CheckOut = z
  .object({
    id: z.string(),
    state: z.enum(["running", "whole", "broken"]),
    percent: z.int(),
    says: z.string(),
    by: z.string(),
    at: When,
    endedAt: When,
    events: z.int(),
    last: z.int(),
    head: z.string(),
    faults: z.int(),
    findings: z.array(z.object({ at: z.int(), why: z.string() })),
    unnumbered: z.int(),
    unnumberedSince: When,
  })
  .openapi("AuditCheck");
type Row = Awaited<ReturnType<typeof checkOne>>;
const checkOut = ({ flow }: ApiDeps, c: Row): z.input<typeof CheckOut> => ({
  id: c.id,
  state: c.state,
  percent: percent(c),
  says: verdictOf(c, flow.times.sweep),
  by: c.byName,
  at: iso(c.at),
  endedAt: iso(c.endedAt),
  events: c.events,
  last: c.next - 1,
  head: c.hash,
  faults: c.faults,
  findings: [...c.findings],
  unnumbered: c.waiting,
  unnumberedSince: iso(c.waitingSince),
});

const checks: readonly Endpoint[] = [
  endpoint({
    method: "post",
    path: "/audit/checks",
    tag,
    summary: "Check the whole log for gaps and changes",
    says: "Joins the check that is running. Poll it until `state` is not `running`.",
    answer: CheckOut,
    status: 202,
    run: async (deps, { caller }) => checkOut(deps, await checkOne(deps.flow.db, caller, await openCheck(deps.flow, caller))),
  }),
  endpoint({
    method: "get",
    path: "/audit/checks",
    tag,
    summary: "The last checks, newest first",
    query: Paging,
    answer: pageOf(CheckOut),
    run: async (deps, { caller, query }) => {
      const p = cut(await checkList(deps.flow.db, caller), query, (c) => c.id);
      return { ...p, items: p.items.map((c) => checkOut(deps, c)) };
    },
  }),
  endpoint({
    method: "get",
    path: "/audit/checks/{id}",
    tag,
    summary: "One check",
    params: Id,
    answer: CheckOut,
    run: async (deps, a) => checkOut(deps, await checkOne(deps.flow.db, a.caller, a.params.id)),
  }),
];

export const audit: readonly Endpoint[] = [
  endpoint({
    method: "get",
    path: "/audit",
    tag,
    summary: "Events, newest first",
    query: Filter,
    answer: pageOf(EventOut),
    run: async ({ flow: { db } }, { caller, query }) => {
      const { limit: _limit, cursor: _cursor, ...filter } = query;
      const page = await numbered(
        query,
        (q) => look(db, caller.person, { ...said(filter), ...q }),
        (e) => e.row,
      );
      return { ...page, items: page.items.map(eventOut) };
    },
  }),
  raw({
    method: "get",
    path: "/audit/export",
    tag,
    summary: "Events as JSON lines or CSV, in index order",
    says: "Check a whole JSON export with: lockstep audit verify FILE. The export is an event of its own.",
    type: "application/x-ndjson",
    query: Wish,
    raw: async ({ flow }, { caller, query }, c) => {
      const { format, after, ...filter } = query,
        lines = await exportEvents(flow, caller, { format, after, filter: said(filter) });
      return c.body(bodyOf(lines, c.req.path, flow.log), 200, { "Content-Type": TYPE[format] });
    },
  }),
  ...checks,
];
