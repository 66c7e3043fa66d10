/** A hundred connections want one account at the same moment. PostgreSQL only: on one connection a race proves nothing. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { giveBack } from "../../src/flow/checkin.ts";
import type { Caller } from "../../src/flow/record.ts";
import { release } from "../../src/flow/release.ts";
import { admit } from "../../src/flow/session.ts";
import type { RequestId } from "../../src/kernel/ids.ts";
import { openPostgres, type Db } from "../../src/store/db.ts";
import * as requests from "../../src/store/requests.ts";
import { cluster, type Cluster } from "../store/engines.ts";
import { run } from "../store/rows.ts";
import { settled, worldOn, type Managed, type World } from "./world.ts";

const MANY = 100, HELD = "Somebody else holds this account. It is yours when they give it back or their time is up.";
let c: Cluster, dbs: Db[], w: World, people: Caller[];
beforeAll(async () => {
  c = await cluster();
  const url = await c.fresh();
  dbs = Array.from({ length: MANY }, () => openPostgres(url));
  w = await worldOn(dbs[0]!);
  people = [];
  for (let i = 0; i < MANY; i++) people.push(await w.person(["user"]));
  await Promise.all(dbs.map((db) => run(db, "select 1")));
}, 120_000);
afterAll(async () => { await settled(); await w?.close(); await Promise.all((dbs ?? []).map((db) => db.close())); await c?.destroy(); });

const everybodyAsked = async (preset: "session" | "release"): Promise<{ m: Managed; ids: RequestId[] }> => {
  const m = await w.managed(preset, {}, { requesters: people.map((p) => p.person.id) }), ids: RequestId[] = [];
  for (const p of people) ids.push(await w.approved(m, p));
  return { m, ids };
};
const race = (each: (i: number, db: Db) => Promise<unknown>) => Promise.allSettled(dbs.map((db, i) => each(i, db)));
const judge = async (m: Managed, ids: RequestId[], outcomes: PromiseSettledResult<unknown>[]): Promise<number> => {
  const won = outcomes.flatMap((x, i) => (x.status === "fulfilled" ? [i] : [])), lost = outcomes.flatMap((x) => (x.status === "rejected" ? [x.reason as { code: string; message: string }] : []));
  expect(won).toHaveLength(1);
  expect(lost).toHaveLength(MANY - 1);
  for (const e of lost) expect(e).toMatchObject({ code: "conflict", message: HELD });
  expect((await m.now()).usedNo, "one use, one exposure").toBe(1);
  expect(await requests.live(w.db, m.account.id)).toMatchObject([{ id: ids[won[0]!] }]);
  expect(await run(w.db, `select state, count(*)::int as n from requests where account_id = '${m.account.id}' group by state order by state`)).toEqual([{ state: "approved", n: MANY - 1 }, { state: "checked_out", n: 1 }]);
  return won[0]!;
};

test("law: exclusive-hold — of 100 connections racing for the password exactly one gets it, 99 get the sentence", async () => {
  const { m, ids } = await everybodyAsked("release");
  const winner = await judge(m, ids, await race((i, db) => release({ ...w.deps, db }, people[i]!, ids[i]!)));
  // Given back, the rest race again: the account is due now, so nobody gets it before it is rotated.
  await giveBack(w.deps, people[winner]!, ids[winner]!);
  const again = await race((i, db) => release({ ...w.deps, db }, people[i]!, ids[i]!));
  expect(again.filter((x) => x.status === "fulfilled")).toEqual([]);
}, 180_000);

test("law: exclusive-hold — of 100 connections racing for a session exactly one is admitted, 99 get the sentence", async () => {
  const { m, ids } = await everybodyAsked("session");
  await judge(m, ids, await race((i, db) => admit({ ...w.deps, db }, people[i]!, "app", m.targetName, "shell")));
}, 180_000);
