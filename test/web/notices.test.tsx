/**
 * Notices in the portal: links of mails only open pages; the log and its redelivery; rules, webhooks and one's own choices; and saying so when nobody
 * is mailed.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { ask } from "../../src/flow/ask.ts";
import { mailText } from "../../src/domain/notice.ts";
import * as notices from "../../src/store/notices.ts";
import * as people from "../../src/store/people.ts";
import * as requests from "../../src/store/requests.ts";
import * as told from "../../src/store/told.ts";
import { Browser, ORIGIN, world, type World } from "./world.ts";

let w: World, operator: Browser, approver: Browser, auditor: Browser, requester: Browser;
const db = () => w.deps.flow.db;
const asked = () => ask(w.core.deps, w.who.requester, { account: "app1@web-1", minutes: 30, reason: "for the test", ticket: "" });
beforeAll(async () => {
  w = await world();
  await db().transaction((tx) => people.change(tx, w.who.approver.person.id, { mail: "approver@example.org" }));
  [operator, approver, auditor, requester] = await Promise.all((["operator", "approver", "auditor", "requester"] as const).map((n) =>
    new Browser(w).login(n))) as [Browser, Browser, Browser, Browser];
});
afterAll(() => w.close());

it("law: get-never-acts — every link of a mail, opened by a prefetcher with and without the approver's login, decides nothing", async () => {
  const id = await asked(), [{ notice, delivery }] = await notices.list(db(), { kind: "request_waiting" }) as [notices.Listed];
  expect(delivery.to).toBe("approver@example.org");
  const links = [...mailText(notice, ORIGIN).matchAll(/https?:\S+/g)].map(([l]) => new URL(l).pathname);
  expect(links).toEqual([`/requests/${id}`, "/me"]);
  const statuses: number[] = [];
  for (const path of links) for (const b of [new Browser(w), approver]) for (const method of ["GET",
    "HEAD"]) statuses.push((await b.send(method, path, { headers: { purpose: "prefetch", "sec-purpose": "prefetch" } })).status);
  expect(new Set(statuses)).toEqual(new Set([200, 303]));
  expect(await requests.find(db(), id)).toMatchObject({ state: "pending" });
  expect(await requests.votesOf(db(), id)).toEqual([]);
  expect((await approver.get(`/requests/${id}`)).text).toContain("Approve");
});

it("the log: admins and auditors read and filter it, an admin sends again, nobody else sees it", async () => {
  await asked();
  const row = (await notices.list(db(), { kind: "request_waiting" }))[0]!.delivery;
  await db().transaction((tx) => notices.save(tx, { from: row,
    to: { ...row, state: "refused", said: "550 <No> such person", endedAt: new Date(), nextAt: null } } as never));
  const page = await auditor.get("/notices?state=refused&text=approver");
  expect(page.text).toContain("550 &lt;No&gt; such person");
  expect(page.text).not.toContain("Redeliver");
  expect((await auditor.get("/notices?state=sent")).text).toContain("Nothing matches");
  expect((await requester.get("/notices")).status).toBe(403);
  expect((await auditor.post(`/notices/${row.id}/redeliver`)).status).toBe(403);
  await operator.get("/notices");
  expect((await operator.post(`/notices/${row.id}/redeliver`)).to).toBe("/notices?done=sending");
  expect((await notices.list(db(), { kind: "request_waiting" }))[0]!.delivery).toMatchObject({ state: "waiting", againOf: row.id,
    notice: row.notice });
  const again = await operator.post(`/notices/${(await notices.list(db(), {}))[0]!.delivery.id}/redeliver`);
  expect([again.status, again.text.includes("still being tried")]).toEqual([409, true]);
});

it("a webhook's key is on the page that made it and on no other; its address on none", async () => {
  await operator.get("/notices/settings");
  const made = await operator.post("/webhooks", { name: "ops", url: "https://hooks.example.org/T0/canary-hook", format: "slack",
    kinds: "drift_found" });
  const key = /whsec_[A-Za-z0-9+/=]{44}/.exec(made.text)?.[0];
  expect(key).toBeDefined();
  expect([made.status, made.headers.get("cache-control")]).toEqual([200, "no-store, max-age=0"]);
  const page = await operator.get("/notices/settings");
  expect(page.text).toContain("https://hooks.example.org");
  for (const never of [key!, "canary-hook", "/T0/"]) expect(page.text).not.toContain(never);
  const hook = (await told.hooks(db()))[0]!;
  expect((await operator.post(`/webhooks/${hook.id}`, { name: "ops 2", format: "teams", url: "" })).to).toBe("/notices/settings?done=changed");
  expect(await told.hook(db(), hook.id)).toMatchObject({ name: "ops 2", format: "teams", active: false, kinds: [], offWhy: "turned off by an admin",
    urlSealed: hook.urlSealed });
  for (const [url, says] of [["http://169.254.169.254/latest/meta-data", "link-local, metadata"], ["http://127.0.0.1:1/x", "is this machine"],
    ["file:///etc/passwd", "must begin with https"], ["", "The address is missing"]] as const) {
    const bad = await operator.post("/webhooks", { name: "bad", url, format: "generic" });
    expect([bad.status, bad.text.includes(says)], url).toEqual([422, true]);
  }
  expect((await operator.post(`/webhooks/${hook.id}/remove`)).to).toBe("/notices/settings?done=removed");
});

it("a rule names people, groups and addresses; what is wrong is told by name", async () => {
  const bad = await operator.post("/notices/rules", { people: "requester mallory", addresses: "a@b.example, nonsense", groups: "", collection: "" });
  expect([bad.status, bad.text.includes("No mail address: nonsense")]).toEqual([422, true]);
  expect((await operator.post("/notices/rules", { people: "mallory", addresses: "",
    groups: "" })).text).toContain("there is no person named mallory");
  expect((await operator.post("/notices/rules", { people: "", addresses: "", groups: "" })).text).toContain("Say who is to be told");
  expect((await operator.post("/notices/rules", { people: "requester", addresses: "oncall@example.org", groups: "",
    kinds: "rotation_failed" })).to).toBe("/notices/settings?done=added");
  const page = await auditor.get("/notices/settings");
  expect(page.text).toContain("requester, oncall@example.org");
  expect(page.text).not.toContain("Add a rule");
});

it("one's own choices, but not what nobody may turn off", async () => {
  await auditor.get("/me");
  expect((await auditor.post("/me/notices", { kinds: "session_started" })).to).toBe("/me?done=changed");
  const chosen = await told.choicesOf(db(), w.who.auditor.person.id);
  expect([chosen.get("session_started"), chosen.get("drift_found"), chosen.has("password_typed"), chosen.has("break_glass")]).toEqual([true, false,
    false, false]);
  expect((await auditor.post("/me/notices", { kinds: "nonsense" })).status).toBe(422);
});

it("without a mail server every page that would mail says that nobody will be", async () => {
  const SAYS = "Nobody will be mailed: no mail server is set";
  for (const [b, path] of [[requester, "/ask/app1@web-1"], [requester, "/me"], [operator, "/notices"],
    [operator, "/notices/settings"]] as const) expect((await b.get(path)).text, path).toContain(SAYS);
  Object.assign(w.core.deps, { mail: { from: "a@b.example", server: "mail.example:587", send: () => Promise.reject(new Error("not here")),
    close: () => {} } });
  for (const [b, path] of [[requester, "/ask/app1@web-1"], [requester, "/me"], [operator, "/notices"],
    [operator, "/notices/settings"]] as const) expect((await b.get(path)).text, path).not.toContain(SAYS);
});
