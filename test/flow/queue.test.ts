/** The queue of an exclusive account with a real database: offers, places, time that stands still, resting holds, entries. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expireRequest, giveBack } from "../../src/flow/checkin.ts";
import { putPolicy } from "../../src/flow/people.ts";
import { queuePlace, tendQueue } from "../../src/flow/queue.ts";
import type { Caller } from "../../src/flow/record.ts";
import { release } from "../../src/flow/release.ts";
import { admit, sessionEnded, sessionLive } from "../../src/flow/session.ts";
import type { Request } from "../../src/domain/request.ts";
import type { RequestId, SessionId } from "../../src/kernel/ids.ts";
import * as requests from "../../src/store/requests.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { settled, worldOn, type Managed, type World } from "./world.ts";

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World, people: Caller[];
  beforeAll(async () => { o = await open(); w = await worldOn(o.db); people = [await w.person(["user"]), await w.person(["user"]), await w.person(["user"])]; });
  afterAll(async () => { await settled(); await w?.close(); await o?.close(); });
  const three = async (preset: "session" | "release" = "release", terms = {}): Promise<{ m: Managed; ids: RequestId[] }> => {
    const m = await w.managed(preset, terms, { requesters: people.map((p) => p.person.id) }), ids: RequestId[] = [];
    for (const p of people) { ids.push(await w.approved(m, p)); await w.sql("select pg_sleep(0.002)"); }
    return { m, ids };
  };
  const find = async <S extends Request["state"]>(id: RequestId) => (await requests.find(w.db, id)) as unknown as Request<S>;
  const ago = (id: RequestId, column: string, seconds: number) => w.sql(`update requests set "${column}" = now() - interval '${seconds} seconds' where id = '${id}'`);
  /** The account as a rotation after the use would leave it. */
  const rotated = (m: Managed) => w.sql(`update accounts set rotated_no = used_no where id = '${m.account.id}'`);
  const use = (i: number, ids: RequestId[]) => release(w.deps, people[i]!, ids[i]!).then(() => "mine", (e: Error) => e.message);
  const over = (session: SessionId, live = true) => (live ? sessionLive(w.deps, session) : Promise.resolve()).then(() => sessionEnded(w.deps, session, { why: "client_closed", detail: "", bytes: 1, identityChanged: false, facts: {} }));

  test("law: exclusive-hold — the oldest approval begins; the others are told their place; a free account is offered for five minutes, then to the next, then to anybody", async () => {
    const { m, ids } = await three();
    expect(await use(1, ids)).toBe("This account is free, but somebody who was approved before you may begin first. You are number 2 of 3 in its queue.");
    expect(await use(0, ids)).toBe("mine");
    expect(await use(2, ids)).toBe("Somebody else holds this account. It is yours when they give it back or their time is up. You are number 2 of 2 in its queue.");
    expect(await tendQueue(w.deps, m.account.id), "held: nobody is offered anything but a look at the resting holder").not.toBeNull();
    expect(await queuePlace(w.db, ids[1]!)).toMatchObject({ place: 1, of: 2, yours: false, holder: { personName: people[0]!.person.name } });
    await giveBack(w.deps, people[0]!, ids[0]!);
    await tendQueue(w.deps, m.account.id);
    expect(await queuePlace(w.db, ids[1]!), "due is not free").toMatchObject({ place: 1, yours: false, offeredUntil: null, says: "Its password is being changed or looked at. You are number 1 of 2 in its queue." });
    await w.sql(`update rotations set state = 'refused', ended_at = now() where account_id = '${m.account.id}'`);
    await rotated(m);
    const until = await tendQueue(w.deps, m.account.id);
    expect(until!.getTime() - Date.now()).toBeGreaterThan(4 * 60_000);
    expect(await queuePlace(w.db, ids[1]!)).toMatchObject({ place: 1, of: 2, yours: true, offeredUntil: until });
    expect(await use(2, ids)).toMatch(/^This account is free, but somebody who was approved before you may begin first, until \d\d:\d\d UTC\. You are number 2 of 2/);
    await tendQueue(w.deps, m.account.id);
    expect((await w.said(ids[1]!)).filter((e) => e === "queue.offered ok"), "told once").toHaveLength(1);
    await ago(ids[1]!, "offered_until", 1);
    expect(await queuePlace(w.db, ids[2]!), "the first let it pass").toMatchObject({ place: 1, of: 2, yours: true });
    await tendQueue(w.deps, m.account.id);
    expect(await use(1, ids), "the head's five minutes are over").toMatch(/You are number 2 of 2/);
    await ago(ids[2]!, "offered_until", 1);
    expect(await queuePlace(w.db, ids[1]!)).toMatchObject({ yours: true });
    expect(await use(1, ids), "everybody has had an offer: whoever comes first").toBe("mine");
    expect(await find<"approved">(ids[2]!), "taken: the offers begin anew").toMatchObject({ offeredUntil: null, pausedAt: expect.any(Date) as Date });
  });

  test("the time to begin runs only while the account is free for the request", async () => {
    const { m, ids } = await three("release", { startWindowMinutes: 10 });
    await use(0, ids);
    const before = await find<"approved">(ids[1]!);
    await w.sql(`update requests set paused_at = now() - interval '3 hours', start_by = now() - interval '2 hours 55 minutes' where id = '${ids[1]!}'`);
    expect(await expireRequest(w.deps, ids[1]!), "it stands still while somebody holds the account").toBe(false);
    await w.sql(`update requests set paused_at = now() - interval '3 hours', start_by = now() - interval '2 hours' where id = '${ids[2]!}'`);
    expect(await requests.overdue(w.db, new Date(Date.now() + 1_000))).not.toContain(ids[2]!);
    await giveBack(w.deps, people[0]!, ids[0]!);
    await settled();
    await w.sql(`update rotations set state = 'refused', ended_at = now() where account_id = '${m.account.id}'`);
    await rotated(m);
    await tendQueue(w.deps, m.account.id);
    const r = await find<"approved">(ids[1]!);
    expect(before.pausedAt).not.toBeNull();
    expect(r.pausedAt).toBeNull();
    expect(Math.round((r.startBy.getTime() - Date.now()) / 60_000), "five minutes were left when it stood still").toBe(5);
    expect((await find<"approved">(ids[2]!)).pausedAt, "not its turn yet").not.toBeNull();
    await w.late(ids[1]!, "start_by");
    expect(await expireRequest(w.deps, ids[1]!)).toBe(true);
    expect(await use(1, ids)).toBe("This request is expired. Ask again.");
    await tendQueue(w.deps, m.account.id);
    expect(await use(2, ids)).toBe("mine");
  });

  test("law: idle-hold — a hold nobody uses is warned and then given back while somebody waits; alone it stays", async () => {
    const { m, ids } = await three("session"), [first] = ids as [RequestId];
    const { session } = await admit(w.deps, people[0]!, "app", m.targetName, "shell");
    await sessionLive(w.deps, session);
    await ago(first, "checked_out_at", 3_600);
    expect(await tendQueue(w.deps, m.account.id), "a live session is a use").toBeNull();
    await over(session, false);
    await w.sql(`update exposures set at = now() - interval '11 minutes' where request_id = '${first}'`);
    await w.sql(`update sessions set ended_at = now() - interval '11 minutes' where id = '${session}'`);
    const back = await tendQueue(w.deps, m.account.id);
    expect(Math.round((back!.getTime() - Date.now()) / 60_000)).toBe(5);
    expect(await find<"checked_out">(first)).toMatchObject({ state: "checked_out", idleWarnedAt: expect.any(Date) as Date });
    expect(await w.said(first)).toContain("checkout.idle_warned ok");
    await tendQueue(w.deps, m.account.id);
    expect((await find(first)).state, "not before its five minutes").toBe("checked_out");
    await w.sql(`update requests set state = 'cancelled', ended_at = now() where id in ('${ids[1]!}', '${ids[2]!}')`);
    await tendQueue(w.deps, m.account.id);
    expect(await find<"checked_out">(first), "nobody waits any more").toMatchObject({ state: "checked_out", idleWarnedAt: null });
    const again = await w.approved(m, people[1]!);
    await tendQueue(w.deps, m.account.id);
    await w.sql(`update requests set idle_warned_at = now() - interval '6 minutes' where id = '${first}'`);
    await w.sql(`update sessions set ended_at = now() - interval '16 minutes' where id = '${session}'`);
    await w.sql(`update exposures set at = now() - interval '16 minutes' where request_id = '${first}'`);
    await tendQueue(w.deps, m.account.id);
    expect(await requests.find(w.db, first)).toMatchObject({ state: "closed", why: "idle_hold", by: null });
    expect((await find(again)).state).toBe("approved");
  });

  test("entries: one session, then closed; a session that never lived is none; of two the second is the last", async () => {
    const m = await w.managed("session", { entries: 1 }), id = await w.approved(m);
    const failed = await admit(w.deps, w.requester, "app", m.targetName, "shell");
    await over(failed.session, false);
    expect((await find(id)).state, "the target was down: nothing was used up").toBe("checked_out");
    await rotated(m);
    await w.sql(`update rotations set state = 'refused', ended_at = now() where account_id = '${m.account.id}'`);
    const { session } = await admit(w.deps, w.requester, "app", m.targetName, "shell");
    await expect(admit(w.deps, w.requester, "app", m.targetName, "shell")).rejects.toMatchObject({ code: "conflict", message: "This approval was for one session, and it has begun already. Ask again for another." });
    await over(session);
    expect(await requests.find(w.db, id)).toMatchObject({ state: "closed", why: "entries_used", by: null });
    const two = await w.managed("session", { entries: 2, reconnectGraceSeconds: 3_600 }), both = await w.approved(two);
    for (const state of ["checked_out", "closed"]) { const s = await admit(w.deps, w.requester, "app", two.targetName, "shell"); await over(s.session); expect((await find(both)).state).toBe(state); }
  });

  test("an approval does not outlive its policy's preset", async () => {
    const m = await w.managed("release"), id = await w.approved(m);
    await putPolicy(w.deps, w.second, { name: m.policy.name, terms: { ...m.policy.terms, preset: "session" }, binding: m.policy.binding }, m.policy.id);
    await expect(release(w.deps, w.requester, id)).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/does not stand any more/) as string });
  });
});
