/** Found accounts in the portal and the API: shown, put aside, adopted after a look, ruled. Rule: no page adopts anything that was not pressed on a page that said what it does. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { claim, countsOf, finish, merge } from "../../src/domain/discovery.ts";
import { discover } from "../../src/flow/discover.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as discoveries from "../../src/store/discoveries.ts";
import * as targets from "../../src/store/targets.ts";
import type { TargetId } from "../../src/kernel/ids.ts";
import { changeTarget } from "../../src/flow/targets.ts";
import { Browser, world, type World } from "./world.ts";

let w: World, operator: Browser, auditor: Browser, outsider: Browser, id: TargetId, at: string;
const EVIL = `<script>alert(1)</script>`;
/** As a listing would have left it; the target of this world is a name only. */
const put = (list: Parameters<typeof merge>[1], first = false) => w.core.deps.db.transaction(async (tx) => {
  const open = (await discoveries.claimable(tx, [], []))!, running = claim(open, tx.now, w.core.deps.times).to, rows = merge(await discoveries.found(tx, id), list, id, first, tx.now);
  await discoveries.save(tx, claim(open, tx.now, w.core.deps.times));
  await discoveries.save(tx, finish(running, countsOf(rows), first, tx.now));
  await discoveries.putFound(tx, rows);
});
const acc = (name: string, over: object = {}) => ({ name, enabled: true, privileged: false, says: [], ...over });
beforeAll(async () => {
  w = await world();
  [operator, auditor, outsider] = [await new Browser(w).login("operator"), await new Browser(w).login("auditor"), await new Browser(w).login("outsider")];
  id = (await targets.named(w.core.deps.db, "web-1"))!.id;
  at = `/targets/${id}/found`;
});
afterAll(() => w.close());

it("never listed, and no administrative account: it says both, and offers nothing that cannot be done", async () => {
  const page = await operator.get(at);
  expect(page.text).toMatch(/No administrative account is named on web-1.*Never listed/s);
  expect(page.text).not.toContain("List now");
  const root = (await accounts.named(w.core.deps.db, "root@web-1"))!;
  await changeTarget(w.core.deps, w.who.operator, id, { administrative: root.id });
  expect((await operator.get(at)).text).toContain("List now");
  expect((await operator.post(`${at}/list`)).to).toBe(at);
  expect((await operator.get(at)).text).toContain("Waiting for its turn");
});

it("listed: unmanaged shown as such; names are text, whatever they hold; auditors look, outsiders see nothing", async () => {
  await put([acc("root", { privileged: true }), acc("app1"), acc("svc-a"), acc(EVIL), acc("shut", { enabled: false, says: ["locked"] })], true);
  const { text } = await operator.get(at);
  expect(text).toMatch(/There is no list before it to compare with.*svc-a.*unmanaged/s);
  expect([text.includes(EVIL), text.includes("&lt;script&gt;alert(1)&lt;/script&gt;")]).toEqual([false, true]);
  expect(text).not.toMatch(/<b class="wrap">shut/);
  expect((await operator.get(`${at}?show=shut`)).text).toMatch(/shut.*locked/s);
  const looked = await auditor.get(at);
  expect([looked.status, looked.text.includes("svc-a"), looked.text.includes("Adopt …")]).toEqual([200, true, false]);
  expect((await outsider.get(at)).status).toBe(404);
  expect((await outsider.post(`${at}/list`)).status).toBe(404);
  expect((await auditor.post(at, { name: "svc-a", act: "ignore", reason: "not ours" })).status).toBe(403);
});

it("put aside with a reason and taken up again", async () => {
  expect((await operator.post(at, { name: "svc-a", act: "ignore", reason: "" })).status).toBe(422);
  expect((await operator.post(at, { name: "svc-a", act: "ignore", reason: "somebody's own" })).status).toBe(303);
  expect((await operator.get(`${at}?show=aside`)).text).toMatch(/svc-a.*put aside: somebody&#39;s own/s);
  expect((await operator.post(at, { name: "svc-a", act: "unignore" })).status).toBe(303);
});

it("adopting is looked at first: the look changes nothing, the press begins, what is shut is left alone", async () => {
  const preview = await operator.send("POST", at, { form: { act: "adopt", name: "svc-a" } });
  expect(preview.text).toMatch(/Adopt on web-1.*whoever uses its present one is kept out.*Adopt 1 account/s);
  expect(await accounts.named(w.core.deps.db, "svc-a@web-1")).toBe(null);
  expect((await operator.post(`${at}/adopt`, { name: "svc-a" })).text).toMatch(/1 of 1 begun/);
  expect(await accounts.named(w.core.deps.db, "svc-a@web-1")).not.toBe(null);
  expect((await operator.post(`${at}/adopt`, { name: "shut" })).text).toContain("left alone: it is shut on the target (locked)");
  expect((await operator.post(at, { act: "adopt", name: "not-there" })).status).toBe(404);
  expect(await accounts.named(w.core.deps.db, "shut@web-1")).toBe(null);
});

it("a rule is looked at, accepted and ended; the next list says what is new", async () => {
  const form = { pattern: "svc-*", does: "ignore", only: "all", where: "target web-1", reason: "for the test" };
  await discover(w.core.deps, w.who.operator, id);
  await put([acc("root", { privileged: true }), acc("app1", { privileged: true }), acc("svc-a"), acc("svc-b")]);
  expect((await operator.get(at)).text).toMatch(/Since the list before: 1 new, 2 gone, 1 became privileged/);
  const look = await operator.post("/adoption-rules/preview", form);
  expect(look.text).toMatch(/Put svc-\* aside.*svc-b@web-1/s);
  expect((await discoveries.rules(w.core.deps.db)).length).toBe(0);
  expect((await outsider.post("/adoption-rules", form)).status).toBe(403);
  expect((await operator.post("/adoption-rules", form)).to).toBe("/adoption-rules?done=added");
  expect((await operator.get("/adoption-rules")).text).toMatch(/svc-\*.*put aside.*web-1.*for the test/s);
  const [rule] = await discoveries.rules(w.core.deps.db);
  expect((await operator.post("/adoption-rules/end", { rule: rule!.id })).to).toBe("/adoption-rules?done=removed");
  expect(await discoveries.rules(w.core.deps.db)).toEqual([]);
});
