/** Groups of targets and accounts: whose they are, who may drop or rename one, and what an import tells of targets that are not one's own. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collectionList, dropCollection, putCollection } from "../../src/flow/collections.ts";
import { addRule, endRule } from "../../src/flow/discovery-rules.ts";
import { planImport } from "../../src/flow/import.ts";
import { putRule, removeRule } from "../../src/flow/notices.ts";
import type { Caller } from "../../src/flow/record.ts";
import { addSchedule, moveSchedule } from "../../src/flow/schedules.ts";
import { ScheduleInput } from "../../src/domain/schedule.ts";
import { newId } from "../../src/kernel/ids.ts";
import { systemRandom } from "../../src/kernel/clock.ts";
import * as collections from "../../src/store/collections.ts";
import * as told from "../../src/store/told.ts";
import { ENGINES, type Opened } from "../store/engines.ts";
import { worldOn, type World } from "./world.ts";

const OTHERS = { code: "conflict", message: "Others' targets or accounts are in this group, so it stays, and keeps its name. You can take yours out of it: save it without them." };

describe.each(ENGINES)("on $engine", ({ open }) => {
  let o: Opened, w: World, owner: Caller;
  beforeAll(async () => { o = await open(); w = await worldOn(o.db); owner = await w.person(["owner"]); });
  afterAll(async () => { await w?.close(); await o?.close(); });
  const now = async (id: string) => (await collections.all(w.db)).find((c) => c.id === id);
  const mine = async () => { const m = await w.managed(); await w.sql(`update targets set owner_id = '${owner.person.id}' where id = '${m.target}'`); return m; };

  test("a group with somebody else's members is neither dropped nor renamed by an owner; their own go in and out of it", async () => {
    const [other, own] = [await w.managed(), await mine()], group = await putCollection(w.deps, w.operator, "crown jewels", [other.target]);
    await expect(dropCollection(w.deps, owner, group)).rejects.toMatchObject(OTHERS);
    await expect(putCollection(w.deps, owner, "renamed", [], group)).rejects.toMatchObject(OTHERS);
    await putCollection(w.deps, owner, "crown jewels", [own.target], group);
    await expect(dropCollection(w.deps, owner, group), "their own beside it changes nothing").rejects.toMatchObject(OTHERS);
    expect([(await now(group))!.name, new Set((await now(group))!.members)]).toEqual(["crown jewels", new Set([other.target, own.target])]);
    await putCollection(w.deps, owner, "crown jewels", [], group);
    expect(await now(group)).toMatchObject({ members: [other.target] });
    await putCollection(w.deps, w.operator, "jewels", [other.target], group);
    await dropCollection(w.deps, w.operator, group);
    expect(await now(group)).toBeUndefined();
    const alone = await putCollection(w.deps, owner, "only mine", [own.target]);
    await putCollection(w.deps, owner, "mine alone", [own.target], alone);
    await dropCollection(w.deps, owner, alone);
    expect((await collectionList(w.db, w.operator)).map((c) => c.name)).not.toContain("mine alone");
  });

  test("what something goes by is not dropped, by an admin neither, and the refusal names it; a name is kept for what goes by the name", async () => {
    const own = await mine(), group = await putCollection(w.deps, owner, "night shift", [own.target]), no = (what: string) => ({ code: "conflict", message: `This group is gone by: ${what}. Change that first; without the group it would cover nothing, and say nothing.` });
    const refused = async (what: string) => { for (const who of [owner, w.operator]) await expect(dropCollection(w.deps, who, group), what).rejects.toMatchObject(no(what)); };
    const rule = await putRule(w.deps, w.operator, { kinds: [], collection: group, people: ["operator"], groups: [], addresses: [] });
    await refused("a rule of who is told");
    await removeRule(w.deps, w.operator, rule);
    const hook = newId("webhook", systemRandom), bytes = Buffer.from("x");
    await w.db.transaction((tx) => told.putHook(tx, { id: hook, name: "pager", format: "json", host: "https://x", urlSealed: bytes, keySealed: bytes, kinds: [], collection: group, active: true, failingSince: null, offWhy: null, lastOkAt: null, by: w.operator.person.id }));
    await refused("the webhook pager");
    await w.db.transaction((tx) => told.removeHook(tx, hook));
    const adopts = await addRule(w.deps, w.operator, { pattern: "svc-*", does: "ignore", only: "all", target: null, group, reason: "not ours" });
    await refused("the rule of found accounts svc-*");
    await endRule(w.deps, w.operator, adopts);
    for (const [by, choice] of [["name", { groups: ["night shift"] }], ["id", { groups: [group] }], ["name", { search: 'group:"night shift"' }]] as const) {
      const input = ScheduleInput.parse({ name: "nightly", when: { kind: "every", n: 1, unit: "days", from: "2030-01-01", time: "02:00", zone: "UTC" }, choice, reason: "every night" });
      const schedule = await addSchedule(w.deps, w.operator, input);
      await refused("the schedule nightly");
      const renamed = putCollection(w.deps, owner, "day shift", [own.target], group);
      if (by === "id") { await renamed; await putCollection(w.deps, owner, "night shift", [own.target], group); } else await expect(renamed).rejects.toMatchObject(no("the schedule nightly"));
      await moveSchedule(w.deps, w.operator, schedule, "end");
    }
    await dropCollection(w.deps, owner, group);
    expect(await now(group)).toBeUndefined();
  });

  test("an import tells nobody where somebody else's target is, what it is, or which accounts it has in a role", async () => {
    const m = await w.managed(), own = await mine(), plan = async (who: Caller, name: string) => (await planImport(w.deps, who, "csv", `target,host,port,platform,account,role\n${name},192.0.2.9,2222,linux-ssh,x,administrative\n`)).rows[0]!.errors;
    await w.sql(`update targets set administrative_id = '${m.account.id}' where id = '${m.target}'`);
    expect(await plan(owner, m.targetName)).toEqual(["target: it is there already and not yours to manage"]);
    expect(await plan(owner, own.targetName)).toEqual(expect.arrayContaining(["host: the target is at 127.0.0.1:9; an import moves no target, its page does", "platform: the target is nowhere"]));
    expect(await plan(w.operator, m.targetName)).toEqual(expect.arrayContaining(["host: the target is at 127.0.0.1:9; an import moves no target, its page does", `role: ${m.targetName} has its administrative account already`]));
  });
});
