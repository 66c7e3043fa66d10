/** What is evidence stays what it was. Rule: however much happened since or in between, it says the same, or says that something is left out. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { certificate } from "../../src/flow/certificate.ts";
import { release } from "../../src/flow/release.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { settled, worldOn, type Managed, type World } from "./world.ts";

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World;
  beforeAll(async () => { o = await open(); w = await worldOn(o.db); });
  afterAll(async () => { await settled(); await w?.close(); await o?.close(); });

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
