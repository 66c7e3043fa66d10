/** Targets and accounts as their managers keep them: edited, tested, imported, grouped, several at once; and what of it waits for a second person. */
import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask } from "../../src/flow/ask.ts";
import { putPolicy } from "../../src/flow/people.ts";
import { vote } from "../../src/flow/vote.ts";
import * as accounts from "../../src/store/accounts.ts";
import * as requests from "../../src/store/requests.ts";
import * as targets from "../../src/store/targets.ts";
import { holds, parseQuery } from "../../src/domain/filter.ts";
import { Browser, HOST_KEY, world, type World } from "./world.ts";

let w: World, operator: Browser, requester: Browser, silent: Server;
const port = (): number => (silent.address() as { port: number }).port;
const db = () => w.deps.flow.db;
const web1 = async () => (await targets.named(db(), "web-1"))!;
beforeAll(async () => {
  w = await world();
  operator = await new Browser(w).login("operator");
  requester = await new Browser(w).login("requester");
  silent = createServer((s) => { s.end("not ssh\r\n"); });
  await new Promise<void>((done) => { silent.listen(0, "127.0.0.1", done); });
});
afterAll(async () => { silent.close(); await w.close(); });

describe("a target", () => {
  it("is edited: tags and owner at once, address and settings under four eyes", async () => {
    const t = await web1(), page = await operator.get(`/targets/${t.id}/edit`);
    expect(page.text).toContain(HOST_KEY);
    expect(page.text).toContain("You cannot accept your own change");
    expect((await operator.post(`/targets/${t.id}/about`, { tags: "production web", owner: w.who.operator.person.id })).to).toBe(`/targets/${t.id}?done=noted-change`);
    expect((await web1()).tags).toEqual(["production", "web"]);
    const bad = await operator.post(`/targets/${t.id}/about`, { tags: "web", owner: w.who.requester.person.id });
    expect([bad.status, bad.text.includes("must be an active person with the role owner or admin")]).toEqual([422, true]);
    const same = await operator.post(`/targets/${t.id}/where`, { host: t.host, port: String(t.port), set_hostKeys: HOST_KEY, set_sudo: "" });
    expect(same.to).toBe(`/targets/${t.id}?done=changed`);
    const moved = await operator.post(`/targets/${t.id}/where`, { host: "127.0.0.1", port: String(port()), set_hostKeys: HOST_KEY, set_sudo: "yes" });
    expect(moved.to).toBe(`/targets/${t.id}?done=where`);
    expect(await web1()).toMatchObject({ host: "127.0.0.1", settings: { hostKeys: [HOST_KEY], sudo: true }, identityNo: t.identityNo + 1 });
    expect((await accounts.onTarget(db(), t.id)).map((a) => a.block)).toEqual(["identity_changed", "identity_changed"]);
    expect((await operator.post(`/targets/${t.id}/where`, { host: "127.0.0.1", port: "1", set_hostKeys: "" })).status).toBe(422);
    await db().transaction((tx) => accounts.acceptIdentity(tx, t.id, t.identityNo + 1));
  });
  it("has a Remote reset page, whose test says how far it got and what to do", async () => {
    const t = await web1(), root = (await accounts.named(db(), "root@web-1"))!;
    expect((await operator.post(`/targets/${t.id}/test`)).text).toMatch(/No administrative credential is set.*Choose the account above/s);
    expect((await operator.post(`/targets/${t.id}`, { administrative: root.id, reconcile: root.id })).status).toBe(422);
    expect((await operator.post(`/targets/${t.id}`, { administrative: root.id, reconcile: "" })).to).toBe(`/targets/${t.id}/reset?done=changed`);
    const tested = await operator.post(`/targets/${t.id}/test`);
    expect(tested.status).toBe(200);
    expect(tested.text).toMatch(/failed: <\/span>The target answers/);
    expect(tested.text).toContain("Check that the target is up");
    expect((await operator.get(`/targets/${t.id}/reset`)).text).toMatch(/Last test.*did not work/s);
    expect((await requester.get(`/targets/${t.id}/reset`)).status).toBe(404);
  });
});

