/** Password changes by the calendar. Rule: `{id}` is an id or a name; a schedule is saved whole, and whoever saves it answers for its runs. */
import { z } from "@hono/zod-openapi";
import { SCHEDULE_MOVES, addSchedule, calendar, editSchedule, moveSchedule, scheduleCard, scheduleList, type ScheduleCard, type ScheduleMove } from "../../flow/schedules.ts";
import { ScheduleInput, whenText } from "../../domain/schedule.ts";
import { bulkOut, BulkOut } from "./bulks.ts";
import type { ApiDeps, Who } from "./deps.ts";
import { endpoint, Id, type Endpoint } from "./endpoint.ts";
import { cut, pageOf, Paging } from "./page.ts";
import { iso, When } from "./shapes.ts";

const tag = "schedules", text = z.string(), DAY = 24 * 3_600_000;
export const ScheduleOut = z.object({ ...ScheduleInput.shape, id: text, state: text, by: text, says: text, nextAt: When, lastRun: When, endedAt: When, moves: z.array(z.enum(SCHEDULE_MOVES)) }).openapi("Schedule");
const scheduleOut = ({ schedule: s, byName, moves }: ScheduleCard): z.input<typeof ScheduleOut> => ({
  id: s.id, name: s.name, state: s.state, by: byName, when: s.when, says: whenText(s.when), choice: s.choice, reason: s.reason, window: s.window, terms: s.terms, notify: s.notify, notifyBefore: s.notifyBefore,
  nextAt: s.state === "active" ? iso(s.nextAt) : null, lastRun: iso(s.lastRun), endedAt: s.state === "ended" ? iso(s.endedAt) : null, moves: [...moves],
});
const Card = z.object({ ...ScheduleOut.shape, accounts: z.int().nullable(), runs: z.array(BulkOut) }).openapi("ScheduleCard");
const card = async ({ flow: { db } }: ApiDeps, { caller }: Who, id: string): Promise<z.input<typeof Card>> => {
  const c = await scheduleCard(db, caller, id);
  return { ...scheduleOut(c), accounts: c.accounts, runs: c.runs.map(bulkOut) };
};
const SAYS: Record<ScheduleMove, string> = { pause: "No more runs until it is resumed; what a pause lets pass is not caught up", resume: "Go on with the next run after now", end: "Over for good; its runs stay to be seen" };

export const schedules: readonly Endpoint[] = [
  endpoint({ method: "get", path: "/schedules", tag, summary: "Schedules, the next run first", query: Paging, answer: pageOf(ScheduleOut), run: async ({ flow: { db } }, { caller, query }) => { const p = cut(await scheduleList(db, caller), query, (s) => s.schedule.id); return { ...p, items: p.items.map(scheduleOut) }; } }),
  endpoint({
    method: "get", path: "/schedules/calendar", tag, summary: "The runs of the days to come, in order", query: z.object({ days: z.coerce.number().int().min(1).max(366).default(31) }),
    answer: z.object({ items: z.array(z.object({ at: When, schedule: text, id: text })) }),
    run: async ({ flow }, { caller, query }) => {
      const now = flow.clock.now(), planned = calendar(await scheduleList(flow.db, caller), now, new Date(now.getTime() + query.days * DAY), 500);
      return { items: planned.map((p) => ({ at: iso(p.at), schedule: p.schedule.name, id: p.schedule.id })) };
    },
  }),
  endpoint({ method: "post", path: "/schedules", tag, summary: "Add a schedule", body: ScheduleInput, answer: Card, status: 201, run: async (deps, a) => card(deps, a, await addSchedule(deps.flow, a.caller, a.body)) }),
  endpoint({ method: "get", path: "/schedules/{id}", tag, summary: "One schedule and its runs", params: Id, answer: Card, run: (deps, a) => card(deps, a, a.params.id) }),
  endpoint({
    method: "put", path: "/schedules/{id}", tag, summary: "Save a schedule anew", params: Id, body: ScheduleInput, answer: Card,
    run: async (deps, a) => { const { schedule } = await scheduleCard(deps.flow.db, a.caller, a.params.id); await editSchedule(deps.flow, a.caller, schedule.id, a.body); return card(deps, a, schedule.id); },
  }),
  ...SCHEDULE_MOVES.map((move) => endpoint({
    method: "post", path: `/schedules/{id}/${move}`, tag, summary: SAYS[move], params: Id, answer: Card,
    run: async (deps, a) => { const { schedule } = await scheduleCard(deps.flow.db, a.caller, a.params.id); await moveSchedule(deps.flow, a.caller, schedule.id, move); return card(deps, a, schedule.id); },
  })),
];
