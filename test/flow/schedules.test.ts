/** Schedules on both engines: what a run begins, what is left out and why, told beforehand once, missed runs caught up once, and whose rights count. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bulkList } from "../../src/flow/bulk-look.ts";
import { workSchedules } from "../../src/flow/schedule-run.ts";
import { addSchedule, calendar, editSchedule, moveSchedule, scheduleCard, scheduleList } from "../../src/flow/schedules.ts";
import { ScheduleInput } from "../../src/domain/schedule.ts";
import type { ScheduleId } from "../../src/kernel/ids.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { memoryWorld, type Memory } from "./bulk-world.ts";
import { settled } from "./world.ts";

type Wish = Partial<ScheduleInput>;
const NIGHTLY = { kind: "every", n: 1, unit: "days", from: "2026-11-01", time: "02:00", zone: "Europe/Berlin" } as const;

describe.each(ENGINES)("$engine", ({ open }) => {
  let o: Opened, w: Memory, n = 0;
  beforeAll(async () => { o = await open(); w = await memoryWorld(o.db); }, 120_000);
  afterAll(async () => { await settled(); await w?.close(); await o?.close(); });

  const input = (target: string, over: Wish = {}): ScheduleInput => ({ ...ScheduleInput.parse({ name: `nightly ${++n}`, when: NIGHTLY, choice: { targets: [target] }, reason: "by the rules" }), ...over });
  const made = (target: string, over: Wish = {}, by = w.operator) => addSchedule(w.deps, by, input(target, over));
  /** As if its moment had come `minutes` ago. */
  const dueSince = (id: ScheduleId, minutes: number) => w.sql(`update schedules set next_at = now() - interval '${minutes} minutes' where id = '${id}'`);
  const row = async (id: ScheduleId) => (await w.sql(`select state, next_at > now() as ahead, last_run is not null as ran, told_of from schedules where id = '${id}'`))[0]!;
  const runs = (id: ScheduleId) => bulkList(w.db, w.auditor, { schedule: id, limit: 50 });
  const said = async (id: ScheduleId) => (await w.sql(`select what, outcome, why from events where about->>'schedule' = '${id}' and what like 'schedule.%' order by row_no`)).map((e) => `${String(e["what"]).slice(9)} ${String(e["outcome"])}${e["what"] === "schedule.run" && e["why"] ? `: ${String(e["why"])}` : ""}`);

  it("law: schedule-once — begins one bulk change when its moment comes, however long ago that was, and the accounts are changed", async () => {
    const h = await w.host(["a", "b"]), id = await made(h.name);
    await workSchedules(w.deps);
    expect(await runs(id)).toEqual([]);
    await dueSince(id, 4 * 24 * 60);
    await workSchedules(w.deps);
    await workSchedules(w.deps);
    await w.workOff();
    expect(await row(id)).toMatchObject({ state: "active", ahead: true, ran: true });
    const [run, ...more] = await runs(id);
    expect([more, run!.bulk.trigger, run!.bulk.state, run!.counts.done, run!.scheduleName]).toEqual([[], "schedule", "done", 3, `nightly ${n}`]);
    expect(await w.sql(`select distinct facts->>'trigger' as t from rotations where account_id in (select account_id from bulk_items where bulk_id = '${run!.bulk.id}')`)).toEqual([{ t: "schedule" }]);
    expect(await said(id)).toEqual(["added ok", "run ok"]);
  });

  it("law: schedule-once — leaves a run out, and says why: the one before is not over; nothing is found; its author may no more; what was named is gone", async () => {
    const h = await w.host(["a"]), owner = await w.person(["owner"]);
    const id = await made(h.name), none = await made(h.name, { choice: { accounts: [], targets: [], groups: [], search: "state:nowhere" } });
    await w.sql(`update targets set owner_id = '${owner.person.id}' where id = '${h.id}'`);
    const theirs = await made(h.name, {}, owner), moved = await made(h.name, {}, owner);
    for (const s of [id, none]) await dueSince(s, 1);
    await workSchedules(w.deps);
    await dueSince(id, 1);
    await w.sql(`update targets set owner_id = null where id = '${h.id}'`);
    await dueSince(moved, 1);
    await workSchedules(w.deps);
    await w.sql(`update people set disabled = true where id = '${owner.person.id}'`);
    await dueSince(theirs, 1);
    await workSchedules(w.deps);
    expect((await said(id)).slice(1)).toEqual(["run ok", "run refused: the run before it is not over yet"]);
    expect((await said(none)).slice(1)).toEqual(["run refused: it found no account to change"]);
    expect((await said(moved)).slice(1)).toEqual([`run refused: There is no such target, or it is not yours to change: ${h.name}.`]);
    expect((await said(theirs)).slice(1)).toEqual([`run refused: ${owner.person.name} may no longer change passwords: somebody else has to save this schedule`]);
    for (const s of [id, none, moved, theirs]) expect(await row(s)).toMatchObject({ state: "active", ahead: true });
    await editSchedule(w.deps, w.operator, theirs, input(h.name, { name: "adopted" }));
    await w.workOff();
    await dueSince(theirs, 1);
    await workSchedules(w.deps);
    expect((await said(theirs)).at(-1)).toBe("run ok");
    await w.workOff();
  });

  it("keeps to its window: shut, it waits; the change has until the window shuts, or until the time it was given", async () => {
    const h = await w.host(["a"]), day = new Date().getUTCDay() || 7, all = [{ days: [1, 2, 3, 4, 5, 6, 7], from: "00:00", to: "24:00" }], other = { days: [(day + 2) % 7 + 1], from: "01:00", to: "02:00" };
    const shut = await made(h.name, { window: { zone: "UTC", open: [other] } }), wide = await made(h.name, { window: { zone: "UTC", open: all } });
    for (const s of [shut, wide]) await dueSince(s, 1);
    const next = await workSchedules(w.deps);
    expect(next!.getTime()).toBeGreaterThan(Date.now());
    expect([await said(shut), (await runs(shut)).length, (await row(shut))["ahead"]]).toEqual([["added ok"], 0, false]);
    const [run] = await runs(wide), { at, until } = run!.bulk;
    expect(until.getTime() - at.getTime()).toBe(24 * 3_600_000);
    await w.workOff();
  });

  it("tells beforehand once; pauses without catching up; ends; a single moment ends it by itself", async () => {
    const h = await w.host(["a"]), id = await made(h.name, { notifyBefore: 60 });
    await w.sql(`update schedules set next_at = now() + interval '30 minutes' where id = '${id}'`);
    await workSchedules(w.deps);
    await workSchedules(w.deps);
    expect(await said(id)).toEqual(["added ok", "told ok"]);
    await moveSchedule(w.deps, w.second, id, "pause");
    await workSchedules(w.deps);
    await expect(moveSchedule(w.deps, w.operator, id, "pause")).rejects.toMatchObject({ code: "conflict", message: "That cannot be done now: this schedule is paused." });
    await moveSchedule(w.deps, w.operator, id, "resume");
    expect([(await runs(id)).length, await row(id)]).toMatchObject([0, { state: "active", ahead: true }]);
    await moveSchedule(w.deps, w.operator, id, "end");
    expect(await said(id)).toEqual(["added ok", "told ok", "paused ok", "resumed ok", "ended ok"]);
    await expect(editSchedule(w.deps, w.operator, id, input(h.name))).rejects.toMatchObject({ code: "conflict" });
    const soon = new Date(Date.now() + 2 * 60_000).toISOString(), once = await made(h.name, { when: { kind: "once", date: soon.slice(0, 10), time: soon.slice(11, 16), zone: "UTC" } });
    await w.sql(`update schedules set next_at = now() - interval '1 second', input = jsonb_set(input, '{when,date}', '"2026-01-01"') where id = '${once}'`);
    await workSchedules(w.deps);
    expect(await row(once)).toMatchObject({ state: "ended", ran: true });
    await w.workOff();
  });

  it("saved anew after people were told: they are told anew, and who was added is told, too", async () => {
    const h = await w.host(["a"]), [one, two] = [await w.person(["user"]), await w.person(["user"])], base = input(h.name, { notifyBefore: 60, notify: { people: [one.person.id], groups: [], addresses: [] } });
    const id = await addSchedule(w.deps, w.operator, base), soon = () => w.sql(`update schedules set next_at = date_trunc('hour', now()) + interval '1 hour' - interval '1 second' where id = '${id}'`);
    const told = async () => (await w.sql(`select d.person_id as p from deliveries d join notices n on n.id = d.notice_id where n.about->>'schedule' = '${id}' order by n.at, p`)).map((r) => (r["p"] === one.person.id ? "one" : "two"));
    await soon();
    await workSchedules(w.deps);
    expect(await told()).toEqual(["one"]);
    await editSchedule(w.deps, w.operator, id, { ...base, notify: { ...base.notify, people: [one.person.id, two.person.id] } });
    await soon();
    for (let i = 0; i < 2; i++) await workSchedules(w.deps);
    expect((await told()).toSorted()).toEqual(["one", "one", "two"]);
  });
  it("a run that is due and waits is not lost by saving it anew, unless its times are chosen anew, and then the log says so", async () => {
    const h = await w.host(["a"]), base = input(h.name), id = await addSchedule(w.deps, w.operator, base);
    await dueSince(id, 5);
    await editSchedule(w.deps, w.operator, id, { ...base, reason: "a better reason" });
    expect(await row(id)).toMatchObject({ state: "active", ahead: false });
    await editSchedule(w.deps, w.operator, id, { ...base, when: { ...NIGHTLY, time: "03:00" } });
    expect(await row(id)).toMatchObject({ state: "active", ahead: true });
    expect((await w.sql(`select facts->>'run_given_up' is not null as g from events where about->>'schedule' = '${id}' and what = 'schedule.changed' order by row_no`)).map((r) => r["g"])).toEqual([false, true]);
  });

  it("is for admins and owners; others do not see it; what never comes, a taken name and what is not there are refused", async () => {
    const h = await w.host(["a"]), id = await made(h.name), name = `nightly ${n}`, past = { kind: "once", date: "2026-01-01", time: "00:00", zone: "UTC" } as const, owner = await w.person(["owner"]);
    for (const who of [w.auditor, w.requester]) await expect(made(h.name, {}, who)).rejects.toMatchObject({ code: "forbidden" });
    await expect(made(h.name, {}, owner)).rejects.toMatchObject({ code: "not_found" });
    await expect(moveSchedule(w.deps, owner, id, "pause")).rejects.toMatchObject({ code: "not_found", message: "No such schedule." });
    await expect(moveSchedule(w.deps, w.auditor, id, "pause")).rejects.toMatchObject({ code: "forbidden" });
    await expect(made(h.name, { when: past })).rejects.toMatchObject({ code: "invalid", message: expect.stringContaining("That never comes") as string });
    await expect(made(h.name, { name: name.toUpperCase() })).rejects.toMatchObject({ code: "conflict", message: `There is a schedule named ${name.toUpperCase()} already.` });
    await expect(made("nowhere")).rejects.toMatchObject({ code: "not_found" });
    expect(await scheduleList(w.db, owner)).toEqual([]);
    const card = await scheduleCard(w.db, w.operator, name), from = new Date();
    expect([card.schedule.id, card.accounts, card.moves]).toEqual([id, 2, ["pause", "end"]]);
    const planned = calendar([card], from, new Date(from.getTime() + 3 * 86_400_000), 10);
    expect(planned.map((p) => p.at)).toEqual([...planned.map((p) => p.at)].sort((a, b) => a.getTime() - b.getTime()));
    expect(planned).toHaveLength(3);
    w.deps.passive.why = "a copy";
    try { await dueSince(id, 1); expect(await workSchedules(w.deps)).toBeNull(); expect(await runs(id)).toEqual([]); } finally { w.deps.passive.why = null; }
  });
});