describe("an account", () => {
  it("gets a password policy and tags; a declared password only while nobody manages it", async () => {
    const root = (await accounts.named(db(), "root@web-1"))!;
    expect((await operator.get(`/accounts/${root.id}/edit`)).text).not.toContain("/declare");
    expect((await operator.post(`/accounts/${root.id}/edit`, { passwordPolicy: "strong", tags: "tier0" })).to).toBe(`/accounts/${root.id}?done=noted-change`);
    expect(await accounts.find(db(), root.id)).toMatchObject({ passwordPolicy: "strong", tags: ["tier0"] });
    const refused = await operator.post(`/accounts/${root.id}/declare`, { password: "Typed-1-by-hand" });
    expect([refused.status, /This account is managed/.test(refused.text)]).toEqual([409, true]);
    const t = await web1();
    await operator.post(`/targets/${t.id}/accounts`, { name: "bare", passwordPolicy: "medium" });
    const bare = (await accounts.named(db(), "bare@web-1"))!;
    expect((await operator.post(`/accounts/${bare.id}/declare`, { password: "Typed-1-by-hand" })).to).toBe(`/accounts/${bare.id}?done=declared`);
    expect((await operator.get(`/accounts/${bare.id}`)).text).toMatch(/typed it/);
    expect((await requester.post(`/accounts/${bare.id}/declare`, { password: "Typed-1-by-hand" })).status).toBe(404);
  });
  it("law: no-way-round-4 — who tags a target into a policy waits for a second person with the own request", async () => {
    const { flow } = w.deps, { operator: o, approver, auditor } = w.who;
    await putPolicy(flow, o, { name: "lax", terms: { maxMinutes: 30 }, binding: { requesters: [o.person.id], approvers: [approver.person.id], tags: ["lax"] } });
    for (const c of (await (await import("../../src/store/people.ts")).openChanges(db()))) await (await import("../../src/flow/people.ts")).confirmChange(flow, auditor, c.id);
    const t = await web1();
    await operator.post(`/targets/${t.id}/about`, { tags: "production lax", owner: o.person.id });
    const id = await ask(flow, o, { account: "root@web-1", minutes: 10, reason: "mine", ticket: "" });
    await vote(flow, approver, id, { decision: "approve" });
    expect((await requests.find(db(), id))!.state).toBe("pending");
    const [change] = (await (await import("../../src/store/people.ts")).openChanges(db()));
    expect(change!.what).toBe("target web-1 tagged production, lax: now covered by lax");
    await (await import("../../src/flow/people.ts")).confirmChange(flow, auditor, change!.id);
    expect((await requests.find(db(), id))!.state).toBe("approved");
  });
});

describe("import", () => {
  const FILE = ["target,host,host_key,account,password,role,adopt", `imp-1,192.0.2.50,${HOST_KEY},rotator,Imp0rted-pass,administrative,`, "imp-1,,,app,,,no", "imp-2,,,x,,,", "imp-1,192.0.2.99,,y,,,", `imp-3,192.0.2.51,,z,,,`, "web-1,,,root,,,"].join("\n");
  it("shows every row first, changes nothing, and holds no password in the page", async () => {
    const before = (await targets.all(db())).length, page = await operator.post("/targets/import", { text: FILE });
    expect(page.status).toBe(200);
    expect(page.text).toContain("adds the target imp-1 at 192.0.2.50:22");
    expect(page.text).toContain("host: missing, and there is no such target yet");
    expect(page.text).toContain("an import moves no target");
    expect(page.text).toContain("host_key: missing");
    expect(page.text).toContain("nothing: it is there already");
    expect(page.text).not.toContain("Imp0rted-pass");
    expect(page.text).toContain("Import 2 rows and leave 3 out");
    expect((await targets.all(db())).length).toBe(before);
  });
  it("one press imports the good rows and lists the others; again changes nothing", async () => {
    const sealed = /name="sealed" value="([^"]+)"/.exec((await operator.post("/targets/import", { text: FILE })).text)![1]!;
    const done = await operator.post("/targets/import/run", { sealed });
    expect(done.text).toContain("2 imported, 1 there already, 3 left out, 0 failed");
    expect(await targets.named(db(), "imp-1")).toMatchObject({ host: "192.0.2.50", administrative: (await accounts.named(db(), "rotator@imp-1"))!.id });
    expect(await accounts.named(db(), "app@imp-1")).toMatchObject({ credential: "unmanaged" });
    expect((await operator.post("/targets/import/run", { sealed })).text).toContain("0 imported, 3 there already, 3 left out, 0 failed");
    const other = await requester.post("/targets/import/run", { sealed });
    expect(other.status).toBe(403);
    expect((await operator.post("/targets/import/run", { sealed: `${sealed.slice(0, -4)}AAAA` })).text).toContain("not yours or was changed");
  });
  it("takes a file as a browser sends one, and gives templates", async () => {
    const body = new FormData();
    body.set("_csrf", operator.csrf);
    body.set("text", "");
    body.set("file", new File(["target\nBad Name"], "x.csv", { type: "text/csv" }));
    const cookie = [...operator.cookies].map(([k, v]) => `${k}=${v}`).join("; ");
    const res = await w.app.request(`${w.deps.config.origin}/targets/import`, { method: "POST", body, headers: { cookie, accept: "text/html", "sec-fetch-site": "same-origin", origin: w.deps.config.origin } });
    expect([res.status, (await res.text()).includes("1 to 64 of a-z")]).toEqual([200, true]);
    for (const kind of ["csv", "json"]) expect((await operator.get(`/targets/import/template.${kind}`)).text).toContain("host_key");
  });
});

