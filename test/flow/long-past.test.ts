/** What is evidence stays what it was. Rule: however much happened since or in between, it says the same, or says that something is left out. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { giveBack } from "../../src/flow/checkin.ts";
import { certificate } from "../../src/flow/certificate.ts";
import { requestStory, sessionChannels, sessionEvents } from "../../src/flow/look.ts";
import { broker, record } from "../../src/flow/record.ts";
import { admit, sessionEvent } from "../../src/flow/session.ts";
import { release } from "../../src/flow/release.ts";
import type { RequestId } from "../../src/kernel/ids.ts";
import type { EventName } from "../../src/domain/audit.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { settled, worldOn, type Managed, type World } from "./world.ts";

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World;
  beforeAll(async () => { o = await open(); w = await worldOn(o.db); });
  afterAll(async () => { await settled(); await w?.close(); await o?.close(); });

  /** So many events about a request and a session. */
  const happened = (what: EventName, request: RequestId, session: string, n: number) => w.db.transaction(async (tx) => {
    for (let i = 0; i < n; i++) await record(w.deps, tx, { what, who: broker("proxy"), about: { session, request }, outcome: "ok", facts: { kind: "file", n: i } });
  });
  test("what was done in a session pushes out nothing of its request's story; where something is left out, it says so", async () => {
    const m = await w.managed("release"), id = await w.approved(m);
    await release(w.deps, w.requester, id);
    await happened("session.event", id, "ses_x", 500);
    await giveBack(w.deps, w.requester, id);
    await settled();
    const told = await requestStory(w.db, w.auditor.person, id), whats = told.items.map((e) => e.what);
    expect(whats[0]).toBe("request.submitted");
    expect(whats).toContain("checkout.closed");
    expect(whats).not.toContain("session.event");
    expect(told.shortened).toBe(false);
    await happened("session.rejoined", id, "ses_x", 500);
    const long = await requestStory(w.db, w.auditor.person, id);
    expect([long.items.length, long.shortened, long.items.at(-1)!.facts]).toEqual([500, true, { kind: "file", n: 499 }]);
  }, 60_000);

  test("a session's reports go on after the first 500, and its channels are all known", async () => {
    const m = await w.managed(), id = await w.approved(m), { session } = await admit(w.deps, w.requester, "app", m.targetName, "shell");
    await happened("session.event", id, session, 500);
    await sessionEvent(w.deps, session, { kind: "channel_opened", channel: 2, type: "shell" }, false);
    const page = (after: number) => sessionEvents(w.db, w.auditor.person, session, { after, limit: 500 }), first = await page(0), rest = await page(first.at(-1)!.row);
    expect([first.length, rest.map((e) => e.facts)]).toEqual([500, [{ kind: "channel_opened", channel: 2, type: "shell" }]]);
    expect((await sessionChannels(w.db, w.auditor.person, session)).map((e) => e.facts)).toEqual([{ kind: "channel_opened", channel: 2, type: "shell" }]);
    await expect(sessionEvents(w.db, w.outsider.person, session, { after: 0, limit: 1 })).rejects.toMatchObject({ code: "not_found" });
  }, 60_000);

  /** Rotations of `m`, one a day from day `from` to day `to`; each ends as `state` says, with a candidate of its own. */
  const rotated = async (m: Managed, from: number, to: number, state: "committed" | "refused" = "committed", candidate = "'ver_' || n") => {
    const mine = `account_id = '${m.account.id}' and fence = ${from}`, at = "now() + n * interval '1 day'", iso = `to_char((${at}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
    for (let n = from; n <= to; n++) {
      await w.sql(`insert into rotations (id, account_id, state, fence, facts, opened_at) select 'rot_${m.targetName}_' || n, '${m.account.id}', 'queued', ${from}, jsonb_build_object('candidate', ${candidate}, 'endedAt', ${iso}), ${at} from (select ${n} as n) x`);
      for (const s of ["prepared", "probing"]) await w.sql(`update rotations set state = '${s}' where ${mine} and state not in ('committed', 'refused')`);
      await w.sql(`update rotations set state = '${state}', ended_at = opened_at, candidate_id = facts->>'candidate' where ${mine} and state = 'probing'`);
    }
  };
  const used = async () => {
    const m = await w.managed("release"), id = await w.approved(m);
    await release(w.deps, w.requester, id);
    await w.sql(`update requests set state = 'closed', ended_at = now(), why = 'checked_in' where id = '${id}'`);
    await w.sql(`update accounts set rotated_no = used_no where id = '${m.account.id}'`);
    await w.sql(`delete from rotations where account_id = '${m.account.id}'`);
    return { m, id, of: () => certificate(w.db, w.auditor.person, id) };
  };

  test("a certificate names the rotation that ended the use, however many came after it", async () => {
    const { m, of } = await used();
    await rotated(m, 1, 1);
    const first = await of();
    expect(first.rotation).toBe(`rot_${m.targetName}_1`);
    await rotated(m, 2, 202);
    expect(await of()).toEqual(first);
  }, 120_000);

  test("it passes over one that went back to what was given, and falls back on the last refused one, or the open one", async () => {
    const { m, id, of } = await used(), [given] = await w.sql(`select version_id from exposures where request_id = '${id}'`);
    await rotated(m, 1, 1, "committed", `'${String(given!["version_id"])}'`);
    expect((await of()).rotation).toBeNull();
    await rotated(m, 2, 3, "refused");
    expect(await of()).toMatchObject({ state: "failed", rotation: `rot_${m.targetName}_3` });
    await w.sql(`insert into rotations (id, account_id, state, facts, opened_at) values ('rot_${m.targetName}_open', '${m.account.id}', 'queued', '{}', now())`);
    expect(await of()).toMatchObject({ state: "open", rotation: `rot_${m.targetName}_open` });
  }, 60_000);
});
