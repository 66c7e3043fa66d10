/** Dependents in the portal: written, accepted by another admin, put in order, taken away; what came of them, and the buttons for it. Rule: a page offers what the verb would take, and names are text. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { claim, fail, open } from "../../src/domain/dependent.ts";
import { adopt } from "../../src/flow/accounts.ts";
import { newId, type AccountId, type DependentId, type RotationId } from "../../src/kernel/ids.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as store from "../../src/store/dependents.ts";
import { addAccount } from "../../src/flow/accounts.ts";
import { Browser, world, type World } from "./world.ts";

let w: World, operator: Browser, auditor: Browser, requester: Browser, id: AccountId, at: string;
beforeAll(async () => {
  w = await world();
  [operator, auditor, requester] = [await new Browser(w).login("operator"), await new Browser(w).login("auditor"), await new Browser(w).login("requester")];
  const app = (await accounts.named(w.core.deps.db, "app1@web-1"))!;
  id = (await addAccount(w.core.deps, w.who.operator, { target: app.target, name: "fresh" })).id;
  at = `/accounts/${id}`;
});
afterAll(() => w.close());
const list = () => store.of(w.core.deps.db, id);
const FILE = { does: "rewrite", target: "web-1", path: "/etc/app/app.conf", line: "password = {{password}}", form: "quoted" };
const press = (act: string, dependent: DependentId) => operator.post(`${at}/dependents/act`, { dependent, act });

it("nothing depends on it yet; what is wrong in a form is said by name, and nothing is kept", async () => {
  const page = await operator.get(at);
  expect(page.text).toMatch(/Nothing depends on it.*Add a service.*Add a file/s);
  expect(page.text).not.toContain("Add a device");
  for (const [form, why] of [[{ ...FILE, path: "/etc/../shadow" }, /path/], [{ ...FILE, line: "password" }, /\{\{password\}\} stands in it once/], [{ does: "service", target: "web-1", unit: "a;b" }, /the name of a service/],
    [{ ...FILE, phase: "before" }, /put it after the change/], [{ ...FILE, target: "nowhere" }, /There is no target/]] as const) {
    const r = await operator.post(`${at}/dependents`, form);
    expect([r.status >= 400, why.test(r.text.replaceAll("&quot;", "\""))], JSON.stringify(form)).toEqual([true, true]);
  }
  expect(await list()).toEqual([]);
});

it("written by one, accepted by another; alone, the page says that nobody else looked", async () => {
  expect((await operator.post(`${at}/dependents`, FILE)).to).toBe(`${at}?done=depends#dependents`);
  const [d] = await list(), second = await w.core.person("second", ["admin"]);
  const page = await operator.get(at);
  expect(page.text).toMatch(/Write the password into \/etc\/app\/app\.conf.*not accepted/s);
  expect(page.text).not.toContain(">Accept<");
  expect((await press("accept", d!.id)).status).toBe(403);
  expect((await press("test", d!.id)).status).toBe(409);
  expect((await operator.get("/rotations")).text).toMatch(/Dependents to accept.*fresh@web-1/s);
  await w.core.deps.db.q.execute(`update people set disabled = true where id = '${second.person.id}'`);
  expect((await operator.get(at)).text).toContain("Accept");
  expect((await press("accept", d!.id)).to).toBe(`${at}?done=depends-accepted#dependents`);
  expect((await operator.get(at)).text).toMatch(/in force.*single administrator, not four-eyed/s);
  const tried = await press("test", d!.id);
  expect([tried.status, /cannot be done.*no administrative account is named on web-1/s.test(tried.text)]).toEqual([200, true]);
});

it("an order is kept, what is taken away is gone; who may only look sees no button, and others nothing", async () => {
  await operator.post(`${at}/dependents`, { does: "service", target: "web-1", unit: "app", action: "restart", phase: "after" });
  const [first, last] = await list();
  expect((await press("up", last!.id)).to).toBe(`${at}?done=changed#dependents`);
  expect((await list()).map((d) => d.id)).toEqual([last!.id, first!.id]);
  expect((await press("up", last!.id)).status).toBe(409);
  const looked = await auditor.get(at);
  expect([looked.text.includes("Restart the service app"), looked.text.includes("Add a service"), looked.text.includes("Remove")]).toEqual([true, false, false]);
  expect((await auditor.post(`${at}/dependents`, FILE)).status).toBe(403);
  const app = (await accounts.named(w.core.deps.db, "app1@web-1"))!;
  expect((await requester.get(`/accounts/${app.id}`)).text).not.toContain("Dependents");
  expect((await press("remove", last!.id)).to).toBe(`${at}?done=removed#dependents`);
  expect((await list()).map((d) => d.id)).toEqual([first!.id]);
});

it("a failure stands with the failures and on the change's page, with what a person may do; pressing it again does it again", async () => {
  const { deps } = w.core, rotation: RotationId = await adopt(deps, w.who.operator, id), [d] = await list(), version = (await accounts.named(deps.db, "app1@web-1"))!.current;
  const run = newId("dependentRun", deps.random), NASTY = "<script>alert(1)</script>";
  await deps.db.transaction(async (tx) => {
    const opened = open(d!, { id: run, rotation, version, now: tx.now }), taken = claim(opened, tx.now);
    await store.open(tx, opened);
    await store.save(tx, taken);
    await store.save(tx, fail(taken.to, NASTY, tx.now));
  });
  for (const page of ["/rotations", `/rotations/${rotation}`]) {
    const { text } = await operator.get(page);
    expect([/failed/.test(text), text.includes(NASTY), text.includes("&lt;script&gt;"), text.includes("Do it again")], page).toEqual([true, false, true, true]);
  }
  expect((await auditor.get(`/rotations/${rotation}`)).text).not.toContain("Do it again");
  expect((await auditor.post(`/rotations/${rotation}/dependents`, { run, act: "again" })).status).toBe(404);
  expect((await operator.post(`/rotations/${rotation}/dependents`, { run, act: "again" })).to).toBe(`/rotations/${rotation}?done=run-again`);
  expect((await store.findRun(deps.db, run))!.state).toBe("waiting");
  expect((await operator.post(`/rotations/${rotation}/dependents`, { run, act: "skip" })).to).toBe(`/rotations/${rotation}?done=run-left`);
  expect((await store.findRun(deps.db, run))).toMatchObject({ state: "skipped", why: "left to operator" });
  expect((await operator.post(`/rotations/${rotation}/dependents`, { run, act: "skip" })).status).toBe(409);
});