describe("several at once", () => {
  const page = async (form: [string, string][], at = "/accounts/several") => {
    const cookie = [...operator.cookies].map(([k, v]) => `${k}=${v}`).join("; ");
    const res = await w.app.request(`${w.deps.config.origin}${at}`, { method: "POST", body: new URLSearchParams([["_csrf", operator.csrf], ...form]).toString(), headers: { cookie, accept: "text/html", "sec-fetch-site": "same-origin", origin: w.deps.config.origin, "content-type": "application/x-www-form-urlencoded" } });
    return { status: res.status, text: await res.text() };
  };
  it("previews who is affected, then acts on each by itself", async () => {
    const [root, app, bare] = await Promise.all(["root@web-1", "app1@web-1", "bare@web-1"].map(async (n) => (await accounts.named(db(), n))!.id));
    const seen = await page([["act", "block"], ["account", app!], ["account", root!]]);
    expect(seen.text).toMatch(/Block and cut sessions of 2 accounts/);
    expect((await accounts.find(db(), app!))!.block).toBe("none");
    expect((await page([["act", "block"], ["account", app!], ["reason", ""]], "/accounts/several/run")).text).toContain("Say why");
    const done = await page([["act", "block"], ["account", app!], ["reason", "incident 7"]], "/accounts/several/run");
    expect(done.text).toContain("1 of 1 done");
    expect((await accounts.find(db(), app!))!.block).toBe("locked");
    const mixed = await page([["act", "verify"], ["account", app!], ["account", bare!], ["account", root!]]);
    expect(mixed.text).toContain("it is locked");
    expect(mixed.text).toContain("it is not managed yet");
    expect(mixed.text).toMatch(/Verify 1 account</);
    expect((await page([["act", "rotate"], ["account", app!], ["account", root!]])).text, "passwords are changed as a bulk change").toMatch(/action="\/bulk\/preview"[^]*root@web-1/);
    expect((await page([["act", "unblock"], ["shown", "yes"], ["q", "state:blocked"]])).text).toContain("app1@web-1");
    expect((await page([["act", "unblock"], ["account", app!]], "/accounts/several/run")).text).toContain("no longer blocked");
    expect((await page([["act", "rotate"]])).text).toContain("No account was chosen");
    expect((await page([["act", "rotate"], ["account", "acc_00000000000000000000"]])).status).toBe(404);
  });
});

describe("groups and filters", () => {
  it("a group holds what its author manages, and narrows the list", async () => {
    const t = await web1();
    expect((await operator.post("/collections", { name: "Night shift", members: t.id })).to).toBe("/collections?done=added");
    expect((await operator.post("/collections", { name: "x", members: "acc_00000000000000000000" })).status).toBe(404);
    const list = await operator.get(`/accounts?q=${encodeURIComponent("group:\"Night shift\" state:available")}`);
    expect(list.text).toContain("app1");
    expect(list.text).not.toContain("<b>rotator</b>");
    expect((await requester.post("/collections", { name: "mine" })).status).toBe(403);
    const id = /collections\/(col_\w+)\/remove/.exec((await operator.get("/collections")).text)![1]!;
    expect((await operator.post(`/collections/${id}/remove`)).to).toBe("/collections?done=removed");
  });
  it.each([["web tag:prod", true], ["tag:prod tag:other", true], ["tag:other", false], ["state:held", false], ["state:available tag:prod", true], ["colour:red", false], ["", true], ["GROUP:\"night SHIFT\"", true]])("%s", (q, found) => {
    expect(holds(parseQuery(q), { text: "root@web-1", tag: ["prod"], state: ["available"], group: ["Night shift"] })).toBe(found);
  });
});
