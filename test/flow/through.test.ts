/** Which way a target is reached: named by those who manage the agents, part of its identity, and another one waits for somebody else. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { throughOf } from "../../src/domain/target.ts";
import { EnrolmentInput } from "../../src/domain/agent.ts";
import { addAccount } from "../../src/flow/accounts.ts";
import { enrolAgent, newEnrolment } from "../../src/flow/agent-enrol.ts";
import { revokeAgent } from "../../src/flow/agent-moves.ts";
import { acceptIdentity } from "../../src/flow/identity.ts";
import { planImport, runImport } from "../../src/flow/import.ts";
import type { Caller } from "../../src/flow/record.ts";
import { admit } from "../../src/flow/session.ts";
import { addTarget, changeTarget } from "../../src/flow/targets.ts";
import { waysOf, wayWords } from "../../src/flow/through.ts";
import type { AgentId } from "../../src/kernel/ids.ts";
import { reveal } from "../../src/kernel/reveal.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as targets from "../../src/store/targets.ts";
import { newKeyPair } from "../../src/wires/ssh.ts";
import { embedded } from "../store/engines.ts";
import { worldOn, type World } from "./world.ts";

let w: World, keeper: Caller, a: AgentId, b: AgentId, theirs: AgentId;
const gateway = async (by: Caller, serverName: string): Promise<AgentId> => {
  const { token } = await newEnrolment(w.deps, by, EnrolmentInput.parse({ mode: "gateway" })), hostKey = newKeyPair().public.trim().split(" ").slice(0, 2).join(" ");
  return enrolAgent(w.deps, { hostKey, brokerKey: hostKey, address: "192.0.2.9", token: reveal(token), mode: "gateway", serverName, userName: by.person.name, version: "0.1.0", boxKey: "b".repeat(43), facts: {} });
};
beforeAll(async () => {
  w = await worldOn(await embedded());
  keeper = await w.person(["owner", "user"], {}, "keeper");
  [a, b, theirs] = [await gateway(w.operator, "gw-1"), await gateway(w.operator, "gw-2"), await gateway(keeper, "gw-3")];
});
afterAll(() => w.close());
let n = 0;
const add = (by: Caller, through: string[]) => addTarget(w.deps, by, { name: `far-${++n}`, platform: "nowhere", host: "10.99.30.5", port: 22, through });

test("agents are named by id or name, in order, by those who manage them; what is wrong is said at once", async () => {
  const t = await add(w.operator, ["gw-2", a]);
  expect([t.link, throughOf(t), await wayWords(w.db, t)]).toEqual([`${b} ${a}`, [b, a], ["gw-2", "gw-1"]]);
  expect((await targets.find(w.db, t.id))!.link).toBe(`${b} ${a}`);
  expect((await add(w.operator, [])).link).toBe("direct");
  expect([(await waysOf(w.db, keeper)).map((x) => x.id), (await waysOf(w.db, w.operator)).length, await waysOf(w.db, w.requester)]).toEqual([[theirs], 3, []]);
  for (const [by, through, why] of [
    [keeper, ["gw-1"], "There is no agent or gateway gw-1 that you manage."], [keeper, [a], `There is no agent or gateway ${a} that you manage.`], [w.operator, ["gw-9"], "There is no agent or gateway gw-9 that you manage."],
    [w.operator, ["gw-1", a], "Each agent or gateway is named once."],
  ] as const) await expect(add(by, [...through])).rejects.toMatchObject({ code: "invalid", message: why });
  await expect(add(w.operator, [a, b, theirs, a, b])).rejects.toThrow(/too_big|Too big/i);
  const twin = await gateway(w.operator, "gw-1");
  await expect(add(w.operator, ["gw-1"])).rejects.toMatchObject({ message: `There are 2 agents named gw-1: give the id (${[a, twin].sort((x, y) => (x < y ? -1 : 1)).join(", ")}).` });
  await revokeAgent(w.deps, w.operator, twin, "was a copy");
  expect((await add(w.operator, ["gw-1"])).link).toBe(a);
});
test("the table holds what a link may be", async () => {
  const t = await add(w.operator, []);
  for (const link of ["", "agt_", "direct agt_00000000000000000000", `${a}  ${b}`, `${a} ${a} ${a} ${a} ${a}`, "tgt_00000000000000000000"]) await expect(w.sql(`update targets set link = '${link}' where id = '${t.id}'`)).rejects.toThrow(/targets_link/);
});
test("law: no-way-round-2 — another way is another identity: everything stops until somebody else accepts, and nothing is dialled meanwhile", async () => {
  const m = await w.managed("session"), before = (await targets.find(w.db, m.target))!, touched = w.touches.length;
  const after = await changeTarget(w.deps, w.operator, m.target, { through: ["gw-1"] });
  expect([after.link, after.identityNo, after.identityHash === before.identityHash]).toEqual([a, 2, false]);
  expect((await accounts.find(w.db, m.account.id))!.block).toBe("identity_changed");
  await w.approved(m);
  await expect(admit(w.deps, w.requester, m.account.name, m.targetName, "shell")).rejects.toMatchObject({ code: "conflict" });
  expect((await addAccount(w.deps, w.operator, { target: m.target, name: "later" })).block).toBe("identity_changed");
  await expect(acceptIdentity(w.deps, w.operator, m.target, after.identityHash)).rejects.toMatchObject({ code: "forbidden" });
  expect(w.touches.length).toBe(touched);
  expect((await w.sql(`select why from events where what = 'target.identity_changed' order by row_no desc limit 1`))[0]).toEqual({ why: "it is reached another way" });
  await acceptIdentity(w.deps, w.second, m.target, after.identityHash);
  expect((await accounts.find(w.db, m.account.id))!.block).toBe("none");
  // The same way said again is no change, whoever says it; one more gateway, another order, or none is.
  expect((await changeTarget(w.deps, w.operator, m.target, { through: [a] })).identityNo).toBe(2);
  for (const [i, through] of [[a, b], [b, a], []].entries()) expect((await changeTarget(w.deps, w.operator, m.target, { through })).identityNo).toBe(3 + i);
});
test("a file of targets names its ways, and a wrong one is told with its line before anything is done", async () => {
  const rows = [{ target: "imp-1", platform: "nowhere", host: "10.99.30.6", port: "22", through: "gw-1 gw-2" }, { target: "imp-2", platform: "nowhere", host: "10.99.30.7", port: "22", through: "gw-9" }];
  const plan = await planImport(w.deps, w.operator, "json", JSON.stringify(rows));
  expect(plan.rows.map((r) => [...r.does, ...r.errors])).toEqual([["adds the target imp-1 at 10.99.30.6:22 through gw-1, else gw-2"], ["through: There is no agent or gateway gw-9 that you manage."]]);
  expect((await runImport(w.deps, w.operator, "json", JSON.stringify(rows))).map((r) => r.outcome)).toEqual(["done", "left_out"]);
  expect((await targets.named(w.db, "imp-1"))!.link).toBe(`${a} ${b}`);
});
