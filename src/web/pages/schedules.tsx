/** /schedules: password changes by the calendar. */
import { BulkTerms } from "../../domain/bulk.ts";
import { hoursText, readOpenings } from "../../domain/hours.ts";
import { may } from "../../domain/may.ts";
import { runText, ScheduleInput, whenText, type Schedule } from "../../domain/schedule.ts";
import { SCHEDULE_MOVES, addSchedule, calendar, editSchedule, moveSchedule, scheduleCard, scheduleList, type ScheduleCard, type ScheduleMove } from "../../flow/schedules.ts";
import { named } from "../../flow/recipients.ts";
import { Fault } from "../../kernel/fault.ts";
import { isId, type ScheduleId } from "../../kernel/ids.ts";
import { ScheduleForm } from "../../../views/schedule-form.tsx";
import { SchedulePage, Schedules, type PlannedView, type ScheduleView } from "../../../views/schedules.tsx";
import { callerOf, param } from "../caller.ts";
import type { Ctx, WebDeps } from "../deps.ts";
import { textField, whole } from "../forms.ts";
import { me } from "../login-session.ts";
import { render } from "../render.tsx";
import type { Route } from "../route.ts";
import { nobodyTold } from "../told.ts";
import { choiceOf, notifyOf, offersOf, parsed, termsOf, toldOf } from "./bulk.tsx";

const DAYS = 31 * 24 * 3_600_000, MOST = 62;
const idOf = (c: Ctx): ScheduleId => {
  const id = param(c, "id");
  if (!isId("schedule", id)) throw new Fault("not_found", "No such schedule.");
  return id;
};
const viewOf = (card: ScheduleCard): ScheduleView => {
  const s = card.schedule;
  return { ...card, says: whenText(s.when), nextText: s.state === "active" ? runText(s.when, s.nextAt) : null };
};
const makes = (c: Ctx): boolean => may(me(c).person, "bulk.open");
const list = async (c: Ctx, deps: WebDeps) => {
  const all = await scheduleList(deps.flow.db, callerOf(c)), now = deps.flow.clock.now();
  const planned = calendar(all, now, new Date(now.getTime() + DAYS), MOST).map(({ schedule: s, at }): PlannedView => ({ id: s.id, name: s.name, at, text: runText(s.when, at) }));
  return render(c, deps, { title: "Schedules", wide: true }, <Schedules list={all.map(viewOf)} planned={planned} makes={makes(c)} />);
};
const one = async (c: Ctx, deps: WebDeps) => {
  const card = await scheduleCard(deps.flow.db, callerOf(c), idOf(c)), s = card.schedule, n = s.notify;
  return render(c, deps, { title: s.name, wide: true }, <SchedulePage v={viewOf(card)} accounts={card.accounts} runs={card.runs} edits={makes(c) && card.moves.length > 0}
    windowText={s.window ? hoursText(s.window) : null} told={n.people.length + n.groups.length + n.addresses.length} nobody={nobodyTold(deps)} deliveries={await toldOf(c, deps, { schedule: s.id })} />);
};

const fresh = (now: Date): ScheduleInput => ({
  name: "", when: { kind: "every", n: 1, unit: "months", from: now.toISOString().slice(0, 10), time: "02:00", zone: "UTC" }, choice: { accounts: [], targets: [], groups: [], search: "" }, reason: "", window: null,
  terms: BulkTerms.parse({}), notify: { people: [], groups: [], addresses: [] }, notifyBefore: 0,
});
const formOf = async (c: Ctx, deps: WebDeps, id: string | null, input: ScheduleInput) =>
  render(c, deps, { title: id === null ? "New schedule" : `Change ${input.name}` }, <ScheduleForm id={id} input={input} offers={await offersOf(c, deps)} notify={await named(deps.flow.db, input.notify)} nobody={nobodyTold(deps)} zones={Intl.supportedValuesOf("timeZone")} />);
const edit = async (c: Ctx, deps: WebDeps) => {
  const { schedule, moves } = await scheduleCard(deps.flow.db, callerOf(c), idOf(c));
  if (schedule.state === "ended") throw new Fault("conflict", "This schedule is over. Make a new one.");
  if (moves.length === 0) throw new Fault("forbidden", "Whoever made it, or an admin, changes it.");
  return formOf(c, deps, schedule.id, schedule);
};

const whenOf = async (c: Ctx): Promise<Record<string, unknown>> => {
  const [kind, date, time, zone] = await Promise.all(["kind", "date", "time", "zone"].map((n) => textField(c, n)));
  if (kind === "cron") return { kind, text: await textField(c, "cron"), zone };
  return kind === "once" ? { kind, date, time, zone } : { kind, n: whole(await textField(c, "n")), unit: await textField(c, "unit"), from: date, time, zone };
};
const windowOf = async (c: Ctx): Promise<Schedule["window"]> => {
  const text = (await textField(c, "openings")).trim();
  if (text === "") return null;
  try { return { zone: await textField(c, "zone"), open: readOpenings(text) }; } catch (cause) { throw new Fault("invalid", `Change window: ${cause instanceof Error ? cause.message : "not readable"}.`, { cause }); }
};
const inputOf = async (c: Ctx): Promise<ScheduleInput> => parsed(ScheduleInput, {
  name: await textField(c, "name"), when: await whenOf(c), choice: await choiceOf(c), reason: await textField(c, "reason"), window: await windowOf(c), terms: await termsOf(c), notify: await notifyOf(c), notifyBefore: whole(await textField(c, "notifyBefore")) ?? 0,
});
const add = async (c: Ctx, deps: WebDeps) => c.redirect(`/schedules/${await addSchedule(deps.flow, callerOf(c), await inputOf(c))}?done=added`, 303);
const save = async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c);
  await editSchedule(deps.flow, callerOf(c), id, await inputOf(c));
  return c.redirect(`/schedules/${id}?done=changed`, 303);
};
const move = (m: ScheduleMove) => async (c: Ctx, deps: WebDeps) => {
  const id = idOf(c);
  await moveSchedule(deps.flow, callerOf(c), id, m);
  return c.redirect(`/schedules/${id}?done=changed`, 303);
};

export const SCHEDULES: readonly Route[] = [
  { method: "GET", path: "/schedules", act: "schedule.see", verb: true, handle: list },
  { method: "GET", path: "/schedules/new", act: "bulk.open", handle: (c, deps) => formOf(c, deps, null, fresh(deps.flow.clock.now())) },
  { method: "POST", path: "/schedules", act: "bulk.open", handle: add },
  { method: "GET", path: "/schedules/:id", act: "schedule.see", verb: true, handle: one },
  { method: "GET", path: "/schedules/:id/edit", act: "schedule.manage", verb: true, handle: edit },
  { method: "POST", path: "/schedules/:id", act: "bulk.open", handle: save },
  ...SCHEDULE_MOVES.map((m): Route => ({ method: "POST", path: `/schedules/:id/${m}`, act: "schedule.manage", verb: true, handle: move(m) })),
];
