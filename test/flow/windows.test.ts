/** Fixed windows, weekly hours and source networks: at the ask, at the vote, at the use, and in the table. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask } from "../../src/flow/ask.ts";
import { expireRequest } from "../../src/flow/checkin.ts";
import { changePerson, confirmChange, putPolicy } from "../../src/flow/people.ts";
import { queuePlace, tendQueue } from "../../src/flow/queue.ts";
import type { Caller } from "../../src/flow/record.ts";
import { release } from "../../src/flow/release.ts";
import { vote } from "../../src/flow/vote.ts";
import { wall, type Hours } from "../../src/domain/hours.ts";
import type { RequestId } from "../../src/kernel/ids.ts";
import * as people from "../../src/store/people.ts";
import * as requests from "../../src/store/requests.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { refused, run } from "../store/rows.ts";
import { settled, worldOn, type Managed, type World } from "./world.ts";

const MIN = 60_000, soon = (minutes: number): string => new Date(Math.ceil(Date.now() / MIN) * MIN + minutes * MIN).toISOString();
describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World, rival: Caller;
  beforeAll(async () => { o = await open(); w = await worldOn(o.db); rival = await w.person(["user"], {}, "rival"); });
  afterAll(async () => { await settled(); await w?.close(); await o?.close(); });
  const both = () => ({ requesters: [w.requester.person.id, rival.person.id] });
  const book = (m: Managed, from: number, to: number, who = w.requester) => ask(w.deps, who, { account: m.name, minutes: 1, reason: "maintenance", ticket: "", window: { from: soon(from), to: soon(to) } });
  const yes = (id: RequestId) => vote(w.deps, w.approver, id, { decision: "approve" });
  const begun = (id: RequestId) => w.sql(`update requests set window_start = now() - interval '1 minute' where id = '${id}'`);

  test("a window is for the future, within the policy's length and 90 days; every broken rule is named at once", async () => {
    const m = await w.managed("release", { maxMinutes: 60 });
    await expect(book(m, -10, 20)).rejects.toMatchObject({ code: "invalid", message: "Not asked: a window begins in the future and ends after it begins." });
    await expect(book(m, 30, 20)).rejects.toMatchObject({ code: "invalid" });
    await expect(book(m, 10, 200)).rejects.toMatchObject({ message: "Not asked: at most 60 minutes are allowed." });
    await expect(book(m, 200 * 24 * 60, 200 * 24 * 60 + 30)).rejects.toMatchObject({ message: "Not asked: a window can be booked at most 90 days ahead." });
    expect(await requests.find(w.db, await book(m, 60, 90))).toMatchObject({ terms: { minutes: 30, window: { from: expect.any(String) as string } } });
  });

  test("its clock starts with the window, whenever it is used in it; not before", async () => {
    const m = await w.managed("release"), id = await book(m, 60, 90);
    await yes(id);
    await expect(release(w.deps, w.requester, id)).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/^Your window opens \d{4}-\d\d-\d\d \d\d:\d\d UTC\.$/) as string });
    expect(await queuePlace(w.db, id), "not in the queue before it begins").toBeNull();
    await w.sql(`update requests set window_start = now() - interval '20 minutes', window_end = now() + interval '10 minutes' where id = '${id}'`);
    await release(w.deps, w.requester, id);
    const r = await requests.find(w.db, id);
    expect(r?.state === "checked_out" && Math.round((r.until.getTime() - Date.now()) / MIN), "twenty of its thirty minutes are over").toBe(10);
  });

  test("windows of one exclusive account never overlap: refused at the vote, naming the other; the table says the same; neighbours and shared ones are free", async () => {
    const m = await w.managed("release", {}, both()), first = await book(m, 60, 90), second = await book(m, 75, 100, rival), next = await book(m, 90, 110, rival), before = await book(m, 30, 60, rival);
    await yes(first);
    await expect(yes(second)).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(new RegExp(`^This window overlaps ${first} of requester: `)) as string });
    expect((await requests.find(w.db, second))!.state, "nothing of the vote stays").toBe("pending");
    for (const id of [next, before]) expect((await yes(id)).state, "one ends where the other begins").toBe("approved");
    const by = (id: RequestId) => refused(run(w.db, `update requests set state = 'approved', approved_at = now(), minutes = 5, start_by = now() where id = '${id}'`));
    expect(await by(second)).toMatchObject({ code: "23P01", constraint: "one_window_at_a_time" });
    const shared = await w.managed("shared", {}, both()), [a, b] = [await book(shared, 60, 90), await book(shared, 75, 100, rival)];
    for (const id of [a, b]) expect((await yes(id)).state).toBe("approved");
    const other = await w.managed("release"), same = await book(other, 60, 90);
    expect((await yes(same)).state, "another account").toBe("approved");
  });

  test("a confirmation counts also where a window that waited for it overlaps another by now: that one stays pending, the next is approved", async () => {
    const free = await w.managed("release"), m = await w.managed("release", {}, { requesters: [w.operator.person.id, rival.person.id] }), unconfirmed = async () => (await people.openChanges(w.db)).filter((c) => c.author === w.operator.person.id && c.subject === w.approver.person.id);
    await changePerson(w.deps, w.operator, w.approver.person.id, { roles: ["approver"] });
    const taken = await book(m, 60, 90, w.operator), next = await book(free, 60, 90, w.operator), other = await book(m, 70, 100, rival);
    for (const id of [taken, next]) expect((await yes(id)).state, "waits for the confirmation").toBe("pending");
    expect((await yes(other)).state).toBe("approved");
    for (const c of await unconfirmed()) await confirmChange(w.deps, w.second, c.id);
    expect(await unconfirmed()).toEqual([]);
    expect([(await requests.find(w.db, taken))!.state, (await requests.find(w.db, next))!.state]).toEqual(["pending", "approved"]);
    await expect(yes(taken), "whoever votes again reads why").rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(new RegExp(`^This window overlaps ${other} of rival: `)) as string });
  });

  test("a booked account: who comes before ends with the window's begin, and in it the booking goes first", async () => {
    const m = await w.managed("release", {}, both()), mine = await book(m, 10, 40), walkIn = await w.approved(m, rival, 60);
    await yes(mine);
    await release(w.deps, rival, walkIn);
    const r = await requests.find(w.db, walkIn), booked = (await requests.find(w.db, mine))!.terms.window!;
    expect(r?.state === "checked_out" && r.until.toISOString()).toBe(booked.from);
    const quiet = await w.managed("release", {}, both()), early = await w.approved(quiet, rival, 60), late = await book(quiet, 10, 40);
    await yes(late);
    await begun(late);
    expect(await queuePlace(w.db, early), "approved earlier, and yet").toMatchObject({ place: 2, yours: false });
    await expect(release(w.deps, rival, early)).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/may begin first.*number 2 of 2/) as string });
    await release(w.deps, w.requester, late);
  });

  test("weekly hours: closed says when it opens, stops the clock of the approval, and ends a checkout", async () => {
    /** A zone in which it is noon now, so that ten minutes later is still today. */
    const now = new Date(), west = now.getUTCHours() - 12, zone = `Etc/GMT${west < 0 ? "-" : "+"}${Math.abs(west)}`, { day, minute } = wall(zone, now), other = (day % 7) + 1, days = [1, 2, 3, 4, 5, 6, 7];
    const shut: Hours = { zone: "UTC", open: [{ days: [((other + 1) % 7) + 1], from: "08:00", to: "09:00" }] }, always: Hours = { zone: "UTC", open: [{ days, from: "00:00", to: "24:00" }] };
    const m = await w.managed("release", { hours: shut }), id = await w.approved(m);
    await expect(release(w.deps, w.requester, id)).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/is closed now\. It is open \w{3} 08:00–09:00 \(UTC\); next on \w{3} \d{4}-\d\d-\d\d 08:00\.$/) as string });
    await tendQueue(w.deps, m.account.id);
    expect(await requests.find(w.db, id), "its time to begin stands still").toMatchObject({ pausedAt: expect.any(Date) as Date });
    const until = minute + 10, text = `${String(Math.floor(until / 60)).padStart(2, "0")}:${String(until % 60).padStart(2, "0")}`;
    const closing = await w.managed("release", { hours: { zone, open: [{ days: [day], from: "00:00", to: text }] } }), short = await w.approved(closing, w.requester, 60);
    await release(w.deps, w.requester, short);
    const r = await requests.find(w.db, short);
    expect(r?.state === "checked_out" && Math.ceil((r.until.getTime() - now.getTime()) / MIN), "not the hour it was approved for").toBe(10);
    const open24 = await w.managed("release", { hours: always }), free = await w.approved(open24);
    await release(w.deps, w.requester, free);
    await expect(ask(w.deps, w.requester, { account: m.name, minutes: 1, reason: "maintenance", ticket: "", window: { from: soon(60), to: soon(70) } })).rejects.toMatchObject({ code: "invalid", message: expect.stringMatching(/must lie in the policy's hours/) as string });
  });

  /** The window and its time to begin, as if `minutes` had passed since it ended. */
  const ended = (id: RequestId, minutes: number) => w.sql(`update requests set window_start = now() - interval '${minutes + 30} minutes', window_end = now() - interval '${minutes} minutes', start_by = now() - interval '${minutes} minutes' where id = '${id}'`);
  const pastItsEnd = async (id: RequestId) => {
    expect(await requests.overdue(w.db, new Date())).toContain(id);
    expect((await requests.nextDeadline(w.db))!.getTime(), "the timer knows").toBeLessThan(Date.now());
    await expect(release(w.deps, w.requester, id), "also before the clock has come by").rejects.toMatchObject({ code: "conflict", message: "This approval was not used in time. Ask again." });
    expect(await expireRequest(w.deps, id)).toBe(true);
    expect((await requests.find(w.db, id))!.state).toBe("expired");
  };

  test("law: idle-hold — a window that ended while somebody held the account is over: it waits no more, takes nobody's hold and shows nothing", async () => {
    const m = await w.managed("release", {}, both()), walkIn = await w.approved(m, rival, 60);
    await release(w.deps, rival, walkIn);
    const mine = await book(m, 10, 40);
    await yes(mine);
    await begun(mine);
    await tendQueue(w.deps, m.account.id);
    expect(await requests.find(w.db, mine)).toMatchObject({ pausedAt: expect.any(Date) as Date });
    await ended(mine, 30);
    expect(await queuePlace(w.db, mine)).toBeNull();
    await w.sql(`update requests set checked_out_at = now() - interval '50 minutes', idle_warned_at = now() - interval '40 minutes' where id = '${walkIn}'`);
    await w.sql(`update exposures set at = now() - interval '50 minutes' where request_id = '${walkIn}'`);
    await tendQueue(w.deps, m.account.id);
    expect(await requests.find(w.db, walkIn), "rests, and nobody waits").toMatchObject({ state: "checked_out", idleWarnedAt: null });
    await pastItsEnd(mine);
  });

  test("a window that ended while its policy was closed is over, whoever opens the policy again", async () => {
    const m = await w.managed("release"), id = await book(m, 10, 40), day = new Date(Date.now() + 3 * 24 * 60 * MIN).getUTCDay() || 7;
    await yes(id);
    await begun(id);
    const put = (hours: Hours | null) => putPolicy(w.deps, w.second, { name: m.policy.name, terms: { ...m.policy.terms, hours }, binding: m.policy.binding }, m.policy.id);
    await put({ zone: "UTC", open: [{ days: [day], from: "08:00", to: "09:00" }] });
    await tendQueue(w.deps, m.account.id);
    expect(await requests.find(w.db, id)).toMatchObject({ pausedAt: expect.any(Date) as Date });
    await ended(id, 12 * 60);
    await put(null);
    await pastItsEnd(id);
  });

  test("a window that was shortened, by a vote or by its policy, is over with its minutes: nothing is shown for no time", async () => {
    const m = await w.managed("release"), id = await book(m, 60, 90), from = (await requests.find(w.db, id))!.terms.window!.from;
    await vote(w.deps, w.approver, id, { decision: "approve", minutes: 10 });
    expect(await requests.find(w.db, id)).toMatchObject({ startBy: new Date(Date.parse(from) + 10 * MIN) });
    const other = await w.managed("release"), long = await book(other, 10, 40);
    await yes(long);
    await putPolicy(w.deps, w.second, { name: other.policy.name, terms: { ...other.policy.terms, maxMinutes: 5 }, binding: other.policy.binding }, other.policy.id);
    await w.sql(`update requests set window_start = now() - interval '20 minutes', window_end = now() + interval '10 minutes' where id = '${long}'`);
    await expect(release(w.deps, w.requester, long)).rejects.toMatchObject({ code: "conflict", message: "Your window is over. Ask again." });
    expect((await requests.find(w.db, long))!.state).toBe("approved");
  });

  test("source networks: at the ask and at the use, each with both sides named", async () => {
    const m = await w.managed("release", { networks: ["10.20.0.0/16", "::1"] }), inside = { ...w.requester, address: "10.20.3.4" };
    const says = /^The policy "pol .*" may be asked for and used from 10\.20\.0\.0\/16, ::1 only; you come from 127\.0\.0\.1\.$/;
    await expect(w.asked(m)).rejects.toMatchObject({ code: "forbidden", message: expect.stringMatching(says) as string });
    const id = await w.asked(m, inside);
    await yes(id);
    await expect(release(w.deps, w.requester, id)).rejects.toMatchObject({ code: "forbidden", message: expect.stringMatching(says) as string });
    expect((await requests.find(w.db, id))!.state).toBe("approved");
    await expect(release(w.deps, inside, id)).resolves.toMatchObject({ account: "app" });
    await expect(release(w.deps, w.requester, id), "also while it is held").rejects.toMatchObject({ code: "forbidden" });
  });
});
