/** Age as a trigger, and the list of those who break their policy. No target is touched here: what opens and what does not is the question. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { changeAccount } from "../../src/flow/account-change.ts";
import { maybeOld, rotateForAge } from "../../src/flow/max-age.ts";
import { bindTarget, putPasswordPolicy } from "../../src/flow/password-policies.ts";
import { admit } from "../../src/flow/session.ts";
import { changeTarget } from "../../src/flow/targets.ts";
import { release } from "../../src/flow/release.ts";
import { giveBack } from "../../src/flow/checkin.ts";
import { violations } from "../../src/flow/violations.ts";
import type { Deps } from "../../src/flow/deps.ts";
import * as rotations from "../../src/store/rotations.ts";
import * as versions from "../../src/store/versions.ts";
import { times } from "../../src/kernel/times.ts";
import type { Db } from "../../src/store/db.ts";
import { embedded } from "../store/engines.ts";
import { PASSWORD, settled, worldOn, type Managed, type World } from "./world.ts";

let db: Db, w: World;
/** A policy's day is 300 ms here. */
beforeAll(async () => { db = await embedded(); w = await worldOn(db, { times: { ...times(1), policyDay: 300 } }); });
afterAll(async () => { await w?.close(); await db?.close(); });
const day = (n = 1): Promise<void> => new Promise((r) => { setTimeout(r, 300 * n + 30); });
const madeAt = async (m: Managed): Promise<number> => (await versions.find(db, (await m.now()).current!))!.createdAt.getTime();
/** A day that ended after `older` was made and before `newer` was, however slow the machine is. */
const between = async (older: Managed, newer: Managed): Promise<Deps> => ({ ...w.deps, times: { ...w.deps.times, policyDay: Date.now() - (await madeAt(older) + await madeAt(newer)) / 2 } });

test("law: due-derived — too old is derived from the version in force: not before its day, not without a policy that says so, once", async () => {
  await putPasswordPolicy(w.deps, w.operator, { name: "daily", length: 12, maxAgeDays: 1 });
  const old = await w.managed(), young = await w.managed();
  await bindTarget(w.deps, w.operator, old.target, "daily");
  await day();
  const fresh = await w.managed();
  await bindTarget(w.deps, w.operator, fresh.target, "daily");
  expect(await maybeOld(await between(old, fresh)), "neither the one without a maximum age nor the one made just now").toEqual([old.account.id]);
  for (const m of [young, fresh]) expect(await rotateForAge(await between(old, fresh), m.account.id)).toBeNull();
  const id = await rotateForAge(await between(old, fresh), old.account.id);
  expect(await rotations.find(db, id!)).toMatchObject({ trigger: "max_age", origin: "generated", reason: "older than the 1 days its policy daily gives it" });
  expect([await rotateForAge(await between(old, fresh), old.account.id), await maybeOld(await between(old, fresh))]).toEqual([null, []]);
});

test("who may not be changed now takes nobody's place in the list", async () => {
  await putPasswordPolicy(w.deps, w.operator, { name: "queued", length: 12, maxAgeDays: 1 });
  const stuck = { locked: await w.managed(), held: await w.managed("release"), inUse: await w.managed(), refused: await w.managed() }, free = await w.managed();
  for (const m of [...Object.values(stuck), free]) await bindTarget(w.deps, w.operator, m.target, "queued");
  const used = await w.approved(stuck.inUse);
  await release(w.deps, w.requester, await w.approved(stuck.held));
  await admit(w.deps, w.requester, "app", stuck.inUse.targetName, "shell");
  await giveBack(w.deps, w.requester, used);
  await changeTarget(w.deps, w.operator, stuck.locked.target, { locked: true });
  await day();
  const first = await rotateForAge(w.deps, stuck.refused.account.id);
  await w.sql(`update rotations set state = 'refused', ended_at = now(), facts = facts || '{"state":"refused"}' || jsonb_build_object('endedAt', now()) where id = '${first!}'`);
  for (const m of Object.values(stuck)) expect(await rotateForAge(w.deps, m.account.id)).toBeNull();
  const mine = new Set([...Object.values(stuck), free].map((m) => m.account.id)), asked = async (limit?: number) => (await maybeOld(w.deps, limit)).filter((id) => mine.has(id));
  expect([await asked(1), await asked()]).toEqual([[free.account.id], [free.account.id]]);
  expect(await rotateForAge(w.deps, free.account.id)).not.toBeNull();
});

test("a held account waits for the end of its hold; one that was refused for it is left alone for a while", async () => {
  const m = await w.managed("release");
  await changeAccount(w.deps, w.operator, m.account.id, { passwordPolicy: "daily" });
  await w.sql(`update changes set confirmed_by = '${w.auditor.person.id}', confirmed_at = now()`);
  const req = await w.approved(m);
  await release(w.deps, w.requester, req);
  await day();
  expect(await rotateForAge(w.deps, m.account.id), "held").toBeNull();
  await giveBack(w.deps, w.requester, req);
  await settled();
  const open = await rotations.openOf(db, m.account.id);
  expect(open, "the rotation at the end of the hold satisfies it").toMatchObject({ trigger: "end_of_use" });
  await w.sql(`update rotations set state = 'refused', ended_at = now(), facts = facts || '{"state":"refused"}' || jsonb_build_object('endedAt', now()) where id = '${open!.id}'`);
  expect(await rotateForAge(w.deps, m.account.id), "refused a moment ago").toBeNull();
  await w.sql(`update rotations set ended_at = now() - interval '7 hours', facts = facts || jsonb_build_object('endedAt', now() - interval '7 hours') where id = '${open!.id}'`);
  expect(await rotateForAge(w.deps, m.account.id)).not.toBeNull();
});

test("the list of violations names rules and ages, for those who may see the account, and never a password", async () => {
  const m = await w.managed();
  await changeAccount(w.deps, w.operator, m.account.id, { passwordPolicy: "strong" });
  const all = await violations(w.deps, w.operator), mine = all.list.find((v) => v.account === m.account.id)!;
  expect(mine).toMatchObject({ name: m.name, acts: true, goneBy: null, bound: { from: "account" } });
  expect(mine.broken).toEqual(["at least 32 characters", "2 or more symbols"].filter((b) => mine.broken.includes(b)));
  expect(mine.broken).toContain("at least 32 characters");
  expect(all.list.some((v) => v.goneBy !== null), "the aged ones are there too").toBe(true);
  expect(JSON.stringify(all)).not.toContain(PASSWORD);
  expect((await violations(w.deps, w.auditor)).list.find((v) => v.account === m.account.id)).toMatchObject({ acts: false });
  const owner = await w.person(["owner"]);
  expect(await violations(w.deps, owner), "nothing of others' targets").toEqual({ list: [], looked: 0 });
  await expect(violations(w.deps, w.requester)).rejects.toMatchObject({ code: "forbidden" });
});
