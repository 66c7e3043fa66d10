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

const MANY = 100;
/** Their place in the queue behind it; 98 wait when one of 100 holds it and one asks. */
const HELD = /^Somebody else holds this account\. It is yours when they give it back or their time is up\. You are number \d+ of 99 in its queue\.$/;
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
/** Everybody has had the account offered and let it pass: from here on whoever comes first has it. */
const letPass = (m: Managed) => run(w.db, `update requests set offered_until = now() - interval '1 second' where account_id = '${m.account.id}'`);
const race = (each: (i: number, db: Db) => Promise<unknown>) => Promise.allSettled(dbs.map((db, i) => each(i, db)));
const judge = async (m: Managed, ids: RequestId[], outcomes: PromiseSettledResult<unknown>[], says: RegExp): Promise<number> => {
  const won = outcomes.flatMap((x, i) => (x.status === "fulfilled" ? [i] : [])), lost = outcomes.flatMap((x) => (x.status === "rejected" ? [x.reason as { code: string; message: string }] : []));
  expect(won).toHaveLength(1);
  expect(lost).toHaveLength(MANY - 1);
  for (const e of lost) expect(e).toMatchObject({ code: "conflict", message: expect.stringMatching(says) as string });
  expect((await m.now()).usedNo, "one use, one exposure").toBe(1);
  expect(await requests.live(w.db, m.account.id)).toMatchObject([{ id: ids[won[0]!] }]);
  expect(await run(w.db, `select state, count(*)::int as n from requests where account_id = '${m.account.id}' group by state order by state`)).toEqual([{ state: "approved", n: MANY - 1 }, { state: "checked_out", n: 1 }]);
  return won[0]!;
};

test("law: exclusive-hold — of 100 connections racing for the password exactly one gets it, 99 get the sentence", async () => {
  const { m, ids } = await everybodyAsked("release");
  await letPass(m);
  const winner = await judge(m, ids, await race((i, db) => release({ ...w.deps, db }, people[i]!, ids[i]!)), HELD);
  // Given back, the rest race again: the account is due now, so nobody gets it before it is rotated.
  await giveBack(w.deps, people[winner]!, ids[winner]!);
  const again = await race((i, db) => release({ ...w.deps, db }, people[i]!, ids[i]!));
  expect(again.filter((x) => x.status === "fulfilled")).toEqual([]);
}, 180_000);

test("law: exclusive-hold — of 100 connections racing for a session exactly one is admitted, 99 get the sentence", async () => {
  const { m, ids } = await everybodyAsked("session");
  await letPass(m);
  await judge(m, ids, await race((i, db) => admit({ ...w.deps, db }, people[i]!, "app", m.targetName, "shell")), HELD);
}, 180_000);

test("law: exclusive-hold — of 100 in the queue racing for the free account its head alone gets it, 99 are told their place", async () => {
  const { m, ids } = await everybodyAsked("session");
  const winner = await judge(m, ids, await race((i, db) => admit({ ...w.deps, db }, people[i]!, "app", m.targetName, "shell")), /You are number \d+ of (99|100) in its queue\.$/);
  expect(winner, "the oldest approval").toBe(0);
}, 180_000);
